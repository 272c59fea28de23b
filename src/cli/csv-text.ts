import type { Value } from "../record/index.ts";
import { cellText } from "./json-text.ts";

/** What spreadsheets take for the beginning of a formula, wide forms and leading control characters included. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const PLAIN_NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const NEEDS_QUOTES = /[",\r\n]|^[\s\ufeff]|\s$/;

/** One line of CSV (RFC 4180, ended by a line feed). Null is an empty cell, empty text is `""`. */
export function csvLine(values: readonly (Value | undefined)[], isRaw: boolean): string {
  return `${values.map((value) => csvCell(value, isRaw)).join(",")}\n`;
}

/** Unless raw, text that a spreadsheet would compute gets a `'` in front. */
function csvCell(value: Value | undefined, isRaw: boolean): string {
  if (value === "") return '""';
  const text = cellText(value);
  const isGuarded = !isRaw && typeof value === "string" && FORMULA.test(text) && !PLAIN_NUMBER.test(text);
  const cell = isGuarded ? `'${text}` : text;
  return isGuarded || NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
