import { compileConditions, compileOrder, compileSearch, type Query } from "../query/index.ts";
import type { RowChange } from "../views/index.ts";
import { type Schema, searchColumnsOf } from "../vista/index.ts";

/** Whether a change of the master's rows may have moved rows of a table. */
export type MovesRows = (change: RowChange) => boolean;

/** By the query: a row that came into it or left it moves others, and one that changes what it is ordered by. */
export function compileMovesRows(query: Query, schema: Schema): MovesRows {
  const matches = compileConditions(query.conditions);
  const found =
    query.search === undefined ? () => true : compileSearch(query.search, searchColumnsOf(schema));
  const compare = compileOrder(query.order);
  return ({ id, before, after }) => {
    // A row left of which nobody knew anything: it may have stood anywhere.
    if (before === undefined && after === undefined) return true;
    const wasIn = before !== undefined && matches(id, before) && found(before);
    const isIn = after !== undefined && matches(id, after) && found(after);
    if (!wasIn || !isIn) return wasIn || isIn;
    return compare(id, before, id, after) !== 0;
  };
}
