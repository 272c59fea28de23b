import type { Cache } from "../live/index.ts";

/** A cache that may have to be closed. */
export type LiveCacheUnderTest = Cache & { close?(): Promise<void> };

/** A cache of LiveTables to be proven. */
export interface LiveCacheSubject {
  /** What was put is there when the same place is opened again. */
  readonly durable: boolean;
  /** False: every read is a miss. */
  readonly keeps: boolean;
  /** Opens the cache of a place; the same place again, after closing, is the same storage where it is durable. */
  open(place: string): Promise<LiveCacheUnderTest>;
  /** Of the random sequences; printed when one fails. */
  readonly seed: number;
}
