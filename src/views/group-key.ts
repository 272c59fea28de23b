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
  return value === null ? null : CONTAINER + containerText(value);
}

/** One text for values that are equal in a condition. */
function conditionText(value: Value): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return containerText(value);
  const plain = typeof value === "bigint" ? toNumber(value) : value;
  return typeof plain === "bigint" ? `${plain}n` : String(plain);
}

/** The number that a bigint equals, where there is one. */
function toNumber(value: bigint): number | bigint {
  const nearest = Number(value);
  return Number.isFinite(nearest) && BigInt(nearest) === value ? nearest : value;
}

function containerText(value: NonNullable<Value> & object): string {
  if (value instanceof Date) return `d${value.getTime()}`;
  if (value instanceof Uint8Array) return `b${value.join(",")}`;
  if (isList(value)) return `[${value.map(conditionText).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => compareStrings(a, b));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${conditionText(member)}`).join(",")}}`;
}
