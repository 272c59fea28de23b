import type { Activity } from "../base/index.ts";
import type { FailureKind, LastFailure } from "./failures.ts";
import type { WriteDiagnostics } from "./write-contract.ts";

/** How a Dio is doing, as plain data. Times in milliseconds. */
export interface DioDiagnostics {
  readonly name: string;
  readonly activity: Activity;
  readonly cache: {
    readonly kind: string;
    readonly durable: boolean;
    /** It holds every row of the master. */
    readonly complete: boolean;
    /** Confirmed rows. */
    readonly rows: number;
    /** What these rows take in memory, about: the mean of a few hundred times their number. */
    readonly sizeBytes: number;
    /** Every stored row is in memory. */
    readonly loaded: boolean;
    /** Changed rows that are not yet in the table. */
    readonly unwritten: number;
    /** Why the table could not be written the last time; absent while all is well. */
    readonly error?: string;
  };
  readonly freshness: {
    /** When the last whole read began, since 1970. */
    readonly seededAt: number | undefined;
    readonly version: string | undefined;
    /** Everything was declared out of date since. */
    readonly stale: boolean;
  };
  readonly writes: WriteDiagnostics;
  readonly reads: {
    /** Calls of the master that are under way for readers. */
    readonly flights: number;
    readonly refreshing: boolean;
    readonly seeding: boolean;
  };
  readonly views: {
    /** Indexes and aggregates in use, kept up to date with every change. */
    readonly open: number;
    /** Those that nobody uses any more, kept for a while in case somebody asks again. */
    readonly idle: number;
    /** What all of them take, about. */
    readonly sizeBytes: number;
    /** Handles of Sceneries that are open. */
    readonly sceneries: number;
  };
  /** The last failure of each kind since the Dio was opened. */
  readonly failures: Partial<Readonly<Record<FailureKind, LastFailure>>>;
  readonly events: { readonly lastSeq: number; readonly subscribers: number };
}
