import type { Standing } from "./contest.ts";

/** What one library was asked to do, in the order of the table. */
export const works = [
  "one update, all rows by price",
  "one update, 50 rows at offset 0",
  "one update, 50 rows at the middle",
  "one update, one category by price",
  "1,000 updates at once, all rows",
  "opening all rows by price",
  "a further window on that order",
  "one update, 1,000 record views open",
  "one update, count and sum by category",
] as const;

export type PeerWork = (typeof works)[number];

export interface PeerReport {
  readonly name: string;
  readonly version: string;
  readonly standings: Partial<Record<PeerWork, Standing>>;
  /** Milliseconds of one update, all rows by price, by the number of rows. */
  readonly growth: Readonly<Record<string, number>>;
  /** What there was no time for. */
  readonly left: readonly string[];
}
