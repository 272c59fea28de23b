import { unreachable } from "../base/index.ts";
import type { Condition, Query } from "../query/index.ts";

/** The query in one line for people. Values show as `?`: they may be what nobody else should read. */
export function explainQuery(query: Query): string {
  const parts = ["read"];
  if (query.conditions.length > 0)
    parts.push(`where ${query.conditions.map(explainCondition).join(" and ")}`);
  if (query.search !== undefined) parts.push("search ?");
  if (query.order.length > 0) {
    const terms = query.order.map((term) => `${term.column} ${term.direction} nulls ${term.nulls}`);
    parts.push(`order by ${terms.join(", ")}`);
  }
  return parts.join(" ");
}

function explainCondition(condition: Condition): string {
  switch (condition.kind) {
    case "compare":
      return `${condition.column} ${condition.operator} ?`;
    case "list":
      return `${condition.column} ${condition.operator} (${condition.values.length} values)`;
    case "null":
      return `${condition.column} ${condition.operator}`;
    case "id":
      return condition.ids.length === 1 ? "id = ?" : `id in (${condition.ids.length} ids)`;
    case "and":
    case "or":
      return `(${condition.conditions.map(explainCondition).join(` ${condition.kind} `)})`;
    case "not":
      return `not ${explainCondition(condition.condition)}`;
    default:
      return unreachable(condition);
  }
}
