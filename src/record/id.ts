import { type ErrorPlace, errorAt } from "../base/index.ts";
import type { Row, Value } from "./value.ts";

/** The longest id, in bytes of UTF-8. */
export const MAX_ID_BYTES = 1_024;

/** The id, where it is one: well-formed text of 1 to 1,024 bytes of UTF-8; else `invalid`. */
export function checkId(id: unknown, place: ErrorPlace = {}): string {
  if (typeof id !== "string")
    throw errorAt("invalid", place, `an id is text, not ${id === null ? "null" : typeof id}`);
  if (id === "") throw errorAt("invalid", place, "an id is never empty");
  if (!id.isWellFormed()) throw errorAt("invalid", place, "the id holds half of a surrogate pair");
  // One UTF-16 unit takes at most three bytes.
  if (id.length * 3 > MAX_ID_BYTES && byteLength(id) > MAX_ID_BYTES) {
    throw errorAt(
      "invalid",
      place,
      `the id is longer than ${MAX_ID_BYTES} bytes: ${JSON.stringify(id.slice(0, 40))}…`,
    );
  }
  return id;
}

function byteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts two of its four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** The text form of an id column's value: text, whole and decimal numbers, dates (ISO), booleans; else `invalid`. */
export function idOf(value: Value | undefined, place: ErrorPlace = {}): string {
  if (typeof value === "string") return checkId(value, place);
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return value.toISOString();
  const found = value === undefined ? "absent" : value === null ? "null" : describeKind(value);
  throw errorAt(
    "invalid",
    place,
    `the id is ${found}; it must be text, a finite number, a date or a boolean`,
  );
}

function describeKind(value: Value): string {
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return "a list";
  return value instanceof Uint8Array ? "bytes" : "an object";
}

/** One id from the ids of several columns, readable and injective: `["a|b", "c"]` gives `a\|b|c`. */
export function composeId(parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(/[\\|]/g, "\\$&")).join("|");
}

/** The row with its id in the id column: filled in where absent, `invalid` where it is another. */
export function withIdColumn(
  id: string,
  row: Row,
  idColumn: string | undefined,
  place: ErrorPlace = {},
): Row {
  if (idColumn === undefined) return row;
  if (!Object.hasOwn(row, idColumn)) return { [idColumn]: id, ...row };
  const held = row[idColumn];
  if (held === id) return row;
  const heldId = idOf(held, { ...place, column: idColumn });
  if (heldId === id) return row;
  throw errorAt(
    "invalid",
    { ...place, column: idColumn },
    `the row's own id is ${JSON.stringify(heldId)}, but it is written as ${JSON.stringify(id)}`,
  );
}
