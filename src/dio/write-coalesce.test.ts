import fc from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import type { Row } from "../record/index.ts";
import { applyOp } from "./overlay.ts";
import { mergeOps } from "./write-coalesce.ts";
import type { RowOp } from "./write-effect.ts";

const row = fc.dictionary(fc.constantFrom("x", "y", "z"), fc.integer({ min: 0, max: 2 }), {
  noNullPrototype: true,
});
const identity = { opId: fc.uuid(), id: fc.constant("a"), enqueuedAt: fc.nat(), attempt: fc.constant(0) };
const op: fc.Arbitrary<RowOp> = fc.oneof(
  fc.record({ ...identity, kind: fc.constantFrom("insert", "replace"), row }),
  fc.record({ ...identity, kind: fc.constant("patch"), partial: row }),
  fc.record({ ...identity, kind: fc.constant("delete") }),
);

/** A strict backend: the row after the op, or a refusal. */
function take(next: RowOp, stored: Row | undefined): Row | undefined | "refused" {
  const exists = stored !== undefined;
  if (next.kind === "insert" ? exists : next.kind !== "replace" && !exists) return "refused";
  return applyOp(next, stored);
}

test("W15 two ops and the one they become leave a strict destination with the same", () => {
  fc.assert(
    fc.property(op, op, fc.option(row, { nil: undefined }), (first, second, stored) => {
      const merged = mergeOps(first, second, stored !== undefined);
      const between = take(first, stored);
      // Where the first is refused, merging may only lose the refusal.
      if (merged === undefined || between === "refused") return;
      const after = take(second, between);
      if (after === "refused") return;
      const single = merged === "nothing" ? stored : take(merged, stored);
      expect(single).toEqual(after);
      if (merged === "nothing") return;
      expect(merged).toMatchObject({ opId: first.opId, id: first.id, enqueuedAt: first.enqueuedAt });
    }),
    runs(2_000),
  );
});

test("W15 what merges, and what does not", () => {
  const make = (kind: RowOp["kind"]): RowOp => {
    const base = { opId: kind, id: "a", enqueuedAt: 0, attempt: 0 };
    if (kind === "delete") return { ...base, kind };
    return kind === "patch" ? { ...base, kind, partial: { p: 1 } } : { ...base, kind, row: { r: 1 } };
  };
  const table = (exists: boolean): Record<string, string> => {
    const kinds = ["insert", "replace", "patch", "delete"] as const;
    const pairs = kinds.flatMap((a) => kinds.map((b) => [a, b] as const));
    const told = pairs.flatMap(([a, b]) => {
      const merged = mergeOps(make(a), make(b), exists);
      return merged === undefined
        ? []
        : [[`${a} ${b}`, merged === "nothing" ? merged : merged.kind] as const];
    });
    return Object.fromEntries(told);
  };
  const always = {
    "insert replace": "insert",
    "insert patch": "insert",
    "insert delete": "nothing",
    "replace replace": "replace",
    "replace patch": "replace",
    "patch replace": "replace",
    "patch patch": "patch",
    "patch delete": "delete",
  };
  expect(table(false)).toEqual(always);
  expect(table(true)).toEqual({ ...always, "replace delete": "delete" });
});
