import type { Value } from "../../record/index.ts";
import { toValue } from "../../record/index.ts";
import type { ColumnType } from "../../vista/index.ts";

const decimalText = /^-?\d+(?:\.\d+)?$/;
const wholeText = /^(?:0|-?[1-9]\d*)$/;
/** A day, or a time with its zone. */
const isoText =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/;
const base64Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
/** Longer whole numbers take the engine too long. */
const MAX_DIGITS = 4_096;

type CellReader = (json: unknown) => Value | undefined;

const readers: Readonly<Record<ColumnType, CellReader>> = {
  text: (json) => (typeof json === "string" && json.isWellFormed() ? json : undefined),
  integer: toInteger,
  number: (json) => (typeof json === "number" || typeof json === "bigint" ? json : undefined),
  decimal: (json) => (typeof json === "string" && decimalText.test(json) ? json : undefined),
  boolean: (json) => (typeof json === "boolean" ? json : undefined),
  date: (json) => (typeof json === "string" ? toDate(json) : undefined),
  bytes: (json) => (typeof json === "string" ? toBytes(json) : undefined),
  json: toJsonValue,
};

/** The value that a column of that type holds for this JSON; `undefined` where it is of another type. */
export function toCell(type: ColumnType, json: unknown): Value | undefined {
  return json === null ? null : readers[type](json);
}

/** A JSON number, or digits in a text: the usual way of those that a JSON number would cut off. */
function toInteger(json: unknown): Value | undefined {
  if (typeof json === "number") return Number.isSafeInteger(json) ? json : undefined;
  if (typeof json === "bigint") return toShortest(json);
  if (typeof json !== "string" || json.length > MAX_DIGITS || !wholeText.test(json)) return undefined;
  return toShortest(BigInt(json));
}

function toShortest(whole: bigint): number | bigint {
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : whole;
}

function toDate(text: string): Date | undefined {
  const match = isoText.exec(text);
  if (match === null) return undefined;
  const day = new Date(0);
  // Not Date.UTC: it takes the years before 100 for later ones.
  day.setUTCFullYear(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  // The engine would take the 30th of February for a day in March.
  if (day.getUTCMonth() + 1 !== Number(match[2]) || day.getUTCDate() !== Number(match[3])) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function toBytes(text: string): Uint8Array | undefined {
  if (!base64Text.test(text)) return undefined;
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Checked throughout: JSON may hold halves of surrogate pairs, and nest without end. */
function toJsonValue(json: unknown): Value | undefined {
  try {
    return toValue(json);
  } catch {
    // The caller says where; what the value holds is nobody's business.
    return undefined;
  }
}
