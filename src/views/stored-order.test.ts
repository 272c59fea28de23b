import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import type { OrderTerm } from "../query/index.ts";
import { compileOrder } from "../query/index.ts";
import type { Row, Value } from "../record/index.ts";
import { LazyOrder } from "./lazy-order.ts";
import { OrderAssembler } from "./order-assembler.ts";
import { OrderIndex } from "./order-index.ts";
import type { RowChange } from "./row-change.ts";
import { decodeFirst, storedBlocks } from "./stored-order.ts";
import { StoredRest } from "./stored-rest.ts";

const term = (column: string, direction: "asc" | "desc" = "asc"): OrderTerm => ({
  column,
  direction,
  nulls: "last",
});
const byPrice = [term("price", "desc"), term("name")];

const nobody = new Map<string, Row | undefined>();

/** Rows enough for several blocks, with many ties. */
function rowsOf(count: number): Map<string, Row> {
  return new Map(
    Array.from({ length: count }, (_, index) => [
      `p${(index * 7_919) % count}`,
      { price: index % 97 === 0 ? null : (index * 31) % 503, name: `name ${index % 11}` },
    ]),
  );
}

function indexOf(order: readonly OrderTerm[], rows: ReadonlyMap<string, Row>): OrderIndex {
  return OrderIndex.build(order, [...rows.keys()], [...rows.values()]);
}

function sorted(order: readonly OrderTerm[], rows: ReadonlyMap<string, Row>): string[] {
  const compare = compileOrder(order);
  return [...rows].toSorted((a, b) => compare(a[0], a[1], b[0], b[1])).map(([id]) => id);
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("expected a value");
  return value;
}

/** Gives the row another price, or takes it out, and says so. */
function changeTo(rows: Map<string, Row>, id: string, price: number | null): RowChange[] {
  const before = rows.get(id);
  const after = price === null ? undefined : { price, name: "name 5" };
  if (after === undefined) rows.delete(id);
  else rows.set(id, after);
  return before === undefined && after === undefined ? [] : [{ id, before, after }];
}

/** The lazy order of stored blocks: its first ones there, the others still to be appended. */
function restored(
  order: readonly OrderTerm[],
  blocks: readonly Uint8Array[],
): { readonly lazy: LazyOrder; readonly rest: StoredRest } {
  const stored = must(decodeFirst(must(blocks[0])));
  const first = new OrderAssembler(order, stored.head.forms);
  expect(first.append(stored.entries)).toBe(true);
  const rest = new StoredRest(order, stored);
  return { lazy: new LazyOrder(first.finish(), rest), rest };
}

describe("a stored order", () => {
  test("I32 comes back entry for entry: a first screen at once, the rest behind it", () => {
    const rows = rowsOf(10_000);
    const blocks = [...storedBlocks(indexOf(byPrice, rows), nobody)];
    expect(blocks.length).toBe(4);
    expect(must(blocks[0]).length).toBeLessThan(must(blocks[1]).length / 4);
    const expected = sorted(byPrice, rows);
    const { lazy, rest } = restored(byPrice, blocks);
    expect([lazy.count, lazy.isComplete, lazy.finish()]).toEqual([10_000, false, false]);
    expect(lazy.idsBetween(0, 200)).toEqual(expected.slice(0, 200));
    expect(lazy.idsBetween(5_000, 5_010)).toEqual([]);
    for (const block of blocks.slice(1)) expect(rest.append(block)).toBe(true);
    expect([rest.isReady, lazy.finish(), lazy.prepared]).toEqual([true, true, 10_000]);
    expect(lazy.idsBetween(0, 10_000)).toEqual(expected);
  });

  test("I32 of any number of rows, and of any cells", () => {
    const cell = fc.oneof(
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom<Value>(null, "x", "y", 3n, true, NaN, -0, Infinity, new Date(5), [1, "a"], { b: 1 }),
    );
    const table = fc
      .tuple(fc.constantFrom(0, 1, 255, 256, 257, 600), fc.array(cell, { minLength: 1, maxLength: 30 }))
      .map(([count, cells]) =>
        Array.from({ length: count }, (_, at): [string, Row] => [
          `r${at}`,
          { price: cells[at % cells.length] ?? null },
        ]),
      );
    fc.assert(
      fc.property(table, fc.constantFrom<"asc" | "desc">("asc", "desc"), (entries, direction) => {
        const rows = new Map(entries);
        const order = [term("price", direction)];
        const blocks = [...storedBlocks(indexOf(order, rows), nobody)];
        const stored = must(decodeFirst(must(blocks[0])));
        expect(stored.head.count).toBe(rows.size);
        const { lazy, rest } = restored(order, blocks);
        for (const block of blocks.slice(1)) expect(rest.append(block)).toBe(true);
        expect(lazy.finish()).toBe(true);
        expect(lazy.idsBetween(0, rows.size)).toEqual(sorted(order, rows));
      }),
      runs(60),
    );
  });

  test("I33 takes changes at any time, wherever its blocks are: as the rows ordered from scratch", () => {
    const start = rowsOf(5_000);
    const blocks = [...storedBlocks(indexOf(byPrice, start), nobody)];
    const change = fc.record({ at: fc.nat(6_000), price: fc.option(fc.nat(520)) });
    const stretch = fc.record({
      changes: fc.uniqueArray(change, { maxLength: 30, selector: ({ at }) => at }),
      appends: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 8 }), (stretches) => {
        const rows = new Map(start);
        const { lazy, rest } = restored(byPrice, blocks);
        const coming = blocks.slice(1);
        for (const { changes, appends } of stretches) {
          lazy.applyBatch(changes.flatMap(({ at, price }) => changeTo(rows, `p${at}`, price)));
          const block = appends ? coming.shift() : undefined;
          if (block !== undefined) expect(rest.append(block)).toBe(true);
          lazy.step();
          expect(lazy.count).toBe(rows.size);
          expect(lazy.idsBetween(0, lazy.prepared)).toEqual(sorted(byPrice, rows).slice(0, lazy.prepared));
        }
        for (const block of coming) expect(rest.append(block)).toBe(true);
        expect(lazy.finish()).toBe(true);
        expect(lazy.idsBetween(0, 10_000)).toEqual(sorted(byPrice, rows));
      }),
      runs(15),
    );
  });

  test("I34 a block that is damaged, missing, twice there or out of order spoils the rest, and the first stays", () => {
    const rows = rowsOf(10_000);
    const blocks = [...storedBlocks(indexOf(byPrice, rows), nobody)];
    const [first, second, third, fourth] = blocks.map((block) => must(block));
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) return;
    const cut = second.slice(0, -1);
    const spoilt: readonly (readonly Uint8Array[])[] = [
      [cut],
      [second, second],
      [third],
      [third, fourth, second],
      [second, fourth],
      [first],
      [second, third, fourth, fourth],
    ];
    for (const list of spoilt) {
      const { lazy, rest } = restored(byPrice, blocks);
      for (const block of list) rest.append(block);
      expect([rest.isReady, lazy.finish(), lazy.count]).toEqual([false, false, 10_000]);
      expect(lazy.idsBetween(0, 50)).toEqual(sorted(byPrice, rows).slice(0, 50));
    }
  });

  test("I34 entries that stand in another order than their keys are found out", () => {
    const rows = rowsOf(600);
    const blocks = [...storedBlocks(indexOf(byPrice, rows), nobody)];
    const { head, entries } = must(decodeFirst(must(blocks[0])));
    const turned = { ids: entries.ids.toReversed(), keys: entries.keys.map((list) => list.toReversed()) };
    expect(new OrderAssembler(byPrice, head.forms).append(entries)).toBe(true);
    expect(new OrderAssembler(byPrice, head.forms).append(turned)).toBe(false);
  });

  test("I35 carries what queued writes showed", () => {
    const shown = new Map<string, Row | undefined>([
      ["p1", { price: 5n, name: "ü" }],
      ["gone", undefined],
    ]);
    const [first] = storedBlocks(indexOf(byPrice, rowsOf(10)), shown);
    expect(decodeFirst(must(first))?.head.shown).toEqual(shown);
  });

  test("I31 a first block that is damaged anywhere is none, or one that makes sense", () => {
    const [first] = storedBlocks(indexOf(byPrice, rowsOf(300)), new Map([["p1", { price: 1 }]]));
    const sound = must(first);
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.boolean(), (at, byte, cuts) => {
        const index = at % sound.length;
        const bytes = cuts ? sound.slice(0, index) : Uint8Array.from(sound);
        if (!cuts) bytes[index] = byte;
        const stored = decodeFirst(bytes);
        if (stored === undefined) return;
        expect(stored.head.count).toBeGreaterThanOrEqual(stored.entries.ids.length);
        expect(stored.entries.keys.length).toBe(stored.head.forms.length);
      }),
      runs(2_000),
    );
  });
});
