import { type ErrorPlace, errorAt, nearestName } from "../base/index.ts";
import { checkColumn, kindOf } from "./condition.ts";
import type { Direction, OrderTerm } from "./query.ts";

/** A column, upwards unless told otherwise: `"price"`, `["price", "desc"]`, `{ column, direction, nulls }`. */
export type OrderInput =
  | string
  | readonly [column: string, direction?: Direction]
  | {
      readonly column: string;
      readonly direction?: Direction | undefined;
      readonly nulls?: "first" | "last" | undefined;
    };

const DIRECTIONS = ["asc", "desc"] as const;
const NULLS = ["first", "last"] as const;

/** One frozen term of an order; `invalid` for an unknown direction. */
export function orderTerm(
  column: string,
  direction: Direction = "asc",
  nulls: "first" | "last" = "last",
  place: ErrorPlace = {},
): OrderTerm {
  checkColumn(column, place);
  const at = { ...place, column };
  return Object.freeze({
    column,
    direction: oneOf(direction, DIRECTIONS, "direction", at),
    nulls: oneOf(nulls, NULLS, "place for nulls", at),
  });
}

/** The frozen term that the input stands for. */
export function toOrder(input: OrderInput, place: ErrorPlace = {}): OrderTerm {
  if (typeof input === "string") return orderTerm(input, "asc", "last", place);
  if (typeof input !== "object" || input === null) {
    throw errorAt(
      "invalid",
      place,
      `an order is a column, [column, direction] or an object, not ${kindOf(input)}`,
    );
  }
  if (isPair(input)) {
    if (input.length < 1 || input.length > 2)
      throw errorAt("invalid", place, "an order is [column] or [column, direction]");
    return orderTerm(input[0], input[1], "last", place);
  }
  return orderTerm(input.column, input.direction, input.nulls, place);
}

function isPair(input: object): input is readonly [string, Direction?] {
  return Array.isArray(input);
}

function oneOf<T extends string>(word: unknown, known: readonly T[], what: string, at: ErrorPlace): T {
  const found = known.find((candidate) => candidate === word);
  if (found !== undefined) return found;
  const meant = typeof word === "string" ? meantBy(word.toLowerCase(), known) : undefined;
  const hint = meant === undefined ? `known are: ${known.join(", ")}` : `did you mean "${meant}"?`;
  throw errorAt(
    "invalid",
    at,
    `unknown ${what} ${typeof word === "string" ? JSON.stringify(word) : kindOf(word)}; ${hint}`,
  );
}

/** Written out in full ("descending"), or misspelt. */
function meantBy(word: string, known: readonly string[]): string | undefined {
  return known.find((candidate) => word.startsWith(candidate)) ?? nearestName(word, known);
}
