import { toValue, type Value } from "../../record/index.ts";
import type { ColumnType } from "../../vista/index.ts";

/** What a cell of text can be read as. */
export type CellType = Exclude<ColumnType, "bytes">;

const MINUS = 45;
const ZERO = 48;
/** Integers of up to 15 digits are exact in a double, and so are their divisions by these powers. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
/** More digits make no number that anyone counts with, and reading them takes time. */
const MAX_DIGITS = 1_000;

/**
 * The cell as a value of the column's type; `undefined` where it is none. A declared type takes every spelling
 * that is clear (`007`, `+5`, `5.`); a sniffed one only those that lose nothing, so that codes stay text.
 */
export function convertCell(type: CellType, cell: string, declared: boolean): Value | undefined {
  switch (type) {
    case "text":
      return cell;
    case "integer":
      return toInteger(cell) ?? (declared ? toLooseInteger(cell) : undefined);
    case "number":
      return toNumber(cell) ?? (declared ? toLooseNumber(cell) : undefined);
    case "boolean":
      return toBoolean(cell);
    case "date":
      return toDate(cell, declared);
    case "decimal":
      return /^-?\d+(?:\.\d+)?$/.test(cell) ? cell : undefined;
    case "json":
      return toJson(cell);
  }
}

/** Digits without a leading zero or plus: a number, or a bigint beyond 2^53. */
function toInteger(cell: string): number | bigint | undefined {
  const length = cell.length;
  const negative = cell.charCodeAt(0) === MINUS;
  let at = negative ? 1 : 0;
  const digits = length - at;
  if (digits === 0) return undefined;
  if (cell.charCodeAt(at) === ZERO) return length === 1 ? 0 : undefined;
  if (digits > EXACT_DIGITS) return toLongInteger(cell, digits);
  let value = 0;
  for (; at < length; at++) {
    const digit = cell.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

function toLongInteger(cell: string, digits: number): number | bigint | undefined {
  if (digits > MAX_DIGITS || !/^-?\d+$/.test(cell)) return undefined;
  const value = Number(cell);
  return Number.isSafeInteger(value) ? value : BigInt(cell);
}

function toLooseInteger(cell: string): number | bigint | undefined {
  const match = /^([+-]?)0*(\d+)$/.exec(cell);
  if (match === null) return undefined;
  const digits = match[2] ?? "";
  return digits === "0" ? 0 : toInteger(match[1] === "-" ? `-${digits}` : digits);
}

/** A decimal fraction as JSON writes it, or with nothing before its point; finite. */
function toNumber(cell: string): number | bigint | undefined {
  const point = cell.indexOf(".");
  if (point === -1) return toInteger(cell) ?? (cell === "-0" ? -0 : toLongNumber(cell));
  const start = cell.charCodeAt(0) === MINUS ? 1 : 0;
  const decimals = cell.length - point - 1;
  if (decimals === 0 || cell.length - start > EXACT_DIGITS + 1) return toLongNumber(cell);
  if (point > start + 1 && cell.charCodeAt(start) === ZERO) return undefined;
  let digits = 0;
  for (let at = start; at < cell.length; at++) {
    if (at === point) continue;
    const digit = cell.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return toLongNumber(cell);
    digits = digits * 10 + digit;
  }
  const value = digits / (POWERS_OF_TEN[decimals] ?? 1);
  return start === 0 ? value : -value;
}

function toLongNumber(cell: string): number | undefined {
  if (!/^-?(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(cell)) return undefined;
  const value = Number(cell);
  return Number.isFinite(value) ? value : undefined;
}

function toLooseNumber(cell: string): number | bigint | undefined {
  if (cell === "NaN") return Number.NaN;
  const infinite = /^([+-]?)Infinity$/.exec(cell);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(cell)) return undefined;
  const value = Number(cell);
  if (!Number.isFinite(value)) return undefined;
  return /[.eE]/.test(cell) ? value : (toLooseInteger(cell) ?? value);
}

function toBoolean(cell: string): boolean | undefined {
  switch (cell) {
    case "true":
    case "True":
    case "TRUE":
      return true;
    case "false":
    case "False":
    case "FALSE":
      return false;
    default:
      return undefined;
  }
}

const isoZone =
  /^(\d{4})-(\d\d)-(\d\d)(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.(\d{1,9}))?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/;
const DAY_MS = 86_400_000;

/** An ISO 8601 day (its midnight in UTC) or time with a zone. Digits beyond the millisecond only where declared. */
function toDate(cell: string, declared: boolean): Date | undefined {
  return toPlainDate(cell) ?? toAnyDate(cell, declared);
}

/** The usual spellings, `2026-02-28` and `2026-02-28T10:00:00Z`, without a regular expression. */
function toPlainDate(cell: string): Date | undefined {
  if (cell.charCodeAt(4) !== MINUS || cell.charCodeAt(7) !== MINUS) return undefined;
  const day = dayNumber(fourDigits(cell), twoDigits(cell, 5), twoDigits(cell, 8));
  if (day === undefined) return undefined;
  if (cell.length === 10) return new Date(day * DAY_MS);
  if (cell.length !== 20 || cell[10] !== "T" || cell[19] !== "Z" || cell[13] !== ":" || cell[16] !== ":") {
    return undefined;
  }
  const hours = twoDigits(cell, 11);
  const minutes = twoDigits(cell, 14);
  const seconds = twoDigits(cell, 17);
  if (!(hours < 24 && minutes < 60 && seconds < 60)) return undefined;
  return new Date(day * DAY_MS + ((hours * 60 + minutes) * 60 + seconds) * 1_000);
}

function toAnyDate(cell: string, declared: boolean): Date | undefined {
  const match = isoZone.exec(cell);
  if (match === null) return undefined;
  if (!declared && (match[5]?.length ?? 0) > 3) return undefined;
  const exists = dayNumber(Number(match[1]), Number(match[2]), Number(match[3])) !== undefined;
  return exists ? new Date(cell) : undefined;
}

/** NaN where they are no digits. */
function twoDigits(cell: string, at: number): number {
  const tens = cell.charCodeAt(at) - ZERO;
  const ones = cell.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function fourDigits(cell: string): number {
  return twoDigits(cell, 0) * 100 + twoDigits(cell, 2);
}

/** Days since 1970 of a day of the Gregorian calendar; `undefined` where there is no such day. */
function dayNumber(year: number, month: number, day: number): number | undefined {
  if (!(year >= 0 && day >= 1 && day <= daysIn(year, month))) return undefined;
  // Counted in years that begin with March, so that the leap day is the last; in eras of 400 years.
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  if (month < 1 || month > 12) return 0;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function toJson(cell: string): Value | undefined {
  try {
    return toValue(JSON.parse(cell));
  } catch {
    // No JSON, or none that can be kept: the caller says where.
    return undefined;
  }
}
