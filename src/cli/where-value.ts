import type { ComparisonOperator, ListOperator } from "../query/index.ts";
import type { Value } from "../record/index.ts";
import type { Column, ColumnType } from "../vista/index.ts";

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const DAY = /^(\d{4}-\d\d-\d\d)(?:[Tt ]?(\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)([Zz]|[+-]\d\d:\d\d))?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A value as it was written. */
export interface Written {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** The value, or why it can't be one. */
export type ReadValue = { readonly value: Value } | { readonly problem: string };

/**
 * A written value as the column's type has it. Where the type is not known (`json`, a column that no schema lists),
 * numbers, `true` and `false` are what they look like, and everything else is text.
 */
export function readValue(
  { text, isQuoted }: Written,
  column: Column | undefined,
  operator: ComparisonOperator | ListOperator,
): ReadValue {
  const type = column?.type ?? "json";
  if (!isQuoted && text.toLowerCase() === "null")
    return { problem: `nothing equals null: write "is null" or "is not null" (or quote the text 'null')` };
  if (operator === "contains" || operator === "starts with") {
    if (type === "text" || type === "json" || type === "decimal") return { value: text };
    return { problem: `"${operator}" looks into text, and the column is ${nameOf(type)}` };
  }
  if (type === "decimal" && ORDERING.has(operator))
    return { problem: `decimal columns keep their digits as text, which has no order by size` };
  const value = type === "json" ? guess(text, isQuoted) : readers[type](text);
  return value === undefined ? { problem: `the column is ${nameOf(type)}; ${example[type]}` } : { value };
}

const ORDERING: ReadonlySet<string> = new Set(["<", "<=", ">", ">="]);

const readers: Readonly<Record<Exclude<ColumnType, "json">, (text: string) => Value | undefined>> = {
  text: (text) => text,
  integer: readNumber,
  number: readNumber,
  decimal: (text) => (DECIMAL.test(text) ? text : undefined),
  boolean: (text) => readBoolean(text),
  date: readDate,
  bytes: (text) => (BASE64.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined),
};

const example: Readonly<Record<ColumnType, string>> = {
  text: "any text is one",
  integer: "a number such as 12",
  number: "a number such as 12.5",
  decimal: "digits such as 12.50",
  boolean: "true or false",
  date: "a day such as 2026-05-31, or a time with its zone such as 2026-05-31T08:00:00Z",
  bytes: "base64 such as AQID",
  json: "a number, true, false or text",
};

const nameOf = (type: ColumnType): string => (type === "integer" ? "an integer" : `of type ${type}`);

function guess(text: string, isQuoted: boolean): Value {
  if (isQuoted) return text;
  return readBoolean(text) ?? (NUMBER.test(text) ? readNumber(text) : undefined) ?? text;
}

/** Integers that a double can't hold are bigints. */
function readNumber(text: string): Value | undefined {
  if (INTEGER.test(text)) {
    const exact = BigInt(text.replace(/^\+/, ""));
    const isSafe = exact >= BigInt(Number.MIN_SAFE_INTEGER) && exact <= BigInt(Number.MAX_SAFE_INTEGER);
    return isSafe ? Number(text) : exact;
  }
  if (NUMBER.test(text)) return Number(text);
  return SPECIAL_NUMBERS.get(text.toLowerCase());
}

const SPECIAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["infinity", Number.POSITIVE_INFINITY],
  ["+infinity", Number.POSITIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);

function readBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  return word === "true" ? true : word === "false" ? false : undefined;
}

/** A day is its first moment in UTC; a time needs its zone. Days that no month has are refused. */
function readDate(text: string): Date | undefined {
  const [whole, day, time, zone] = DAY.exec(text) ?? [];
  if (whole === undefined || day === undefined) return undefined;
  const date = new Date(
    time === undefined ? `${day}T00:00:00Z` : `${day}T${time}${(zone ?? "Z").toUpperCase()}`,
  );
  if (Number.isNaN(date.getTime())) return undefined;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? date : undefined;
}
