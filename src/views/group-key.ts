import { compareStrings, isList, type Value } from "../record/index.ts";

/** What a `Map` tells apart by itself as conditions do: -0 is 0 there, and NaN is NaN. */
export type GroupKey = string | number | bigint | boolean | null;

/** No text cell begins with half of a surrogate pair, so that no text is ever taken for a container. */
const CONTAINER = "\uD800";

/**
 * What stands for a value in a `Map`: the same for values that are equal in a condition (5 and 5n, equal dates,
 * bytes, lists and objects), different for all others. Null and absent are one.
 */
export function toGroupKey(value: Value | undefined): GroupKey {
  if (typeof value === "bigint") return toNumber(value);
  if (typeof value !== "object") return value ?? null;
  return value === null ? null : CONTAINER + containerText(value, conditionText);
}

/** One text for values of exactly the same content by type: `5` is not `5n`, `-0` is not `0`. */
export function toExactText(value: Value): string {
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : plainText(value, toExactText);
}

function conditionText(value: Value): string {
  if (typeof value !== "bigint") return plainText(value, conditionText);
  const number = toNumber(value);
  return typeof number === "bigint" ? `${number}n` : String(number);
}

/** The number that a bigint equals, where there is one. */
function toNumber(value: bigint): number | bigint {
  const nearest = Number(value);
  return Number.isFinite(nearest) && BigInt(nearest) === value ? nearest : value;
}

function plainText(value: Exclude<Value, bigint>, inner: (value: Value) => string): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? containerText(value, inner) : String(value);
}

function containerText(value: NonNullable<Value> & object, inner: (value: Value) => string): string {
  if (value instanceof Date) return `d${value.getTime()}`;
  if (value instanceof Uint8Array) return `b${value.join(",")}`;
  if (isList(value)) return `[${value.map(inner).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => compareStrings(a, b));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${inner(member)}`).join(",")}}`;
}
