import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import type { Row } from "../record/index.ts";
import { createReduction, type Reduction } from "./aggregate-reduction.ts";

const numberOf = (row: Row): number => Number(row["n"] ?? 0);

const steps = fc.array(fc.tuple(fc.nat(5), fc.option(fc.integer({ min: -9, max: 9 })), fc.boolean()), {
  maxLength: 40,
  size: "max",
});

/** Brings the map and what follows it to the step. */
function take(
  rows: Map<string, Row>,
  id: string,
  after: Row | undefined,
  followers: readonly Reduction<unknown>[],
): void {
  const before = rows.get(id);
  if (after === undefined) rows.delete(id);
  else rows.set(id, after);
  for (const follower of followers) {
    if (before === undefined && after !== undefined) follower.add(id, after);
    else if (before !== undefined && after !== undefined) follower.replace(id, before, after);
    else if (before !== undefined) follower.remove(id, before);
  }
}

describe("reductions", () => {
  test("I19 with and without undo, each equals the same from scratch after every step", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const rows = new Map<string, Row>();
        const sum = createReduction(
          {
            fn: (total: number, row) => total + numberOf(row),
            initial: 100,
            undo: (total, row) => total - numberOf(row),
          },
          () => rows,
        );
        const text = createReduction(
          { fn: (read: string, row, id) => `${read}${id}=${numberOf(row)};`, initial: "" },
          () => rows,
        );
        for (const [id, n, isRead] of all) {
          take(rows, `r${id}`, n === null ? undefined : { n }, [sum, text]);
          if (!isRead) continue;
          expect(sum.value).toBe([...rows.values()].reduce((total, row) => total + numberOf(row), 100));
          expect(text.value).toBe([...rows].map(([key, row]) => `${key}=${numberOf(row)};`).join(""));
        }
      }),
      runs(300),
    );
  });

  test("I19 is computed at the first read after a change, and with undo only once", () => {
    const rows = new Map<string, Row>([
      ["a", { n: 1 }],
      ["b", { n: 2 }],
    ]);
    let calls = 0;
    const fn = (total: number, row: Row): number => {
      calls++;
      return total + numberOf(row);
    };
    const plain = createReduction({ fn, initial: 0 }, () => rows);
    const followed = createReduction(
      { fn, initial: 0, undo: (total, row) => total - numberOf(row) },
      () => rows,
    );
    take(rows, "c", { n: 3 }, [plain, followed]);
    expect(calls).toBe(0);
    expect([plain.value, plain.value, calls]).toEqual([6, 6, 3]);
    expect([followed.value, followed.value, calls]).toEqual([6, 6, 6]);
    take(rows, "d", { n: 4 }, [plain, followed]);
    expect(calls).toBe(7);
    expect([followed.value, calls]).toEqual([10, 7]);
    expect([plain.value, calls]).toEqual([10, 11]);
    followed.reset();
    expect([followed.value, calls]).toEqual([10, 15]);
  });

  test("I19 what fn or undo throws is thrown by the read, never by the change", () => {
    const rows = new Map<string, Row>([["a", { n: 1 }]]);
    const refuse = (total: number, row: Row): number => {
      if (numberOf(row) < 0) throw new RangeError("no negative ones");
      return total + numberOf(row);
    };
    const reductions = [
      createReduction({ fn: refuse, initial: 0 }, () => rows),
      createReduction({ fn: refuse, initial: 0, undo: (total, row) => total - refuse(0, row) }, () => rows),
    ];
    expect(reductions.map(({ value }) => value)).toEqual([1, 1]);
    take(rows, "b", { n: -5 }, reductions);
    for (const reduction of reductions) {
      expect(() => reduction.value).toThrow("no negative ones");
      expect(() => reduction.value).toThrow("no negative ones");
    }
    take(rows, "b", { n: 5 }, reductions);
    expect(reductions.map(({ value }) => value)).toEqual([6, 6]);
    take(rows, "b", undefined, reductions);
    expect(reductions.map(({ value }) => value)).toEqual([1, 1]);
  });

  test("I19 the result's type follows from the initial value, undefined included", () => {
    const rows = new Map<string, Row>([["a", { n: 1 }]]);
    const ids = createReduction(
      { fn: (all: readonly string[], _row, id) => [...all, id], initial: [] },
      () => rows,
    );
    expectTypeOf(ids.value).toEqualTypeOf<readonly string[]>();
    expect(ids.value).toEqual(["a"]);
    let calls = 0;
    const last = createReduction<string | undefined>(
      {
        fn: () => {
          calls++;
          return undefined;
        },
        initial: "none",
      },
      () => rows,
    );
    expect([last.value, last.value, calls]).toEqual([undefined, undefined, 1]);
  });
});
