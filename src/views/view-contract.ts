import type { Value } from "../record/index.ts";

/** Positions from `start` up to, not including, `end`; Infinity: to the end. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** What one publication did to a view. */
export interface ViewEffect {
  /** Start over: everything may be different, or every row shows another status. `ranges` and `ids` are empty then. */
  readonly reset: boolean;
  /**
   * Positions, as they are after it, outside of which nothing has moved, come, left or changed. Ascending,
   * apart from each other. A row that came or left reaches to Infinity; one that moved, between its places.
   */
  readonly ranges: readonly Range[];
  /** Rows that came, left, changed or show another status, each once. */
  readonly ids: readonly string[];
}

export type ViewListener<Effect> = (effect: Effect) => void;

/** A view that is kept up to date with every change, shared by everyone who asks for the same. */
interface LiveView<Effect> {
  /** Calls the listener once for each publication that has done something to it. */
  subscribe(listener: ViewListener<Effect>): () => void;
  /** Lets go of it; each `ViewSet.open…` needs one. Idempotent. */
  release(): void;
}

/** The rows that match conditions and search, in an order: a window is a range of ranks on it. */
export interface OrderedView extends LiveView<ViewEffect> {
  /** How many rows match. */
  readonly count: number;
  /** Ranks below this can be read without further work: `count` once the order is complete. */
  readonly prepared: number;
  /**
   * The id at a rank, counted from 0. A rank that is not prepared completes the order first. `undefined`: past
   * the end, or where the order is still to come from disk.
   */
  idAt(rank: number): string | undefined;
  /** The ids of `[start, end)`, fewer at the end. */
  idsBetween(start: number, end: number): string[];
  /** The rank of a row, -1 where it does not match. */
  rankOf(id: string): number;
  /** Resolves when every rank is prepared; rejects only if the view set is closed, or lets go of a view that was released. */
  whenComplete(): Promise<void>;
}

export type AggregateKind = "count" | "sum" | "avg" | "min" | "max" | "distinct";

/** What to keep of the rows that match. `column`: for all but count. `groupBy`: one result for each of its values. */
export interface AggregateSpec {
  readonly kind: AggregateKind;
  readonly column?: string | undefined;
  readonly groupBy?: string | undefined;
  /** The column's declared type, where it has one: only a `decimal` column's text is added up. */
  readonly columnType?: string | undefined;
}

/**
 * Of `min`, `max`: the cell; of `sum`: number, bigint or decimal text as the column has; `undefined` where there
 * is nothing to tell (min, max, avg of no rows).
 */
export type AggregateResult = Value | undefined;

/** One number or value over the rows that match, or one for each group. */
export interface AggregateView extends LiveView<void> {
  /** Computed at the first read, then kept. Throws `invalid` where a cell has another type, naming its row. */
  readonly value: AggregateResult;
  /**
   * The same by group; groups without rows are gone. Null and absent are one group, `null`. A new map after each
   * change; keys are looked up as conditions compare, so 5 finds 5n and a list its like.
   */
  readonly groups: ReadonlyMap<Value, AggregateResult>;
}

/** A value of the user's own over the rows that match. */
export interface ReductionView<Result> extends LiveView<void> {
  /** Computed at the first read after a change; passes on what the reducer throws. */
  readonly value: Result;
}
