import { isList, isPlainObject, typeRank } from "./type-rank.ts";
import type { Row, Value } from "./value.ts";

/**
 * Exactly the same content by type: 5 is not 5n, -0 is not 0, NaN is NaN, dates are equal by millisecond,
 * bytes by content. The order of an object's keys doesn't count.
 */
export function equalValues(a: Value, b: Value): boolean {
  if (a === b) return a !== 0 || Object.is(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  return equalContent(a, b, equalValues);
}

/** As `equalValues`, for rows. */
export function equalRows(a: Row, b: Row): boolean {
  return a === b || (!differsAtSight(a, b) && equalObjects(a, b, equalValues));
}

/**
 * Whether a scalar tells the rows apart: most rows that are written differ, and this is half the price. A name that
 * b has not got is read from its prototype, which is no matter: such rows are not the same either.
 */
function differsAtSight(a: Row, b: Row): boolean {
  for (const key in a) {
    const cell = a[key];
    const other = b[key];
    if (cell !== other && typeof cell !== "object" && cell === cell) return true;
  }
  return false;
}

/**
 * Equality in conditions: deep and by type, save that a number and a bigint are equal when numerically
 * equal (and -0 equals 0). Two values are equal here exactly where the total order has them at one place.
 */
export function sameInCondition(a: Value, b: Value): boolean {
  // Loose equality between a number and a bigint is exact, and nothing else gets here.
  if (isNumeric(a) && isNumeric(b)) return a == b || (Number.isNaN(a) && Number.isNaN(b));
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  return a === b || equalContent(a, b, sameInCondition);
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

type Equality = (a: Value, b: Value) => boolean;

function equalContent(a: Value, b: Value, equal: Equality): boolean {
  if (isList(a)) return isList(b) && equalLists(a, b, equal);
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  return typeRank(b) === 6 && isPlainObject(a) && isPlainObject(b) && equalObjects(a, b, equal);
}

function equalLists(a: readonly Value[], b: readonly Value[], equal: Equality): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (!equal(a[index] ?? null, b[index] ?? null)) return false;
  }
  return true;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (a[index] !== b[index]) return false;
  }
  return true;
}

function equalObjects(
  a: { readonly [key: string]: Value },
  b: { readonly [key: string]: Value },
  equal: Equality,
): boolean {
  const keysA = Object.keys(a);
  const keysB = Object.keys(b);
  if (keysA.length !== keysB.length) return false;
  // Reading all values at once is cheaper than one by one by name.
  const valuesA = Object.values(a);
  const valuesB = Object.values(b);
  for (let index = 0; index < keysA.length; index++) {
    // Rows of one table nearly always have their keys in one order.
    if (keysA[index] !== keysB[index]) return equalByName(a, b, equal);
    if (!equal(valuesA[index] ?? null, valuesB[index] ?? null)) return false;
  }
  return true;
}

/** For objects of equally many keys. */
function equalByName(
  a: { readonly [key: string]: Value },
  b: { readonly [key: string]: Value },
  equal: Equality,
): boolean {
  for (const key of Object.keys(a)) {
    if (!Object.hasOwn(b, key) || !equal(a[key] ?? null, b[key] ?? null)) return false;
  }
  return true;
}
