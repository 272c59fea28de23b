import { type ErrorPlace, errorAt, nearestName } from "../base/index.ts";
import type { ComparisonOperator, ListOperator, Operator, UnaryOperator } from "./query.ts";

const COMPARISON: readonly ComparisonOperator[] = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "contains",
  "starts with",
];
const LIST: readonly ListOperator[] = ["in", "not in"];
const UNARY: readonly UnaryOperator[] = ["is null", "is not null"];

/** Every operator there is. */
export const allOperators: readonly Operator[] = Object.freeze([...COMPARISON, ...LIST, ...UNARY]);

/** What people of other languages write, for the hint in the error. */
const FOREIGN: ReadonlyMap<string, Operator> = new Map([
  ["==", "="],
  ["===", "="],
  ["eq", "="],
  ["<>", "!="],
  ["!==", "!="],
  ["ne", "!="],
  ["lt", "<"],
  ["=<", "<="],
  ["gt", ">"],
  ["=>", ">="],
  ["like", "contains"],
  ["includes", "contains"],
  ["is", "is null"],
  ["is not", "is not null"],
]);

export function isComparisonOperator(operator: unknown): operator is ComparisonOperator {
  return COMPARISON.some((known) => known === operator);
}

export function isListOperator(operator: unknown): operator is ListOperator {
  return LIST.some((known) => known === operator);
}

export function isUnaryOperator(operator: unknown): operator is UnaryOperator {
  return UNARY.some((known) => known === operator);
}

/** The error for a word that is no operator, with the one that was probably meant. */
export function unknownOperator(operator: unknown, place: ErrorPlace): Error {
  if (typeof operator !== "string")
    return errorAt("invalid", place, `an operator is text, not ${typeof operator}`);
  const word = operator.trim().toLowerCase();
  const meant = FOREIGN.get(word) ?? nearestName(word, allOperators);
  const hint = meant === undefined ? `known are: ${allOperators.join(", ")}` : `did you mean "${meant}"?`;
  return errorAt("invalid", place, `unknown operator ${JSON.stringify(operator)}; ${hint}`);
}
