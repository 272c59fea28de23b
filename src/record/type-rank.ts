import type { Value } from "./value.ts";

/** Rank of null and absent, behind everything. */
export const NULL_RANK = 7;

/**
 * Where a value's type stands in the total order: boolean 0, number and bigint 1, text 2, date 3, bytes 4,
 * list 5, object 6, null 7. Values of one rank can be compared with each other.
 */
export function typeRank(value: Value | undefined): number {
  switch (typeof value) {
    case "boolean":
      return 0;
    case "number":
    case "bigint":
      return 1;
    case "string":
      return 2;
    case "undefined":
      return NULL_RANK;
    default:
      if (value === null) return NULL_RANK;
      if (Array.isArray(value)) return 5;
      if (value instanceof Date) return 3;
      return value instanceof Uint8Array ? 4 : 6;
  }
}

/** Whether a value is a list; `Array.isArray` alone doesn't narrow a readonly array. */
export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** Whether a value is a plain object of values. */
export function isPlainObject(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && typeRank(value) === 6;
}
