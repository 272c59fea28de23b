import { compareStrings } from "../record/index.ts";
import { evaluate, type Query, queryKey } from "../query/index.ts";
import type { RowChange } from "./row-change.ts";
import type { RowSet } from "./row-set.ts";
import type { AggregateSpec, AggregateView, OrderedView, ViewEffect, ViewListener } from "./view-contract.ts";

/** What a view set needs of its surroundings. */
export interface ViewSetOptions {
  /** Where a search looks; `undefined`: every text cell. */
  readonly searchColumns: () => readonly string[] | undefined;
  /**
   * Has `step` called again and again behind what else goes on, until it returns false. Each call does a few
   * milliseconds of work.
   */
  readonly schedule: (step: () => boolean) => void;
}

/**
 * The views over one row set. The same conditions, search and order are one view, kept while anyone uses it and
 * for a while after. Purely computing: time and scheduling come from outside.
 */
export class ViewSet {
  readonly #rows: RowSet;
  readonly #options: ViewSetOptions;
  readonly #ordered = new Map<string, NaiveOrdered>();

  constructor(rows: RowSet, options: ViewSetOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  /** Opens, or shares, the view of a query; without an order the rows stand in the set's own. */
  openOrdered(query: Query): OrderedView {
    const key = queryKey(query, { order: true });
    let view = this.#ordered.get(key);
    if (view === undefined) {
      view = new NaiveOrdered(this.#rows, query, this.#options);
      this.#ordered.set(key, view);
    }
    return view;
  }

  /** Opens, or shares, an aggregate of the query's rows. */
  openAggregate(_query: Query, _spec: AggregateSpec): AggregateView {
    throw new Error("not yet");
  }

  /** Brings every view to what the row set now holds. Listeners are not told before `notify`. */
  apply(changes: readonly RowChange[]): void {
    for (const view of this.#ordered.values()) view.apply(changes);
  }

  /** Rows changed too much to follow: every view starts over. Told by `notify`. */
  reset(): void {
    for (const view of this.#ordered.values()) view.reset();
  }

  /** Ends one publication: tells the listeners of every view to which `apply`, `reset` or `touched` did something. */
  notify(touched: Iterable<string>): void {
    for (const view of this.#ordered.values()) view.notify(touched);
  }

  /** Nobody reads any more. */
  close(): void {
    this.#ordered.clear();
  }
}

/** From scratch at every step: to be replaced, and kept as the twin of the tests. */
class NaiveOrdered implements OrderedView {
  readonly #rows: RowSet;
  readonly #query: Query;
  readonly #options: ViewSetOptions;
  readonly #listeners = new Set<ViewListener<ViewEffect>>();
  #ids: string[];
  #changed = new Set<string>();
  #reset = false;

  constructor(rows: RowSet, query: Query, options: ViewSetOptions) {
    this.#rows = rows;
    this.#query = query;
    this.#options = options;
    this.#ids = this.#compute();
  }

  get count(): number {
    return this.#ids.length;
  }

  get prepared(): number {
    return this.#ids.length;
  }

  idAt(rank: number): string | undefined {
    return this.#ids[rank];
  }

  idsBetween(start: number, end: number): string[] {
    return this.#ids.slice(start, end);
  }

  rankOf(id: string): number {
    return this.#ids.indexOf(id);
  }

  whenComplete(): Promise<void> {
    return Promise.resolve();
  }

  subscribe(listener: ViewListener<ViewEffect>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  release(): void {
    // Kept.
  }

  apply(changes: readonly RowChange[]): void {
    const old = new Set(this.#ids);
    this.#ids = this.#compute();
    const now = new Set(this.#ids);
    for (const { id } of changes) if (old.has(id) || now.has(id)) this.#changed.add(id);
  }

  reset(): void {
    this.#ids = this.#compute();
    this.#reset = true;
  }

  notify(touched: Iterable<string>): void {
    for (const id of touched) if (this.#ids.includes(id)) this.#changed.add(id);
    if (!this.#reset && this.#changed.size === 0) return;
    const ids = this.#reset ? [] : [...this.#changed].sort(compareStrings);
    const ranges = this.#reset ? [] : [{ start: 0, end: Infinity }];
    const effect = { reset: this.#reset, ranges, ids };
    this.#reset = false;
    this.#changed = new Set();
    for (const listener of this.#listeners) listener(effect);
  }

  #compute(): string[] {
    return evaluate(this.#rows.entries(), this.#query, this.#options.searchColumns()).map(([id]) => id);
  }
}
