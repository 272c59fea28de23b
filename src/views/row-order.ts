import type { Row } from "../record/index.ts";
import type { RowChange } from "./row-change.ts";

/**
 * The ids of some rows in an order that takes changes, as a `LazyOrder` has it. Ranks are -1 where they are behind
 * what is prepared.
 */
export interface RowOrder {
  readonly count: number;
  readonly prepared: number;
  readonly isComplete: boolean;
  readonly sizeBytes: number;
  readonly movedFrom: number;
  readonly movedTo: number;
  add(id: string, row: Row): number;
  remove(id: string, row: Row): number;
  /** False where nothing has moved. */
  move(id: string, before: Row, after: Row): boolean;
  /** The lowest rank that may show another id now; Infinity where none does. No id twice. */
  applyBatch(changes: readonly RowChange[]): number;
  /** Of an id that is there with this row; `undefined` where it can't be known yet. */
  rankOf(id: string, row: Row): number | undefined;
  idAt(rank: number): string | undefined;
  idsBetween(start: number, end: number): string[];
  /** Does a few milliseconds of work; false where there is nothing to do now. */
  step(): boolean;
}
