import { evaluate, type Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import type { OrderedView } from "../views/index.ts";
import type { DioState } from "./dio-state.ts";
import type { StepAnswer } from "./facade-reads.ts";
import type { TokenPlace } from "./facade-token.ts";

/**
 * Answers from the shared views, with every row in memory: the first answer of a query orders as much as it needs,
 * later ones are ranges of ranks, for as long as the view set keeps the view.
 */
export class ViewReads {
  readonly #state: DioState;
  readonly #searchColumns: () => readonly string[] | undefined;

  constructor(state: DioState, searchColumns: () => readonly string[] | undefined) {
    this.#state = state;
    this.#searchColumns = searchColumns;
  }

  rows(query: Query): readonly Entry[] {
    const few = this.#candidates(query);
    if (few !== undefined) return evaluate(few, query, this.#searchColumns());
    return this.#read(query, (view) => this.#entries(view.idsBetween(0, Infinity)));
  }

  window(query: Query, offset: number, limit: number): { rows: readonly Entry[]; total: number } {
    const few = this.#candidates(query);
    if (few !== undefined) {
      const rows = evaluate(few, query, this.#searchColumns());
      return { rows: rows.slice(offset, offset + limit), total: rows.length };
    }
    return this.#read(query, (view) => ({
      rows: this.#entries(view.idsBetween(offset, offset + limit)),
      total: view.count,
    }));
  }

  step(query: Query, after: TokenPlace | undefined, size: number): StepAnswer {
    return this.#read(query, (view) => {
      const rank = after === undefined ? -1 : view.rankOf(after.afterId);
      const start = rank === -1 ? Math.min(after?.offset ?? 0, view.count) : rank + 1;
      const rows = this.#entries(view.idsBetween(start, start + size));
      const end = start + rows.length;
      return { rows, end, isLast: end >= view.count };
    });
  }

  count(query: Query): number {
    if (query.conditions.length === 0 && query.search === undefined) return this.#state.visibleCount;
    const few = this.#candidates(query);
    if (few !== undefined) return evaluate(few, query, this.#searchColumns()).length;
    const view = this.#state.views.openAggregate(query, { kind: "count" });
    try {
      return Number(view.value);
    } finally {
      view.release();
    }
  }

  /** Where a look at a few rows, or at all in their own order, decides: no view is worth it. */
  #candidates(query: Query): Iterable<Entry> | undefined {
    const isOrdered = query.order.length > 0;
    for (const condition of query.conditions) {
      // Several rows without an order would stand in that of the condition.
      if (condition.kind === "id" && (isOrdered || condition.ids.length === 1))
        return this.#entries(new Set(condition.ids));
    }
    const isEverything = !isOrdered && query.conditions.length === 0 && query.search === undefined;
    return isEverything ? this.#state.visibleEntries() : undefined;
  }

  #read<T>(query: Query, read: (view: OrderedView) => T): T {
    const view = this.#state.views.openOrdered(query);
    try {
      return read(view);
    } finally {
      view.release();
    }
  }

  #entries(ids: Iterable<string>): Entry[] {
    const entries: Entry[] = [];
    for (const id of ids) {
      const row: Row | undefined = this.#state.visible(id);
      if (row !== undefined) entries.push([id, row]);
    }
    return entries;
  }
}
