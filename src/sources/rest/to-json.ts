import { errorAt, type ErrorPlace } from "../../base/index.ts";
import { isList, isPlainObject, setOwn, type Row, type Value } from "../../record/index.ts";
import type { ColumnType } from "../../vista/index.ts";

/**
 * A row as the JSON that stands for it: dates as ISO texts, bytes as base64, whole numbers beyond 2^53 as texts in
 * columns declared `integer`, else as the numbers that they are. `invalid`, naming the column, for what JSON can't say.
 */
export function toJson(row: Row, types: ReadonlyMap<string, ColumnType>, place: ErrorPlace): object {
  const body: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    const at = { ...place, column };
    const isLong = typeof value === "bigint" && types.get(column) === "integer";
    setOwn(body, column, isLong ? longInteger(value) : valueToJson(value, at));
  }
  return body;
}

function longInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function valueToJson(value: Value, at: ErrorPlace): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw errorAt("invalid", at, `JSON has no ${value}; write null or a text`);
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return toBase64(value);
  if (isList(value)) return value.map((item) => valueToJson(item, at));
  if (!isPlainObject(value)) return value;
  const object: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) setOwn(object, key, valueToJson(inner, at));
  return object;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
