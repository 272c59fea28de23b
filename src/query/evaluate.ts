import type { Entry } from "../record/index.ts";
import { compileConditions } from "./compile-conditions.ts";
import { compileOrder } from "./compile-order.ts";
import { compileSearch } from "./compile-search.ts";
import type { Query } from "./query.ts";

/**
 * What a query means: the entries that pass, in its order, else in their own. `searchColumns`: where the
 * search looks; `undefined` for every text cell. Everything else in the project agrees with this.
 */
export function evaluate(
  entries: Iterable<Entry>,
  query: Query,
  searchColumns: readonly string[] | undefined,
): Entry[] {
  const passing = filterEntries(entries, query, searchColumns);
  if (query.order.length === 0) return passing;
  const compare = compileOrder(query.order);
  return passing.sort((a, b) => compare(a[0], a[1], b[0], b[1]));
}

/** The entries that pass, in their own order. */
export function filterEntries(
  entries: Iterable<Entry>,
  query: Query,
  searchColumns: readonly string[] | undefined,
): Entry[] {
  const holds = compileConditions(query.conditions);
  const found = query.search === undefined ? () => true : compileSearch(query.search, searchColumns);
  const passing: Entry[] = [];
  for (const entry of entries) {
    if (holds(entry[0], entry[1]) && found(entry[1])) passing.push(entry);
  }
  return passing;
}
