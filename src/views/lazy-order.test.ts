import { describe, expect, test } from "vitest";
import { compileOrder, type OrderTerm, toOrder } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { LazyOrder } from "./lazy-order.ts";
import { OrderIndex } from "./order-index.ts";
import type { OrderRest } from "./order-rest.ts";

const byNumber = [toOrder("n")];

function shuffled(count: number, rowOf: (n: number) => Row = (n) => ({ n })): Map<string, Row> {
  return new Map(Array.from({ length: count }, (_, at) => [`p${at}`, rowOf((at * 7_919) % count)]));
}

function sorted(rows: ReadonlyMap<string, Row>, terms: readonly OrderTerm[]): string[] {
  const compare = compileOrder(terms);
  return [...rows].sort((a, b) => compare(a[0], a[1], b[0], b[1])).map(([id]) => id);
}

const over = (rows: ReadonlyMap<string, Row>, terms: readonly OrderTerm[], first?: number): LazyOrder =>
  LazyOrder.over(terms, [...rows.keys()], [...rows.values()], first);

/** A rest that comes when it is let go, as one that is read from disk. */
class HeldRest implements OrderRest {
  readonly count: number;
  readonly #index: OrderIndex;
  isThere = false;

  constructor(index: OrderIndex) {
    this.#index = index;
    this.count = index.size;
  }

  step(): boolean {
    return false;
  }

  finish(): OrderIndex | undefined {
    return this.isThere ? this.#index : undefined;
  }
}

describe("the first rows before the others", () => {
  test("I6 the first rows are there at once, the others after small steps", () => {
    const rows = shuffled(30_000);
    const expected = sorted(rows, byNumber);
    const lazy = over(rows, byNumber);
    expect([lazy.count, lazy.prepared, lazy.isComplete]).toEqual([30_000, 512, false]);
    expect(lazy.idsBetween(0, 512)).toEqual(expected.slice(0, 512));
    expect(lazy.isComplete).toBe(false);
    let steps = 0;
    while (lazy.step()) steps++;
    expect(steps).toBeGreaterThan(10);
    expect([lazy.prepared, lazy.isComplete, lazy.step()]).toEqual([30_000, true, false]);
    expect(lazy.idsBetween(0, Infinity)).toEqual(expected);
  });

  test("I6 a read behind them, or the rank of a row there, orders the rest at once", () => {
    const rows = shuffled(30_000);
    const expected = sorted(rows, byNumber);
    const reads: ((lazy: LazyOrder) => unknown)[] = [
      (lazy) => expect(lazy.idAt(512)).toBe(expected[512]),
      (lazy) => expect(lazy.idsBetween(500, 520)).toEqual(expected.slice(500, 520)),
      (lazy) => expect(lazy.rankOf(expected[20_000] ?? "", { n: 20_000 })).toBe(20_000),
    ];
    for (const read of reads) {
      const lazy = over(rows, byNumber);
      lazy.step();
      read(lazy);
      expect(lazy.isComplete).toBe(true);
    }
    const lazy = over(rows, byNumber);
    expect([lazy.idAt(511), lazy.rankOf("p0", { n: 0 }), lazy.idAt(30_000), lazy.idAt(-1)]).toEqual([
      expected[511],
      0,
      undefined,
      undefined,
    ]);
    expect(lazy.isComplete).toBe(false);
  });

  test("I6 few rows are ordered at once", () => {
    expect(over(shuffled(4_000), byNumber).isComplete).toBe(true);
    expect(over(new Map(), byNumber)).toMatchObject({ count: 0, prepared: 0, isComplete: true });
  });

  test.each([
    ["keys that all have in common", (n: number): Row => ({ n: 1, m: n })],
    ["two keys", (n: number): Row => ({ n: n % 2, m: n % 3 })],
    ["keys that come in descending order", (n: number): Row => ({ n: -n, m: n })],
    ["text", (n: number): Row => ({ n: `text ${n % 100}`, m: n })],
    ["missing keys first", (n: number): Row => (n % 3 === 0 ? { m: n } : { n, m: n })],
    [
      "any type",
      (n: number): Row => ({ n: [n, String(n), null, NaN, new Date(n), BigInt(n)][n % 6] ?? null }),
    ],
  ])("I6 the first rows are the right ones with %s", (_name, rowOf) => {
    const rows = shuffled(9_000, rowOf);
    const terms = [toOrder({ column: "n", nulls: "first" }), toOrder(["m", "desc"])];
    const expected = sorted(rows, terms);
    const lazy = over(rows, terms, 100);
    expect([lazy.isComplete, lazy.prepared]).toEqual([false, 100]);
    expect(lazy.idsBetween(0, 100)).toEqual(expected.slice(0, 100));
    lazy.finish();
    expect(lazy.idsBetween(0, Infinity)).toEqual(expected);
  });

  test("I6 changes tell their ranks where these are prepared, and are laid on top of the rest", () => {
    const rows = shuffled(9_000);
    const idOf = new Map([...rows].map(([id, row]) => [row["n"], id]));
    const lazy = over(rows, byNumber, 10);
    const id = (n: number): string => idOf.get(n) ?? "";
    expect(lazy.add("new", { n: 4.5 })).toBe(5);
    expect(lazy.add("behind", { n: 400.5 })).toBe(-1);
    expect(lazy.remove(id(2), { n: 2 })).toBe(2);
    expect(lazy.remove(id(500), { n: 500 })).toBe(-1);
    expect(lazy.move(id(3), { n: 3 }, { n: 700.5 })).toBe(true);
    expect([lazy.movedFrom, lazy.movedTo]).toEqual([2, -1]);
    expect(lazy.move(id(600), { n: 600 }, { n: 0.5 })).toBe(true);
    expect([lazy.movedFrom, lazy.movedTo]).toEqual([-1, 1]);
    expect(lazy.move(id(601), { n: 601 }, { n: 601, m: 1 })).toBe(false);
    expect([lazy.count, lazy.prepared]).toEqual([9_000, 10]);
    const expected = new Map(rows);
    for (const n of [2, 500]) expected.delete(id(n));
    expected.set("new", { n: 4.5 }).set("behind", { n: 400.5 });
    expected.set(id(3), { n: 700.5 }).set(id(600), { n: 0.5 });
    expect(lazy.idsBetween(0, 10)).toEqual(sorted(expected, byNumber).slice(0, 10));
    expect(lazy.isComplete).toBe(false);
    lazy.finish();
    expect(lazy.idsBetween(0, Infinity)).toEqual(sorted(expected, byNumber));
  });

  test("I6 a prefix that loses all its rows reads on from the rest", () => {
    const rows = shuffled(9_000);
    const lazy = over(rows, byNumber, 10);
    for (const id of sorted(rows, byNumber).slice(0, 10)) {
      lazy.remove(id, rows.get(id) ?? {});
      rows.delete(id);
    }
    expect([lazy.prepared, lazy.count]).toEqual([0, 8_990]);
    expect(lazy.add("back", { n: 3 })).toBe(-1);
    rows.set("back", { n: 3 });
    expect(lazy.idAt(0)).toBe("back");
    expect(lazy.idsBetween(0, Infinity)).toEqual(sorted(rows, byNumber));
  });
});

describe("a rest that has yet to come", () => {
  test("I7 what is prepared is read, what is behind it isn't known", () => {
    const rows = shuffled(100);
    const expected = sorted(rows, byNumber);
    const rest = new Map(rows);
    const first = new Map<string, Row>();
    for (const id of expected.slice(0, 10)) {
      first.set(id, rows.get(id) ?? {});
      rest.delete(id);
    }
    const build = (part: ReadonlyMap<string, Row>): OrderIndex =>
      OrderIndex.build(byNumber, [...part.keys()], [...part.values()]);
    const held = new HeldRest(build(rest));
    const lazy = new LazyOrder(build(first), held);
    const missing = expected[50] ?? "";
    expect([lazy.count, lazy.prepared, lazy.isComplete, lazy.index]).toEqual([100, 10, false, undefined]);
    expect(lazy.idsBetween(5, 15)).toEqual(expected.slice(5, 10));
    expect([lazy.idAt(9), lazy.idAt(10)]).toEqual([expected[9], undefined]);
    expect(lazy.rankOf(missing, { n: 50 })).toBeUndefined();
    expect([lazy.step(), lazy.finish()]).toEqual([false, false]);
    expect(lazy.move(missing, { n: 50 }, { n: "a text" })).toBe(true);
    expect(lazy.applyBatch([{ id: "x", before: undefined, after: { n: 60.5 } }])).toBe(10);
    expect(lazy.applyBatch([{ id: "y", before: undefined, after: { n: 6.5 } }])).toBe(7);
    rows.set(missing, { n: "a text" }).set("x", { n: 60.5 }).set("y", { n: 6.5 });
    expect([lazy.count, lazy.prepared]).toEqual([102, 11]);
    held.isThere = true;
    expect(lazy.step()).toBe(false);
    expect(lazy.isComplete).toBe(true);
    expect(lazy.idsBetween(0, Infinity)).toEqual(sorted(rows, byNumber));
  });
});
