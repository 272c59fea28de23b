import { errorAt, type ErrorPlace } from "../base/index.ts";
import {
  toCondition,
  toOrder,
  type Condition,
  type ConditionInput,
  type OrderInput,
  type OrderTerm,
} from "../query/index.ts";

/** A column of `R`, or a dotted path into one. */
export type ColumnOf<R extends object> = (keyof R & string) | `${keyof R & string}.${string}`;

/** Two arguments are always equality, whatever the value says: a user's text never becomes an operator. */
export function toConditions(given: readonly unknown[], place: ErrorPlace): readonly Condition[] {
  const [first, second, third] = given;
  if (given.length === 3) return [toCondition(asCondition([first, second, third]), place)];
  if (given.length === 2) return [toCondition(asCondition([first, "=", second]), place)];
  if (given.length !== 1) throw errorAt("invalid", place, "where takes a column, an operator and a value");
  // A list of conditions is told from a single one in list form by its first item: that one's is a column.
  if (!isList(first) || typeof first[0] === "string") return [toCondition(asCondition(first), place)];
  return first.map((input) => toCondition(asCondition(input), place));
}

/** The terms of an order, from a column with its direction or from a list. */
export function toOrderTerms(given: readonly unknown[], place: ErrorPlace): readonly OrderTerm[] {
  const [first, direction, nulls] = given;
  if (given.length === 1 && isList(first)) return first.map((term) => toOrder(asOrder(term), place));
  if (given.length < 1 || given.length > 3) {
    throw errorAt(
      "invalid",
      place,
      "orderBy takes a column, a direction and where nulls go, or a list of terms",
    );
  }
  return [toOrder(asOrder({ column: first, direction, nulls }), place)];
}

/** For what reads it as unknown: everything about a condition is checked at run time. */
function asCondition(input: unknown): ConditionInput {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked at run time
  return input as ConditionInput;
}

/** As above. */
function asOrder(input: unknown): OrderInput {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked at run time
  return input as OrderInput;
}

function isList(input: unknown): input is readonly unknown[] {
  return Array.isArray(input);
}
