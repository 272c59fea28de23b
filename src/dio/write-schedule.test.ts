import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import type { WriteOp } from "../vista/index.ts";
import { WriteEntry } from "./write-entry.ts";
import { OpHandle } from "./write-handle.ts";
import { WriteSchedule } from "./write-schedule.ts";

const id = fc.constantFrom("a", "b", "c");
const target = fc.oneof(
  { arbitrary: fc.tuple(id), weight: 6 },
  { arbitrary: fc.uniqueArray(id, { minLength: 1 }), weight: 2 },
  { arbitrary: fc.constant(undefined), weight: 1 },
);
const step = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("add"), target }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant("take"), at: fc.constant(0) }), weight: 4 },
  {
    arbitrary: fc.record({ do: fc.constantFrom("end", "withdraw", "fail", "again"), at: fc.nat(4) }),
    weight: 4,
  },
);

function createEntry(sequence: number, ids: readonly string[] | undefined): WriteEntry {
  const base = { opId: String(sequence), enqueuedAt: 0, attempt: 0 };
  const [only] = ids ?? [];
  const op: WriteOp =
    ids?.length === 1 && only !== undefined
      ? { ...base, kind: "delete", id: only }
      : ids === undefined
        ? { ...base, kind: "deleteAll" }
        : { ...base, kind: "deleteAll", ids };
  const entry = new WriteEntry(op, new OpHandle(base.opId, async () => false));
  entry.sequence = sequence;
  return entry;
}

const idsOf = ({ op }: WriteEntry): readonly string[] | undefined =>
  op.kind === "deleteAll" ? op.ids : [op.id];

function conflict(a: WriteEntry, b: WriteEntry): boolean {
  const [mine, others] = [idsOf(a), idsOf(b)];
  return mine === undefined || others === undefined || mine.some((each) => others.includes(each));
}

test("W10 W11 W12 hands out the oldest op that nothing earlier on its ids is ahead of", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const schedule = new WriteSchedule();
      const waiting = new Set<WriteEntry>();
      const taken = new Set<WriteEntry>();
      const failed: WriteEntry[] = [];
      let sequence = 0;
      const pick = (from: ReadonlySet<WriteEntry>, at: number): WriteEntry | undefined =>
        [...from][at % from.size];
      /** As it is said in the rules, by looking at everything. */
      const expected = (): WriteEntry | undefined =>
        [...waiting]
          .toSorted((a, b) => a.sequence - b.sequence)
          .find(
            (entry) =>
              ![...taken].some((other) => conflict(entry, other)) &&
              ![...waiting].some((other) => other.sequence < entry.sequence && conflict(entry, other)),
          );
      for (const next of steps) {
        if (next.do === "add") {
          const entry = createEntry(++sequence, next.target);
          waiting.add(entry);
          schedule.add(entry);
        } else if (next.do === "take") {
          const entry = schedule.take();
          expect(entry?.sequence).toBe(expected()?.sequence);
          if (entry !== undefined) {
            waiting.delete(entry);
            taken.add(entry);
          }
        } else if (next.do === "again") {
          const [entry] = failed.splice(next.at, 1);
          if (entry !== undefined) {
            waiting.add(entry);
            schedule.add(entry);
          }
        } else {
          const from = next.do === "withdraw" ? waiting : taken;
          const entry = pick(from, next.at);
          if (entry === undefined) continue;
          from.delete(entry);
          schedule.end(entry);
          if (next.do === "fail") failed.push(entry);
        }
        expect(schedule.size).toBe(waiting.size + taken.size);
        expect(schedule.take(0)).toBeUndefined();
      }
    }),
    runs(1_000),
  );
});
