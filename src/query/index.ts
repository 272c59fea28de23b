export { checkQuery } from "./check-query.ts";
export { compileConditions, type RowTest } from "./compile-conditions.ts";
export { compileOrder } from "./compile-order.ts";
export { compileSearch, foldCase } from "./compile-search.ts";
export { condition, hasId, isNotNull, isNull } from "./condition.ts";
export { evaluate } from "./evaluate.ts";
export { evaluateWindow } from "./evaluate-window.ts";
export { narrow, orderedBy, searching } from "./narrow.ts";
export { toOrder, type OrderInput } from "./order-term.ts";
export { queryKey, valueKey } from "./query-key.ts";
export { needs } from "./query-needs.ts";
export {
  everything,
  type ComparisonOperator,
  type Condition,
  type Direction,
  type ListOperator,
  type Operator,
  type OrderTerm,
  type Query,
} from "./query.ts";
export { and, not, or, toCondition, type ConditionInput } from "./to-condition.ts";
export { allOperators, unknownOperator } from "./operators.ts";
export { compilePath } from "./read-path.ts";
