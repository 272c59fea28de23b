import type { DioramaError } from "../base/index.ts";

// Messages hold names, ids, numbers and errors, never the content of a row. What is in one may grow, never shrink.

/** A write without its row. */
export interface TracedOp {
  readonly opId: string;
  readonly kind: string;
  /** Of the row; absent for `deleteAll`. */
  readonly id?: string | undefined;
  /** From 1; 0 before the first. */
  readonly attempt: number;
}

/** On `diorama.event`: an event of a Dio. */
export interface TracedEvent {
  /** The name of the Dio, which is that of its table. */
  readonly dio: string;
  readonly type: string;
  readonly seq: number;
  /** Of the row. */
  readonly id?: string;
  readonly op?: TracedOp;
  readonly range?: { readonly start: number; readonly end: number };
  /** Of `backgroundFailed`: what failed. */
  readonly what?: string;
  readonly error?: DioramaError;
}

/** On `diorama.failure`: an event that tells of an error. */
export type TracedFailure = TracedEvent & { readonly error: DioramaError };

/** What Node adds to the message of work that failed. */
interface Failing {
  readonly error?: unknown;
}

/** On `diorama.call`: one call of the master. */
export interface TracedCall extends Failing {
  readonly dio: string;
  /** The name of the master. */
  readonly vista: string;
  /** Of the Source: read, get, count, page, window, next, version, watch, insert, add, replace, patch, delete, deleteAll. */
  readonly operation: string;
  /** Of a write: the same on every attempt. */
  readonly opId?: string | undefined;
  /** Rows that it has brought, at its end; of `read`, so far. */
  rows?: number;
}

/** On `diorama.write`: one attempt of a write, or of several that go together. */
export interface TracedWrite extends Failing {
  readonly dio: string;
  readonly route: "onWrite" | "onWriteBatch" | "master";
  readonly ops: readonly TracedOp[];
}

/** On `diorama.run`: a callback, or what the Dio does in place of one. */
export interface TracedRun extends Failing {
  readonly dio: string;
  /** What it was called for: start, seed, refresh, query, event, write or bulk. */
  readonly kind: string;
}

/** On `diorama.cache.commit`: a transaction of the cache table. */
export interface TracedCacheCommit extends Failing {
  readonly dio: string;
  /** Rows. */
  readonly puts: number;
  readonly deletes: number;
  /** The table was emptied first. */
  readonly cleared: boolean;
}

/** On `diorama.queue.commit`: a batch of the write queue. */
export interface TracedQueueCommit extends Failing {
  readonly dio: string;
  /** Ops. */
  readonly puts: number;
  readonly removes: number;
  /** It may reach the disk later than this. */
  readonly relaxed: boolean;
}
