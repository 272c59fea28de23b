import type { Entry, Row } from "../record/index.ts";

/**
 * The rows that views stand on: those that every reader sees. Rows are never mutated, so an array of them is
 * a snapshot. Views are told of every change by `ViewSet.apply` before anything reads them again.
 */
export interface RowSet {
  /** As it is now. */
  get(id: string): Row | undefined;
  readonly count: number;
  /** False while rows of an earlier session are still on their way into memory. */
  readonly isLoaded: boolean;
  /** Each once, in their own order, in which a row that is put again keeps its place. */
  entries(): Iterable<Entry>;
}
