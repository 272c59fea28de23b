import type { Entry, Row, Value } from "../record/index.ts";
import type { AggregateResult } from "./view-contract.ts";

/**
 * What is kept up to date with the rows that match a query. Whoever feeds it tells every row that comes, leaves
 * or changes exactly once, before anything is read again. None of the calls throws. Each returns whether the
 * result may be another now.
 */
export interface RowFollower {
  add(id: string, row: Row): boolean;
  remove(id: string, row: Row): boolean;
  /** A row that matched before and matches still. */
  replace(id: string, before: Row, after: Row): boolean;
  /** Rows changed too much to follow: starts over at the next read. */
  reset(): void;
}

/** The rows that match at this moment, in the order of the row set: asked at the first read and after `reset`. */
export type MatchingRows = () => Iterable<Entry>;

/** One result over the rows that match, and one for each group of them. */
export interface Aggregate extends RowFollower {
  /** Over all rows, grouped or not. Throws `invalid` while a cell has another type, naming its row. */
  readonly value: AggregateResult;
  /** By group, in the order in which they first came; the same map until something changes. Empty without `groupBy`. */
  readonly groups: ReadonlyMap<Value, AggregateResult>;
}

/** Keeps one result over the cells of one column. A cell is removed exactly as it was added. */
export interface CellAccumulator {
  add(cell: Value | undefined, id: string): void;
  remove(cell: Value | undefined, id: string): void;
  /** Throws `invalid` where a cell that is there has no place in it. */
  readonly result: AggregateResult;
}
