import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { equalRows, equalValues, sameInCondition } from "./equal-values.ts";
import { toValue } from "./to-row.ts";
import type { Value } from "./value.ts";

/** A text for each value: the same text exactly where the values are equal. Slow and plain. */
function describeExactly(value: Value): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return `number ${Object.is(value, -0) ? "-0" : value}`;
  if (typeof value === "bigint") return `bigint ${value}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (value instanceof Uint8Array) return `bytes ${value.join()}`;
  if (Array.isArray(value)) return `[${value.map(describeExactly).join()}]`;
  const entries = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${describeExactly(item)}`,
  );
  return `{${entries.toSorted().join()}}`;
}

const different: readonly (readonly [Value, Value])[] = [
  [5, 5n],
  [-0, 0],
  [NaN, null],
  ["1", 1],
  ["", null],
  [false, 0],
  [null, false],
  [new Date(5), 5],
  [new Date(5), new Date(6)],
  [new Uint8Array([1]), [1]],
  [new Uint8Array([1]), new Uint8Array([1, 0])],
  [[], {}],
  [[1], [1, 2]],
  [{ a: 1 }, { b: 1 }],
  [{ a: 1 }, { a: 1, b: null }],
  [{ a: null }, {}],
  [
    { a: 1, b: 2 },
    { a: 2, b: 1 },
  ],
  [{ a: undefined as unknown as Value }, { b: 1 }],
];

describe("exact equality", () => {
  test.each(different)("R7 R8 tells %o from %o", (a, b) => {
    expect(equalValues(a, b)).toBe(false);
    expect(equalValues(b, a)).toBe(false);
    expect(equalValues([{ x: a }], [{ x: b }])).toBe(false);
    expect(equalRows({ x: a }, { x: b })).toBe(false);
  });

  test("R7 finds NaN, dates, bytes and nested content equal", () => {
    const make = (): Value => ({ n: NaN, d: new Date(7), b: new Uint8Array([1, 2]), l: [1n, { z: -0 }] });
    expect(equalValues(make(), make())).toBe(true);
    expect(equalValues(Buffer.from([1]), new Uint8Array([1]))).toBe(true);
  });

  test("R8 the order of keys doesn't count", () => {
    expect(equalRows({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toBe(true);
    expect(equalRows({ a: 1, b: 2 }, { b: 2, c: 1 })).toBe(false);
  });

  test("R5 names of prototypes are names", () => {
    const withProto: Value = JSON.parse('{"__proto__":1}');
    expect(equalValues(withProto, {})).toBe(false);
    expect(equalValues(withProto, JSON.parse('{"__proto__":1}'))).toBe(true);
    expect(equalValues(JSON.parse('{"a":1,"__proto__":1}'), JSON.parse('{"__proto__":1,"a":1}'))).toBe(true);
    expect(equalValues({ toString: 1 }, { a: 1 })).toBe(false);
    expect(equalValues({ a: 1 }, { toString: 1 })).toBe(false);
  });

  test("R7 R8 equals the naive description of any two values", () => {
    fc.assert(
      fc.property(arbitrary.value, arbitrary.value, (a, b) => {
        expect(equalValues(a, b)).toBe(describeExactly(a) === describeExactly(b));
        expect(equalValues(a, toValue(a))).toBe(true);
      }),
      runs(1_000),
    );
  });
});

const same: readonly (readonly [Value, Value])[] = [
  [5, 5n],
  [0, -0],
  [0n, -0],
  [NaN, NaN],
  [2 ** 64, 2n ** 64n],
  [
    [1, { a: 2n }],
    [1n, { a: 2 }],
  ],
  [[null], [null]],
];

describe("equality in conditions", () => {
  test.each(same)("R9 %o is %o", (a, b) => {
    expect(sameInCondition(a, b)).toBe(true);
    expect(sameInCondition(b, a)).toBe(true);
  });

  test.each<[Value, Value]>([
    ["1", 1],
    [2 ** 53, 2n ** 53n + 1n],
    [true, 1],
    [new Date(1), 1],
    [NaN, 0n],
    ["a", "A"],
    [[1], [1, 1]],
  ])("R9 %o is not %o", (a, b) => {
    expect(sameInCondition(a, b)).toBe(false);
    expect(sameInCondition(b, a)).toBe(false);
  });

  test("R9 what is exactly equal is equal in a condition", () => {
    fc.assert(
      fc.property(arbitrary.value, (value) => {
        expect(sameInCondition(value, toValue(value))).toBe(true);
      }),
      runs(300),
    );
  });
});
