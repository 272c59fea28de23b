import { type ErrorPlace, errorAt } from "../base/index.ts";
import { checkId, isList, isPlainObject, toValue, type Value } from "../record/index.ts";
import { isComparisonOperator, isListOperator, isUnaryOperator, unknownOperator } from "./operators.ts";
import type { ComparisonOperator, Condition, ListOperator, Operator, UnaryOperator } from "./query.ts";

/** Groups nested deeper than this are refused. */
export const MAX_CONDITION_DEPTH = 256;

/** What was made here needs no second check, however often it is handed over. The value is its depth. */
const madeHere = new WeakMap<Condition, number>();

/** Whether one of these factories made the condition. */
export function isMadeCondition(input: object): input is Condition {
  // Looking up needs a key of the map's type; any object may be asked for.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return madeHere.has(input as Condition);
}

/** A column against a value (`=`, `<`, `contains` …) or a list of values (`in`, `not in`). */
export function condition(
  column: string,
  operator: ComparisonOperator | ListOperator,
  value: Value,
  place: ErrorPlace = {},
): Condition {
  checkColumn(column, place);
  const at = { ...place, column };
  if (isListOperator(operator)) return listCondition(column, operator, value, at);
  if (!isComparisonOperator(operator)) throw unknownOperator(operator, at);
  if ((operator === "contains" || operator === "starts with") && typeof value !== "string") {
    throw errorAt("invalid", at, `"${operator}" looks for text; give a text, not ${kindOf(value)}`);
  }
  return made({ kind: "compare", column, operator, value: frozenValue(value, at) });
}

function listCondition(column: string, operator: ListOperator, value: unknown, at: ErrorPlace): Condition {
  if (!Array.isArray(value))
    throw errorAt("invalid", at, `"${operator}" takes a list of values, not ${kindOf(value)}`);
  const values = value.map((item) => frozenValue(item, at));
  return made({ kind: "list", column, operator, values: Object.freeze(values) });
}

/** The column is null or absent. */
export function isNull(column: string, place: ErrorPlace = {}): Condition {
  return unaryCondition(column, "is null", place);
}

/** The column is there and isn't null. */
export function isNotNull(column: string, place: ErrorPlace = {}): Condition {
  return unaryCondition(column, "is not null", place);
}

/** A condition of any operator; `is null` and `is not null` take no value. */
export function anyCondition(
  column: string,
  operator: Operator,
  value: unknown,
  place: ErrorPlace,
): Condition {
  checkColumn(column, place);
  const at = { ...place, column };
  if (!isUnaryOperator(operator)) {
    if (value === undefined) throw errorAt("invalid", at, `"${String(operator)}" needs a value`);
    return condition(column, operator, toValue(value, at), place);
  }
  if (value !== undefined) throw errorAt("invalid", at, `"${operator}" takes no value`);
  return unaryCondition(column, operator, place);
}

function unaryCondition(column: string, operator: UnaryOperator, place: ErrorPlace): Condition {
  checkColumn(column, place);
  return made({ kind: "null", column, operator });
}

/** The row has one of these ids; without ids, none has. */
export function hasId(...ids: readonly string[]): Condition {
  return made({ kind: "id", ids: Object.freeze(ids.map((id) => checkId(id))) });
}

/** All of them hold; without conditions, always true. */
export function allOf(conditions: readonly Condition[], place: ErrorPlace = {}): Condition {
  return made({ kind: "and", conditions: Object.freeze([...conditions]) }, depthOf(conditions), place);
}

/** At least one of them holds; without conditions, never true. */
export function anyOf(conditions: readonly Condition[], place: ErrorPlace = {}): Condition {
  return made({ kind: "or", conditions: Object.freeze([...conditions]) }, depthOf(conditions), place);
}

/** True exactly where the condition is false, null cells included. */
export function noneOf(inner: Condition, place: ErrorPlace = {}): Condition {
  return made({ kind: "not", condition: inner }, depthOf([inner]), place);
}

function depthOf(conditions: readonly Condition[]): number {
  return conditions.reduce((deepest, inner) => Math.max(deepest, madeHere.get(inner) ?? 0), 0) + 1;
}

function made(plain: Condition, depth = 1, place: ErrorPlace = {}): Condition {
  if (depth > MAX_CONDITION_DEPTH) {
    throw errorAt("invalid", place, `conditions are nested deeper than ${MAX_CONDITION_DEPTH} levels`);
  }
  const frozen = Object.freeze(plain);
  madeHere.set(frozen, depth);
  return frozen;
}

function frozenValue(input: unknown, at: ErrorPlace): Value {
  return freeze(toValue(input, at));
}

/** Lists and objects throughout; what dates and bytes hold can't be frozen. */
function freeze(value: Value): Value {
  if (!isList(value) && !isPlainObject(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

/** A column is any well-formed text; whether the schema has it is asked elsewhere. */
export function checkColumn(column: unknown, place: ErrorPlace): asserts column is string {
  if (typeof column !== "string")
    throw errorAt("invalid", place, `a column is named by text, not ${kindOf(column)}`);
  if (!column.isWellFormed())
    throw errorAt("invalid", place, "a column's name holds half of a surrogate pair");
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}
