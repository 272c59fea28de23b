import { compareStrings, compareValues, type Row, type Value } from "../record/index.ts";
import { compilePath, evaluate, type Query, queryKey } from "../query/index.ts";
import type { RowChange } from "./row-change.ts";
import type { RowSet } from "./row-set.ts";
import type {
  AggregateResult,
  AggregateSpec,
  AggregateView,
  OrderedView,
  ViewEffect,
  ViewListener,
} from "./view-contract.ts";

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
  readonly #aggregates = new Map<string, NaiveAggregate>();

  constructor(rows: RowSet, options: ViewSetOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  /** Views that are kept up to date, those included that nobody uses any more. */
  get size(): number {
    return this.#ordered.size + this.#aggregates.size;
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
  openAggregate(query: Query, spec: AggregateSpec): AggregateView {
    const key = `${queryKey(query)} ${JSON.stringify([spec.kind, spec.column, spec.groupBy])}`;
    let view = this.#aggregates.get(key);
    if (view === undefined) {
      view = new NaiveAggregate(
        () => evaluate(this.#rows.entries(), query, this.#options.searchColumns()),
        spec,
      );
      this.#aggregates.set(key, view);
    }
    return view;
  }

  /** Brings every view to what the row set now holds. Listeners are not told before `notify`. */
  apply(changes: readonly RowChange[]): void {
    for (const view of this.#ordered.values()) view.apply(changes);
    if (changes.length > 0) for (const view of this.#aggregates.values()) view.change();
  }

  /** Rows changed too much to follow: every view starts over. Told by `notify`. */
  reset(): void {
    for (const view of this.#ordered.values()) view.reset();
    for (const view of this.#aggregates.values()) view.change();
  }

  /**
   * Ends one publication: tells the listeners of every view to which `apply`, `reset` or `touched` did something.
   * `touched`: rows that show the same with another status; `undefined`: every row does, told as `reset` by the
   * views of rows, which need not start over for it.
   */
  notify(touched: Iterable<string> | undefined): void {
    for (const view of this.#ordered.values()) view.notify(touched);
    for (const view of this.#aggregates.values()) view.notify();
  }

  /** Nobody reads any more. */
  close(): void {
    this.#ordered.clear();
    this.#aggregates.clear();
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

  notify(touched: Iterable<string> | undefined): void {
    if (touched === undefined) this.#reset = true;
    for (const id of touched ?? []) if (this.#ids.includes(id)) this.#changed.add(id);
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

/** From scratch at every read. */
class NaiveAggregate implements AggregateView {
  readonly #entries: () => readonly (readonly [string, Row])[];
  readonly #spec: AggregateSpec;
  readonly #listeners = new Set<ViewListener<void>>();
  #changed = false;

  constructor(entries: () => readonly (readonly [string, Row])[], spec: AggregateSpec) {
    this.#entries = entries;
    this.#spec = spec;
  }

  get value(): AggregateResult {
    return this.#result(this.#entries().map(([, row]) => row));
  }

  get groups(): ReadonlyMap<Value, AggregateResult> {
    const read = compilePath(this.#spec.groupBy ?? "");
    const groups: { key: Value; rows: Row[] }[] = [];
    for (const [, row] of this.#entries()) {
      const key = read(row) ?? null;
      const group = groups.find((known) => compareValues(known.key, key) === 0);
      if (group === undefined) groups.push({ key, rows: [row] });
      else group.rows.push(row);
    }
    return new Map(groups.map(({ key, rows }) => [key, this.#result(rows)]));
  }

  subscribe(listener: ViewListener<void>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  release(): void {
    // Kept.
  }

  change(): void {
    this.#changed = true;
  }

  notify(): void {
    if (!this.#changed) return;
    this.#changed = false;
    for (const listener of this.#listeners) listener();
  }

  #result(rows: readonly Row[]): AggregateResult {
    if (this.#spec.kind === "count") return rows.length;
    const read = compilePath(this.#spec.column ?? "");
    const cells = rows.map((row) => read(row) ?? null).filter((cell) => cell !== null);
    const ordered = cells.toSorted(compareValues);
    const sum = cells.reduce<number>((total, cell) => total + Number(cell), 0);
    switch (this.#spec.kind) {
      case "sum":
        return sum;
      case "avg":
        return cells.length === 0 ? undefined : sum / cells.length;
      case "min":
        return ordered[0];
      case "max":
        return ordered.at(-1);
      case "distinct":
        return ordered.filter((cell, at) => at === 0 || compareValues(cell, ordered[at - 1] ?? null) !== 0)
          .length;
    }
  }
}
