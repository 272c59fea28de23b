import { describe, expect, test } from "vitest";
import { compileOrder, type OrderTerm, toOrder } from "../query/index.ts";
import type { Row, Value } from "../record/index.ts";
import { OrderIndex } from "./order-index.ts";
import type { RowChange } from "./row-change.ts";

/** Numbers below `limit`, the same in every run. */
function createDice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const order = (...columns: string[]): OrderTerm[] => columns.map((column) => toOrder(column));

function tableOf(count: number, rowOf: (at: number) => Row): Map<string, Row> {
  return new Map(Array.from({ length: count }, (_, at) => [`p${at}`, rowOf(at)]));
}

function sorted(rows: ReadonlyMap<string, Row>, terms: readonly OrderTerm[]): string[] {
  const compare = compileOrder(terms);
  return [...rows].sort((a, b) => compare(a[0], a[1], b[0], b[1])).map(([id]) => id);
}

const buildOf = (rows: ReadonlyMap<string, Row>, terms: readonly OrderTerm[]): OrderIndex =>
  OrderIndex.build(terms, [...rows.keys()], [...rows.values()]);

const idsOf = (index: OrderIndex): string[] => index.idsBetween(0, Infinity);

/** Leaves as they must be: none empty or over full, no two thin ones that fit together, counted right. */
function checkLeaves(index: OrderIndex): number {
  const sizes = [...index.blocks()].map(({ ids, keys }) => {
    for (const list of keys) expect(list.length).toBe(ids.length);
    return ids.length;
  });
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(index.size);
  for (const size of sizes) {
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(512);
  }
  let rank = 0;
  for (const { ids } of index.blocks()) {
    expect(index.idAt(rank)).toBe(ids[0]);
    rank += ids.length;
  }
  return sizes.length;
}

const product = (dice: (limit: number) => number): Row => ({
  price: dice(1_000_000) / 100,
  stock: dice(50),
  name: `Product ${dice(100_000)}`,
  day: new Date(dice(1_000) * 86_400_000),
});

describe("an index that grows, shrinks and moves", () => {
  test.each([[["price"]], [["stock", "price"]], [["name"]], [["day", "name"]], [[]]])(
    "I2 I4 by %j its leaves keep their form and its ranks are right",
    (columns) => {
      const dice = createDice(7);
      const terms = order(...columns);
      const rows = new Map<string, Row>();
      const index = new OrderIndex(terms);
      const phases = [
        { count: 4_000, grow: 10 },
        { count: 3_000, grow: 5 },
        { count: 5_000, grow: 1 },
      ];
      for (const { count, grow } of phases) {
        for (let step = 0; step < count; step++) {
          const id = `p${dice(3_000)}`;
          const before = rows.get(id);
          if (dice(10) < grow) {
            const after = product(dice);
            if (before === undefined) index.add(id, after);
            else index.move(id, before, after);
            rows.set(id, after);
            if (step % 97 === 0) expect(index.idAt(index.rankOf(id, after))).toBe(id);
          } else if (before !== undefined) {
            const rank = index.rankOf(id, before);
            expect(index.remove(id, before)).toBe(rank);
            rows.delete(id);
          }
        }
        expect(idsOf(index)).toEqual(sorted(rows, terms));
        // Thin leaves have joined: however many have left, so few leaves are left.
        expect(checkLeaves(index)).toBeLessThanOrEqual(Math.ceil(rows.size / 100) + 1);
      }
      for (const [id, row] of rows) index.remove(id, row);
      expect(index.size).toBe(0);
      expect(checkLeaves(index)).toBe(0);
    },
  );

  test.each([1, -1])("I4 entries that keep coming at one end (%d) fill their leaves", (direction) => {
    const index = new OrderIndex(order("n"));
    for (let n = 0; n < 5_120; n++)
      expect(index.add(`p${n}`, { n: n * direction })).toBe(direction > 0 ? n : 0);
    expect(checkLeaves(index)).toBe(10);
  });

  test.each([[["price"]], [["price", "stock"]], [["name"]], [["name", "price"]]])(
    "I4 an order by %j takes at most 32 bytes a row, built at once or after many moves",
    (columns) => {
      const dice = createDice(3);
      const rows = tableOf(8_000, () => product(dice));
      const index = buildOf(rows, order(...columns));
      expect(index.sizeBytes / rows.size).toBeLessThan(32);
      for (let step = 0; step < 24_000; step++) {
        const id = `p${dice(8_000)}`;
        const after = product(dice);
        index.move(id, rows.get(id) ?? {}, after);
        rows.set(id, after);
      }
      expect(index.sizeBytes / rows.size).toBeLessThan(32);
      expect(idsOf(index)).toEqual(sorted(rows, order(...columns)));
    },
  );

  test("I2 a row that changed where the order does not look moves nothing", () => {
    const index = buildOf(
      tableOf(10, (n) => ({ n })),
      order("n"),
    );
    expect(index.move("p3", { n: 3 }, { n: 3, name: "new" })).toBe(false);
    expect(index.move("p3", { n: 3 }, { n: 3n })).toBe(false);
    expect(index.move("p3", { n: 3 }, { n: 7.5 })).toBe(true);
    expect([index.movedFrom, index.movedTo]).toEqual([3, 7]);
  });

  test.each<[string, (at: number) => Value]>([
    ["numbers", (at) => (at % 7 === 0 ? null : at % 400)],
    ["dates", (at) => new Date((at * 7_919) % 1_000)],
    ["booleans", (at) => at % 3 === 0],
    ["infinities", (at) => (at % 2 === 0 ? Infinity : -Infinity)],
  ])("I1 I2 I4 a cell of another type among %s, and leaves that are changed after it", (_, cellOf) => {
    const dice = createDice(23);
    const terms = [toOrder({ column: "price", direction: "desc", nulls: "first" })];
    const rows = tableOf(3_000, (at) => ({ price: cellOf(at) }));
    const index = buildOf(rows, terms);
    const put = (id: string, row: Row): void => {
      index.add(id, row);
      rows.set(id, row);
    };
    put("odd", { price: "odd" });
    expect(index.forms).toEqual(["value"]);
    for (let at = 0; at < 900; at++) put(`q${at}`, { price: dice(10) === 0 ? `t${at}` : cellOf(dice(40)) });
    for (const [id, row] of [...rows].slice(100, 2_600)) {
      index.remove(id, row);
      rows.delete(id);
    }
    checkLeaves(index);
    expect(idsOf(index)).toEqual(sorted(rows, terms));
    for (const [id, row] of rows) expect(index.idAt(index.rankOf(id, row))).toBe(id);
  });

  test("I9 what stands already, or doesn't stand, ends loudly and changes nothing", () => {
    const rows = tableOf(10, (n) => ({ n }));
    const index = buildOf(rows, order("n"));
    expect(() => index.add("p3", { n: 3 })).toThrow("p3 stands in the order already");
    expect(() => index.remove("p3", { n: 4 })).toThrow("p3 does not stand in the order with this row");
    expect(() => index.rankOf("p11", { n: 3 })).toThrow("p11 does not stand");
    expect(() => index.move("p11", { n: 3 }, { n: 4 })).toThrow("p11 does not stand");
    const gone: RowChange[] = Array.from({ length: 200 }, (_, n) => ({
      id: `q${n}`,
      before: { n },
      after: undefined,
    }));
    expect(() => index.applyBatch(gone)).toThrow("q0 does not stand");
    expect(idsOf(index)).toEqual(sorted(rows, order("n")));
  });
});

describe("building at once", () => {
  const mixed: Value[] = [
    null,
    NaN,
    1n,
    2n ** 60n,
    "x",
    true,
    new Date(5),
    [1],
    { a: 1 },
    -0,
    Infinity,
    new Uint8Array([1]),
  ];
  const columns: Record<string, (at: number, dice: (limit: number) => number) => Value> = {
    "numbers of all sizes": (_at, dice) => (dice(2_000_000) - 1_000_000) * 10 ** (dice(40) - 20),
    "whole numbers with ties": (_at, dice) => dice(30) - 15,
    "infinities and missing cells": (_at, dice) =>
      [Infinity, -Infinity, null, 5, -5, Number.MAX_VALUE / 2][dice(6)] ?? 0,
    "largest numbers": (_at, dice) =>
      [Number.MAX_VALUE, -Number.MAX_VALUE, null, Infinity, -Infinity][dice(5)] ?? 0,
    "ascending numbers": (at) => at,
    "descending numbers": (at) => -at,
    "text with a long common start": (_at, dice) => `a common start that is long ${dice(10_000)}`,
    "text of few kinds": (_at, dice) => `category ${dice(7)}`,
    "text that ends early": (_at, dice) => "ab\0cd\0ef".slice(0, dice(9)),
    "text of zeros": (_at, dice) => "\0".repeat(dice(20)),
    "text beyond one byte": (_at, dice) => `Ω${String.fromCharCode(0x3b1 + dice(300), 0x3b1 + dice(300))}`,
    "text beyond one unit": (_at, dice) => ["😀", "\u{E000}", "\u{FFFF}", "a", "\u{10FFFF}b"][dice(5)] ?? "",
    "text and missing cells": (_at, dice) => (dice(3) === 0 ? null : `t${dice(5_000)}`),
    dates: (_at, dice) => new Date(dice(2_000_000_000) - 1_000_000_000),
    "true and false": (_at, dice) => dice(2) === 1,
    "all missing": () => null,
    "any type": (_at, dice) => mixed[dice(mixed.length)] ?? null,
    "numbers, one text at the end": (at) => (at === 1_799 ? "odd" : at % 100),
  };

  test.each(Object.keys(columns))("I5 sorts %s as the total order does", (name) => {
    const dice = createDice(11);
    const cellOf = columns[name] ?? (() => null);
    const rows = tableOf(1_800, (at) => ({ a: cellOf(at, dice), b: dice(20) }));
    for (const direction of ["asc", "desc"] as const) {
      for (const nulls of ["first", "last"] as const) {
        const first = toOrder({ column: "a", direction, nulls });
        for (const terms of [[first], [first, toOrder("b")], [toOrder("b"), first]]) {
          expect(idsOf(buildOf(rows, terms))).toEqual(sorted(rows, terms));
        }
      }
    }
  });

  test("I5 reads the keys of each row once", () => {
    let reads = 0;
    const rows = tableOf(3_000, (at) => ({
      get a() {
        reads++;
        return (at * 7_919) % 3_000;
      },
    }));
    buildOf(rows, order("a"));
    expect(reads).toBe(3_000);
  });
});

describe("batches", () => {
  test.each([
    { name: "many rows into few", size: 300, comes: 3_000, leaves: 0, moves: 0 },
    { name: "few rows into many", size: 3_000, comes: 40, leaves: 10, moves: 10 },
    { name: "as many as there are", size: 3_000, comes: 1_500, leaves: 1_000, moves: 500 },
    { name: "all leave", size: 1_000, comes: 0, leaves: 1_000, moves: 0 },
    { name: "into none", size: 0, comes: 1_000, leaves: 0, moves: 0 },
    { name: "nearly none left", size: 1_000, comes: 1, leaves: 999, moves: 1 },
  ])("I3 $name: the same as one after the other", ({ size, comes, leaves, moves }) => {
    const dice = createDice(5);
    const rows = tableOf(size, () => product(dice));
    for (const terms of [order("price"), order("stock", "name"), order("name"), order()]) {
      const now = new Map(rows);
      const index = buildOf(now, terms);
      const was = sorted(now, terms);
      const changes: RowChange[] = [];
      for (let at = 0; at < comes; at++)
        changes.push({ id: `q${at}`, before: undefined, after: product(dice) });
      for (let at = 0; at < leaves; at++)
        changes.push({ id: `p${at}`, before: rows.get(`p${at}`), after: undefined });
      for (let at = size - moves; at < size; at++) {
        if (at >= leaves) changes.push({ id: `p${at}`, before: rows.get(`p${at}`), after: product(dice) });
      }
      for (const { id, after } of changes) {
        if (after === undefined) now.delete(id);
        else now.set(id, after);
      }
      const lowest = index.applyBatch(changes);
      const expected = sorted(now, terms);
      expect(idsOf(index)).toEqual(expected);
      checkLeaves(index);
      const differs = expected.findIndex((id, rank) => id !== was[rank]);
      expect(lowest).toBeLessThanOrEqual(differs === -1 ? Math.min(was.length, expected.length) : differs);
      for (const [id, row] of now) expect(index.idAt(index.rankOf(id, row))).toBe(id);
    }
  });

  test("I3 a merged batch brings cells of another type", () => {
    const rows = tableOf(300, (n) => ({ n: n % 10 }));
    const index = buildOf(rows, order("n"));
    const changes = Array.from({ length: 300 }, (_, at): RowChange => {
      const after: Row = { n: at % 2 === 0 ? `text ${at}` : 2n ** 70n };
      rows.set(`q${at}`, after);
      return { id: `q${at}`, before: undefined, after };
    });
    expect(index.forms).toEqual(["number"]);
    index.applyBatch(changes);
    expect(index.forms).toEqual(["value"]);
    expect(idsOf(index)).toEqual(sorted(rows, order("n")));
  });

  test("I3 a batch that moves nothing says so, large or small", () => {
    const rows = tableOf(400, (n) => ({ n }));
    const index = buildOf(rows, order("n"));
    const same = [...rows].map(([id, row]): RowChange => ({ id, before: row, after: { ...row, note: 1 } }));
    expect(index.applyBatch(same)).toBe(Infinity);
    expect(index.applyBatch(same.slice(0, 3))).toBe(Infinity);
    expect(index.applyBatch([])).toBe(Infinity);
  });
});
