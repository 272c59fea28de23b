import type { Value } from "vantage-diorama";

/** Text that may hold anything, made safe to show on one line: control and format characters are spelt out. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/** A space that keeps a number and its unit on one line. */
export const GLUE = "\u00a0";

/** The longest a value or a name is shown. */
const LONGEST = 40;

/** A cell for people: text in quotes, long ones cut. */
export function show(value: Value | undefined): string {
  if (typeof value === "string") return printable(JSON.stringify(cut(value, LONGEST)));
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null) return printable(cut(JSON.stringify(value), LONGEST));
  return String(value);
}

/** A column's name or a file's. */
export function name(text: string): string {
  return printable(cut(text, LONGEST));
}

/** How many characters a text has, a pair of surrogates being one. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** At most so many characters, the last one an ellipsis where something went. */
export function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const characters = Array.from(text);
  return characters.length <= longest ? text : `${characters.slice(0, Math.max(0, longest - 1)).join("")}…`;
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** `42,049 rows`, `1 row`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A duration with three digits. */
export function duration(ms: number): string {
  if (ms < 1) return `${threeDigits(ms * 1_000)}${GLUE}µs`;
  return ms < 1_000 ? `${threeDigits(ms)}${GLUE}ms` : `${threeDigits(ms / 1_000)}${GLUE}s`;
}

export function size(bytes: number): string {
  if (bytes < 1_000) return counted(bytes, "byte");
  return bytes < 1_000_000
    ? `${threeDigits(bytes / 1_000)}${GLUE}kB`
    : `${threeDigits(bytes / 1_000_000)}${GLUE}MB`;
}

/** How the copy's time compares with the file's. */
export function ratio(fileMs: number, copyMs: number): string {
  return fileMs >= copyMs
    ? `${times(fileMs / copyMs)}${GLUE}×${GLUE}faster`
    : `${times(copyMs / fileMs)}${GLUE}×${GLUE}slower`;
}

function times(value: number): string {
  return value < 10 ? value.toFixed(1) : count(Math.round(value));
}

function threeDigits(value: number): string {
  if (value < 10) return value.toFixed(2);
  return value < 100 ? value.toFixed(1) : count(Math.round(value));
}
