import type { Row } from "../record/index.ts";

/** What one id showed before and after: `undefined` where there was or is no row. */
export interface RowChange {
  readonly id: string;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** One step of what readers see. */
export interface Publication {
  /** Each id once, and only where what it shows differs. Empty with `reset`. */
  readonly changes: readonly RowChange[];
  /** So much changed at once that following row by row would cost more than starting over. */
  readonly reset: boolean;
  /** Rows that show the same with another status (stale, pending). */
  readonly touched: readonly string[];
}

/** Told synchronously of every publication, before its events and before the promise of the call. */
export type PublicationListener = (publication: Publication) => void;
