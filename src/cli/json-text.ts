import type { Row, Value } from "../record/index.ts";

/**
 * A value as JSON that loses nothing a reader could need: integers that a double can't hold, NaN and infinities as
 * text, dates as ISO 8601, bytes as base64. One line; `-0` and keys such as `__proto__` are kept.
 */
export function jsonText(value: Value): string {
  switch (typeof value) {
    case "bigint":
      return isSafe(value) ? String(value) : `"${value}"`;
    case "number":
      if (Object.is(value, -0)) return "-0";
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case "object":
      return value === null ? "null" : objectText(value);
    default:
      return JSON.stringify(value);
  }
}

/** The columns of a row that it has, in the given order. */
export function rowJsonText(row: Row, columns: readonly string[] = Object.keys(row)): string {
  const members = columns.flatMap((column) => {
    const value = Object.hasOwn(row, column) ? row[column] : undefined;
    return value === undefined ? [] : [`${JSON.stringify(column)}:${jsonText(value)}`];
  });
  return `{${members.join(",")}}`;
}

/** A value as the text of one cell; null and absent are empty. */
export function cellText(value: Value | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") {
    if (value instanceof Date) return dateText(value);
    return value instanceof Uint8Array ? base64(value) : jsonText(value);
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

/** A cell for people: as `cellText`, but a day as a day. */
export function shownText(value: Value | undefined): string {
  const text = cellText(value);
  return value instanceof Date ? text.replace(/T00:00:00\.000Z$/, "") : text;
}

function objectText(value: Exclude<Value, null | boolean | number | bigint | string>): string {
  if (value instanceof Date) return JSON.stringify(dateText(value));
  if (value instanceof Uint8Array) return `"${base64(value)}"`;
  if (isList(value)) return `[${value.map(jsonText).join(",")}]`;
  return rowJsonText(value);
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

const isSafe = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

const dateText = (date: Date): string => (Number.isNaN(date.getTime()) ? "Invalid Date" : date.toISOString());
