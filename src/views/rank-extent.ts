import { compileOrder, type OrderTerm } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import type { RowChange } from "./row-change.ts";
import type { RowOrder } from "./row-order.ts";
import type { Range } from "./view-contract.ts";

/**
 * From the first to the last of the rows that were there before and are there still; `start` is Infinity without any.
 * Comparing them is cheaper than asking for the rank of each. The order is complete.
 */
export function rankExtent(
  order: RowOrder,
  terms: readonly OrderTerm[],
  changes: readonly RowChange[],
): Range {
  const compare =
    terms.length > 0
      ? compileOrder(terms)
      : (aId: string, aRow: Row, bId: string, bRow: Row) => rank(aId, aRow) - rank(bId, bRow);
  const rank = (id: string, row: Row): number => order.rankOf(id, row) ?? 0;
  let first: Entry | undefined;
  let last: Entry | undefined;
  for (const { id, before, after } of changes) {
    if (before === undefined || after === undefined) continue;
    const entry: Entry = [id, after];
    if (first === undefined || compare(id, after, first[0], first[1]) < 0) first = entry;
    if (last === undefined || compare(id, after, last[0], last[1]) > 0) last = entry;
  }
  return first === undefined || last === undefined
    ? { start: Infinity, end: Infinity }
    : { start: rank(...first), end: rank(...last) + 1 };
}
