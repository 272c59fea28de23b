import fc from "fast-check";
import { expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { valueKey } from "../query/index.ts";
import { equalValues, sameInCondition, type Value } from "../record/index.ts";
import { toGroupKey } from "./group-key.ts";

/** Pairs that are often equal, or nearly. */
const pair: fc.Arbitrary<[Value, Value]> = fc.oneof(
  fc.tuple(arbitrary.value, arbitrary.value),
  arbitrary.value.map((value): [Value, Value] => [value, lookalike(value)]),
);

/** Equal in a condition, mostly not by type; objects with their keys the other way round. */
function lookalike(value: Value): Value {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === "bigint") return BigInt(Number(value)) === value ? Number(value) : value;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map((item: Value) => lookalike(item));
  const members = Object.entries(value).map(([key, member]): [string, Value] => [key, lookalike(member)]);
  return Object.fromEntries(members.toReversed());
}

const isOneKey = (a: Value, b: Value): boolean => new Set([toGroupKey(a), toGroupKey(b)]).size === 1;

test("I17 I18 values have one key exactly where they are equal in a condition", () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      expect(isOneKey(a, b)).toBe(sameInCondition(a, b));
    }),
    runs(3_000),
  );
});

test("I16 values have one exact text exactly where their content is the same by type", () => {
  fc.assert(
    fc.property(pair, ([a, b]) => {
      expect(valueKey(a) === valueKey(b)).toBe(equalValues(a, b));
    }),
    runs(3_000),
  );
});

test("I18 text that looks like another value's key is still text", () => {
  const values: Value[] = [
    "null",
    "5",
    "true",
    "[5]",
    "d5",
    "b5",
    '{"a":5}',
    null,
    5,
    true,
    [5],
    new Date(5),
    new Uint8Array([5]),
    { a: 5 },
  ];
  expect(new Set(values.map(toGroupKey)).size).toBe(values.length);
  expect(new Set(values.map(valueKey)).size).toBe(values.length);
});
