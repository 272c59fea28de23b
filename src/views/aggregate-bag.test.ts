import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { compareValues, equalValues, type Value } from "../record/index.ts";
import { ValueBag } from "./aggregate-bag.ts";

/** From scratch: the cells of the bag, in order. */
class PlainBag {
  readonly cells: Value[] = [];

  add(cell: Value): void {
    this.cells.push(cell);
    this.cells.sort(compareValues);
  }

  remove(cell: Value): void {
    this.cells.splice(
      this.cells.findIndex((one) => equalValues(one, cell)),
      1,
    );
  }
}

function expectSame(bag: ValueBag, plain: PlainBag): void {
  const ends: [Value | undefined, Value | undefined][] = [
    [bag.first, plain.cells.at(0)],
    [bag.last, plain.cells.at(-1)],
  ];
  for (const [given, expected] of ends) {
    if (given === undefined || expected === undefined) expect(given).toBe(expected);
    else {
      expect(compareValues(given, expected)).toBe(0);
      expect(plain.cells.some((cell) => equalValues(cell, given))).toBe(true);
    }
  }
}

/** Few different cells, some of which are equal in the order and not by content. */
const lookalikes = fc.constantFrom<Value[]>(
  0,
  -0,
  0n,
  5,
  5n,
  [5],
  [5n],
  { a: 0 },
  { a: -0 },
  Number.NaN,
  "5",
);

const cells = fc.oneof(
  fc.array(fc.oneof(lookalikes, arbitrary.value), { maxLength: 60, size: "max" }),
  fc.array(arbitrary.number, { maxLength: 60, size: "max" }),
);

describe("the bag behind min and max", () => {
  test("I16 first and last are right after every step, and cells that only look alike are told apart", () => {
    fc.assert(
      fc.property(cells, fc.nat(60), fc.infiniteStream(fc.nat(1_000)), (all, gathered, picks) => {
        const bag = new ValueBag();
        const plain = new PlainBag();
        for (const [at, cell] of all.entries()) {
          bag.add(cell);
          plain.add(cell);
          if (at < gathered) continue;
          expectSame(bag, plain);
          const pick = (picks.next().value ?? 0) % plain.cells.length;
          const leaving = plain.cells[pick] ?? null;
          if (at % 3 === 0) continue;
          bag.remove(leaving);
          plain.remove(leaving);
          expectSame(bag, plain);
        }
        for (const cell of plain.cells.slice()) {
          bag.remove(cell);
          plain.remove(cell);
          expectSame(bag, plain);
        }
      }),
      runs(500),
    );
  });

  test.each([
    ["the least", (left: readonly number[]): number => Math.min(...left)],
    ["the greatest", (left: readonly number[]): number => Math.max(...left)],
    ["one in the middle", (left: readonly number[]): number => left[left.length >> 1] ?? 0],
  ])(
    "I16 thousands of cells, of which %s leaves again and again, whether gathered or added one by one",
    (_, pick) => {
      const numbers = Array.from({ length: 2_000 }, (_value, at) => (at * 7_919) % 1_009);
      for (const gathered of [0, 1_000, 2_000]) {
        const bag = new ValueBag();
        for (const [at, number] of numbers.entries()) {
          bag.add(number);
          if (at === gathered) expect(bag.first).toBe(Math.min(...numbers.slice(0, at + 1)));
        }
        let left = [...numbers];
        while (left.length > 0) {
          const leaving = pick(left);
          bag.remove(leaving);
          left.splice(left.indexOf(leaving), 1);
          if (left.length % 7 === 0) left = left.toReversed();
          expect(bag.first).toBe(left.length === 0 ? undefined : Math.min(...left));
          expect(bag.last).toBe(left.length === 0 ? undefined : Math.max(...left));
        }
      }
    },
  );

  test("I16 what leaves leaves nothing behind", () => {
    const bag = new ValueBag();
    for (let round = 0; round < 50; round++) {
      for (let at = 0; at < 2_000; at++) bag.add(round * 2_000 + at);
      expect([bag.first, bag.last]).toEqual([round * 2_000, round * 2_000 + 1_999]);
      for (let at = 0; at < 2_000; at++) bag.remove(round * 2_000 + ((at * 7_919) % 2_000));
      expect(bag.leafCount).toBe(0);
    }
    for (let at = 0; at < 20_000; at++) bag.add(at);
    for (let at = 0; at < 20_000; at++) if (at % 100 !== 0) bag.remove(at);
    expect(bag.leafCount).toBeLessThanOrEqual(8);
  });
});
