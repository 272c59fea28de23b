import { everything, type Query, queryKey } from "../query/index.ts";
import { QueryScope } from "./query-scope.ts";

/** What a query is to the views: its rows, and a key for their order. */
export interface KeyedQuery {
  readonly scope: QueryScope;
  /** Empty for no order. */
  readonly orderKey: string;
}

/** Queries are frozen and asked again and again: their keys are made once. */
export class ScopeCache {
  readonly #searchColumns: () => readonly string[] | undefined;
  readonly #known = new WeakMap<Query, KeyedQuery>();

  constructor(searchColumns: () => readonly string[] | undefined) {
    this.#searchColumns = searchColumns;
  }

  keyed(query: Query): KeyedQuery {
    // Where a search looks may be another place by now.
    const columns = query.search === undefined ? undefined : this.#searchColumns();
    const known = this.#known.get(query);
    if (known !== undefined && known.scope.searchColumns === columns) return known;
    const keyed = { scope: new QueryScope(query, columns), orderKey: orderKeyOf(query) };
    this.#known.set(query, keyed);
    return keyed;
  }
}

function orderKeyOf({ order }: Query): string {
  return order.length === 0 ? "" : queryKey({ ...everything, order }, { order: true });
}
