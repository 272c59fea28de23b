import { type ErrorPlace, errorAt } from "../base/index.ts";
import { kindOf } from "./condition.ts";
import { type OrderInput, toOrder } from "./order-term.ts";
import type { Condition, OrderTerm, Query } from "./query.ts";
import { type ConditionInput, toCondition } from "./to-condition.ts";

/** The query narrowed further: all of the conditions must hold as well. */
export function narrow(query: Query, ...conditions: readonly ConditionInput[]): Query {
  if (conditions.length === 0) return query;
  const added = conditions.flatMap((input) => conjuncts(toCondition(input)));
  return Object.freeze({ ...query, conditions: Object.freeze([...query.conditions, ...added]) });
}

/** An `and` says no more than its members in a list, and a source may honour some of them. */
function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === "and" ? condition.conditions.flatMap(conjuncts) : [condition];
}

/** The query ordered by these terms behind those that it has. A column that is there already adds nothing. */
export function orderedBy(query: Query, ...terms: readonly OrderInput[]): Query {
  if (terms.length === 0) return query;
  const order: OrderTerm[] = [...query.order];
  for (const input of terms) {
    const term = toOrder(input);
    if (!order.some((known) => known.column === term.column)) order.push(term);
  }
  return Object.freeze({ ...query, order: Object.freeze(order) });
}

/** The query with this search in place of its own; blank text means none. */
export function searching(query: Query, text: string | undefined, place: ErrorPlace = {}): Query {
  if (text === undefined) return Object.freeze({ ...query, search: undefined });
  if (typeof text !== "string") throw errorAt("invalid", place, `a search is text, not ${kindOf(text)}`);
  if (!text.isWellFormed()) throw errorAt("invalid", place, "the search holds half of a surrogate pair");
  return Object.freeze({ ...query, search: text.trim() === "" ? undefined : text });
}
