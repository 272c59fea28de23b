import { type ErrorPlace, errorAt, nearestName } from "../base/index.ts";
import { checkId, type Value } from "../record/index.ts";
import {
  allOf,
  anyCondition,
  anyOf,
  isMadeCondition,
  kindOf,
  MAX_CONDITION_DEPTH,
  noneOf,
  hasId,
} from "./condition.ts";
import { unknownOperator, allOperators } from "./operators.ts";
import type { ComparisonOperator, Condition, ListOperator, Operator, UnaryOperator } from "./query.ts";

/** A condition, or its short form: `["price", "<", 5]`, `["category", "in", ["a", "b"]]`, `["note", "is null"]`. */
export type ConditionInput =
  | Condition
  | readonly [column: string, operator: UnaryOperator]
  | readonly [column: string, operator: ComparisonOperator, value: Value]
  | readonly [column: string, operator: ListOperator, values: readonly Value[]];

/** The frozen condition that the input stands for; `invalid` for anything malformed, wherever it came from. */
export function toCondition(input: ConditionInput, place: ErrorPlace = {}): Condition {
  return read(input, place, 0);
}

/** All of them hold; without conditions, always true. */
export function and(...conditions: readonly ConditionInput[]): Condition {
  return allOf(conditions.map((inner) => toCondition(inner)));
}

/** At least one of them holds; without conditions, never true. */
export function or(...conditions: readonly ConditionInput[]): Condition {
  return anyOf(conditions.map((inner) => toCondition(inner)));
}

/** True exactly where the condition is false, null cells included. */
export function not(inner: ConditionInput): Condition {
  return noneOf(toCondition(inner));
}

type Claimed = Readonly<Record<string, unknown>>;
const KINDS = ["compare", "list", "null", "id", "and", "or", "not"] as const;

function read(input: unknown, place: ErrorPlace, depth: number): Condition {
  if (typeof input !== "object" || input === null) {
    throw errorAt(
      "invalid",
      place,
      `a condition is an object or [column, operator, value], not ${kindOf(input)}`,
    );
  }
  if (isMadeCondition(input)) return input;
  if (depth >= MAX_CONDITION_DEPTH) {
    throw errorAt("invalid", place, `conditions are nested deeper than ${MAX_CONDITION_DEPTH} levels`);
  }
  if (Array.isArray(input)) return readShortForm(input, place);
  // Nothing is believed of what claims to be a condition: every property is looked at.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return readClaimed(input as Claimed, place, depth);
}

function readShortForm(input: readonly unknown[], place: ErrorPlace): Condition {
  const [column, operator, value] = input;
  if (input.length < 2 || input.length > 3) {
    throw errorAt(
      "invalid",
      place,
      "a condition's short form is [column, operator] or [column, operator, value]",
    );
  }
  return readTriple(column, operator, value, place);
}

function readTriple(column: unknown, operator: unknown, value: unknown, place: ErrorPlace): Condition {
  if (typeof column !== "string")
    throw errorAt("invalid", place, `a column is named by text, not ${kindOf(column)}`);
  if (!isOperator(operator)) throw unknownOperator(operator, { ...place, column });
  return anyCondition(column, operator, value, place);
}

function isOperator(operator: unknown): operator is Operator {
  return allOperators.some((known) => known === operator);
}

function readClaimed(input: Claimed, place: ErrorPlace, depth: number): Condition {
  const kind = KINDS.find((known) => known === input["kind"]);
  switch (kind) {
    case "compare":
    case "null":
      return matching(readTriple(input["column"], input["operator"], input["value"], place), kind, place);
    case "list":
      return matching(readTriple(input["column"], input["operator"], input["values"], place), kind, place);
    case "id":
      return hasId(...listOf(input["ids"], "ids", place).map((id) => checkId(id, place)));
    case "and":
      return allOf(readAll(input, place, depth), place);
    case "or":
      return anyOf(readAll(input, place, depth), place);
    case "not":
      return noneOf(read(input["condition"], place, depth + 1), place);
    default:
      throw unknownKind(input["kind"], place);
  }
}

function readAll(input: Claimed, place: ErrorPlace, depth: number): readonly Condition[] {
  return listOf(input["conditions"], "conditions", place).map((inner) => read(inner, place, depth + 1));
}

/** `{ kind: "compare", operator: "in" }` contradicts itself. */
function matching(made: Condition, kind: Condition["kind"], place: ErrorPlace): Condition {
  if (made.kind === kind) return made;
  throw errorAt("invalid", place, `a condition of kind "${kind}" has an operator of kind "${made.kind}"`);
}

function listOf(value: unknown, property: string, place: ErrorPlace): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw errorAt("invalid", place, `a condition's "${property}" is a list, not ${kindOf(value)}`);
}

function unknownKind(kind: unknown, place: ErrorPlace): Error {
  if (typeof kind !== "string")
    return errorAt("invalid", place, `a condition has a "kind", one of ${KINDS.join(", ")}`);
  const meant = nearestName(kind, KINDS);
  const hint = meant === undefined ? `known are: ${KINDS.join(", ")}` : `did you mean "${meant}"?`;
  return errorAt("invalid", place, `unknown kind of condition ${JSON.stringify(kind)}; ${hint}`);
}
