import { compareStrings } from "./compare-strings.ts";
import { isList, isPlainObject, NULL_RANK, typeRank } from "./type-rank.ts";
import type { Value } from "./value.ts";

/**
 * The one total order: booleans < numbers and bigints (NaN first, compared exactly) < text by code point <
 * dates < bytes < lists < objects < null. Zero for values that are equal in a condition.
 */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return compareStrings(a, b);
  const rank = typeRank(a);
  const difference = rank - typeRank(b);
  if (difference !== 0 || rank === NULL_RANK) return difference;
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  return compareContainers(a, b);
}

function compareContainers(a: Value, b: Value): number {
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (isList(a) && isList(b)) return compareLists(a, b);
  return isPlainObject(a) && isPlainObject(b) ? compareObjects(a, b) : 0;
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** The language compares a number and a bigint exactly; NaN alone has no place, so it gets the first. */
function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = compareValues(a[index] ?? null, b[index] ?? null);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** As lists of key, value, key, value … by key: the order in which the keys were set doesn't count. */
function compareObjects(a: { readonly [key: string]: Value }, b: { readonly [key: string]: Value }): number {
  const keysA = Object.keys(a).sort(compareStrings);
  const keysB = Object.keys(b).sort(compareStrings);
  const length = Math.min(keysA.length, keysB.length);
  for (let index = 0; index < length; index++) {
    const keyA = keysA[index] ?? "";
    const keyB = keysB[index] ?? "";
    const difference = compareStrings(keyA, keyB) || compareValues(a[keyA] ?? null, b[keyB] ?? null);
    if (difference !== 0) return difference;
  }
  return keysA.length - keysB.length;
}
