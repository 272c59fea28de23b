import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { compareStrings } from "./compare-strings.ts";
import { compareValues } from "./compare-values.ts";
import { sameInCondition } from "./equal-values.ts";
import type { Value } from "./value.ts";

/** One of each rank and more, in order; neighbours differ. */
const ascending: readonly Value[] = [
  false,
  true,
  NaN,
  -Infinity,
  -(2n ** 70n),
  -(2n ** 53n) - 1n,
  -(2 ** 53),
  -1,
  -0.5,
  0,
  5e-324,
  1n,
  1.5,
  2,
  2 ** 53,
  2n ** 53n + 1n,
  2n ** 70n,
  Infinity,
  "",
  "A",
  "a",
  "a\0",
  "aa",
  "b",
  "\u{D7FF}",
  "\u{E000}",
  "\u{FFFF}",
  "\u{10000}",
  "😀",
  "\u{10FFFF}",
  new Date(-1),
  new Date(0),
  new Date(8.64e15),
  new Uint8Array([]),
  new Uint8Array([0]),
  new Uint8Array([1, 255]),
  new Uint8Array([2]),
  new Uint8Array([255]),
  [],
  [false],
  [1],
  [1, 1],
  [1, null],
  [2],
  [null],
  {},
  { a: 1 },
  { a: 1, b: 1 },
  { a: 2 },
  { a: null },
  { b: 1 },
  null,
];

const byCodePoint = (a: string, b: string): number => {
  const pointsA = Array.from(a, (letter) => letter.codePointAt(0) ?? 0);
  const pointsB = Array.from(b, (letter) => letter.codePointAt(0) ?? 0);
  const index = pointsA.findIndex((point, at) => point !== pointsB[at]);
  if (index === -1) return pointsA.length - pointsB.length;
  return (pointsA[index] ?? 0) - (pointsB[index] ?? -1);
};

describe("the total order", () => {
  test("R10 R11 R12 R13 puts one of each where it belongs, against each other one", () => {
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) {
        expect([a, b, Math.sign(compareValues(a, b))]).toEqual([a, b, Math.sign(i - j)]);
      }
    }
  });

  test("R11 numbers and bigints that are numerically equal stand at one place", () => {
    expect(compareValues(5, 5n)).toBe(0);
    expect(compareValues(-0, 0)).toBe(0);
    expect(compareValues(NaN, NaN)).toBe(0);
    expect(compareValues(2n ** 53n, 2 ** 53)).toBe(0);
    expect(compareValues(NaN, -(10n ** 400n))).toBeLessThan(0);
    expect(compareValues(10n ** 400n, NaN)).toBeGreaterThan(0);
    expect(compareValues(Infinity, 10n ** 400n)).toBeGreaterThan(0);
  });

  test("R12 text is compared as its code points are", () => {
    fc.assert(
      fc.property(arbitrary.text, arbitrary.text, arbitrary.text, (prefix, a, b) => {
        expect(Math.sign(compareStrings(a, b))).toBe(Math.sign(byCodePoint(a, b)));
        expect(Math.sign(compareStrings(prefix + a, prefix + b))).toBe(Math.sign(byCodePoint(a, b)));
      }),
      runs(1_000),
    );
  });

  test("R13 the order of an object's keys doesn't count", () => {
    expect(compareValues({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(0);
    expect(compareValues({ b: 1, a: 2 }, { a: 1, b: 3 })).toBeGreaterThan(0);
    expect(compareValues(JSON.parse('{"__proto__":1}'), {})).toBeGreaterThan(0);
  });

  test("R14 is antisymmetric, and zero where values are equal in a condition", () => {
    fc.assert(
      fc.property(arbitrary.value, arbitrary.value, (a, b) => {
        expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) + 0);
        expect(compareValues(a, b) === 0).toBe(sameInCondition(a, b));
        expect(compareValues(a, a)).toBe(0);
      }),
      runs(1_000),
    );
  });

  test("R14 is transitive", () => {
    const near = fc.oneof(arbitrary.value, fc.constantFrom(...ascending));
    fc.assert(
      fc.property(near, near, near, (a, b, c) => {
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) {
          expect(compareValues(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      runs(2_000),
    );
  });
});
