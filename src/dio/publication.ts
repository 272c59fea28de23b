import type { RowChange } from "../views/index.ts";

/** One step of what readers see. */
export interface Publication {
  /** Each id once, and only where what it shows differs. Empty with `reset`. */
  readonly changes: readonly RowChange[];
  /** So much changed at once that following row by row would cost more than starting over. */
  readonly reset: boolean;
  /** Rows that show the same with another status (stale, pending); `undefined`: every row may. */
  readonly touched: readonly string[] | undefined;
}

/** Told synchronously of every publication, before its events and before the promise of the call. */
export type PublicationListener = (publication: Publication) => void;
