import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { equalRows, type Row } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { Overlay, type OverlayOp } from "./overlay.ts";

type Body =
  | { readonly kind: "insert" | "replace"; readonly id: string; readonly row: Row }
  | { readonly kind: "patch"; readonly id: string; readonly partial: Row }
  | { readonly kind: "delete"; readonly id: string }
  | { readonly kind: "deleteAll"; readonly ids?: readonly string[] };

const toOp = (body: Body): WriteOp => ({ ...body, opId: "", enqueuedAt: 0, attempt: 0 });

const id = fc.constantFrom("a", "b", "c");
const row: fc.Arbitrary<Row> = fc.dictionary(
  fc.constantFrom("x", "y", "__proto__"),
  fc.integer({ min: 0, max: 3 }),
  {
    noNullPrototype: false,
  },
);
const body: fc.Arbitrary<Body> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constantFrom("insert", "replace"), id, row }), weight: 2 },
  { arbitrary: fc.record({ kind: fc.constant("patch"), id, partial: row }), weight: 5 },
  { arbitrary: fc.record({ kind: fc.constant("delete"), id }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant("deleteAll"), ids: fc.uniqueArray(id) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant("deleteAll") }), weight: 1 },
);

/** One after the other, as plainly as it can be said. */
function applyAll(ops: readonly OverlayOp[], start: string, base: Row | undefined): Row | undefined {
  let shown = base;
  for (const { op } of ops.toSorted((a, b) => a.sequence - b.sequence)) {
    if (op.kind === "deleteAll") shown = op.ids?.includes(start) === false ? shown : undefined;
    else if (op.id !== start) continue;
    else if (op.kind === "insert" || op.kind === "replace") shown = op.row;
    else if (op.kind === "delete") shown = undefined;
    else if (op.kind === "patch" && shown !== undefined) {
      const columns = new Map([...Object.entries(shown), ...Object.entries(op.partial)]);
      shown = Object.fromEntries(columns) as Row;
    }
  }
  return shown;
}

const same = (a: Row | undefined, b: Row | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && equalRows(a, b));

type Step =
  | { readonly do: "add"; readonly body: Body }
  | { readonly do: "first" | "any"; readonly at: number }
  | { readonly do: "back" }
  | { readonly do: "base"; readonly id: string; readonly row: Row | undefined };

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("add"), body }), weight: 6 },
  { arbitrary: fc.record({ do: fc.constant("first"), at: fc.constant(0) }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant("any"), at: fc.nat(20) }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant("back") }), weight: 1 },
  {
    arbitrary: fc.record({ do: fc.constant("base"), id, row: fc.option(row, { nil: undefined }) }),
    weight: 3,
  },
);

describe("the overlay", () => {
  test("W7 W9 shows what applying the ops one by one shows, whatever comes and goes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const overlay = new Overlay();
        const ops: OverlayOp[] = [];
        const gone: OverlayOp[] = [];
        const bases = new Map<string, Row>();
        let sequence = 0;
        for (const taken of steps) {
          if (taken.do === "add") {
            const entry = { sequence: ++sequence, op: toOp(taken.body) };
            ops.push(entry);
            overlay.add(entry);
          } else if (taken.do === "base") {
            if (taken.row === undefined) bases.delete(taken.id);
            else bases.set(taken.id, taken.row);
          } else if (taken.do === "back") {
            const entry = gone.pop();
            if (entry !== undefined) {
              ops.push(entry);
              overlay.add(entry);
            }
          } else {
            ops.sort((a, b) => a.sequence - b.sequence);
            const [entry] = ops.splice(taken.at, 1);
            if (entry !== undefined) {
              gone.push(entry);
              overlay.remove(entry);
            }
          }
          for (const each of ["a", "b", "c"]) {
            const expected = applyAll(ops, each, bases.get(each));
            const shown = overlay.show(each, bases.get(each));
            expect(same(shown, expected), `${each}: ${JSON.stringify([shown, expected])}`).toBe(true);
            expect(same(overlay.showOver(each, bases.get(each)), expected)).toBe(true);
            expect(overlay.show(each, bases.get(each))).toBe(shown);
          }
          expect(overlay.isEmpty).toBe(
            ops.every(({ op }) => op.kind === "deleteAll" && op.ids?.length === 0),
          );
        }
      }),
      runs(500),
    );
  });

  test("W9 the same content stays the same object", () => {
    const overlay = new Overlay();
    const first = { sequence: 1, op: toOp({ kind: "patch", id: "a", partial: { n: 1 } }) };
    overlay.add(first);
    const base = { n: 0, m: 0 };
    const shown = overlay.show("a", base);
    overlay.add({ sequence: 2, op: toOp({ kind: "patch", id: "a", partial: { n: 1 } }) });
    expect(overlay.show("a", base)).toBe(shown);
    overlay.remove(first);
    expect(overlay.show("a", { n: 1, m: 0 })).toBe(shown);
    expect(overlay.opsOf("a")).toHaveLength(1);
    expect(overlay.has("b")).toBe(false);
  });
});
