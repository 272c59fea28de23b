import { unreachable } from "../base/index.ts";
import type { Condition, Query } from "./query.ts";

/** What a source must be able to do to honour a query whole. */
export type QueryNeed = "canMatch" | "canFilter" | "canOrder" | "canSearch";

/** What honouring this condition takes: equality and ids `canMatch`, anything else `canFilter`. */
function conditionNeed(condition: Condition): "canMatch" | "canFilter" {
  if (condition.kind === "id") return "canMatch";
  return condition.kind === "compare" && condition.operator === "=" ? "canMatch" : "canFilter";
}

/** What honouring the whole query takes, each named once. */
export function needs(query: Query): readonly QueryNeed[] {
  const found = new Set<QueryNeed>(query.conditions.map(conditionNeed));
  if (query.order.length > 0) found.add("canOrder");
  if (query.search !== undefined) found.add("canSearch");
  return [...found];
}

/** The column paths that its conditions and its order name, each once. */
export function columnsOf(query: Query): readonly string[] {
  const columns = new Set<string>();
  for (const condition of query.conditions) collectColumns(condition, columns);
  for (const term of query.order) columns.add(term.column);
  return [...columns];
}

function collectColumns(condition: Condition, into: Set<string>): void {
  switch (condition.kind) {
    case "compare":
    case "list":
    case "null":
      into.add(condition.column);
      return;
    case "id":
      return;
    case "and":
    case "or":
      for (const inner of condition.conditions) collectColumns(inner, into);
      return;
    case "not":
      return collectColumns(condition.condition, into);
    default:
      unreachable(condition);
  }
}
