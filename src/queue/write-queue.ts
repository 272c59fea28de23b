import type { WriteOp } from "../vista/index.ts";

/**
 * queued: to be sent. confirmed: the destination has it, its effect is not yet in the cache file (applied, not
 * sent, at start). echo: as confirmed, and shown until the master's own event carries it. failed: a dead letter.
 */
export type QueuedState = "queued" | "confirmed" | "echo" | "failed";

/** One op as the queue keeps it. */
export interface QueuedOp {
  /** Grows by enqueueing; the order of everything. */
  readonly sequence: number;
  readonly op: WriteOp;
  readonly state: QueuedState;
  /** Milliseconds since 1970; 0: at once. */
  readonly nextAttemptAt: number;
  /** The last attempt may or may not have reached its destination. */
  readonly outcomeUnknown: boolean;
  /** Of the last failed attempt. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  /** Of a failed op: the last sequence among those that it holds back on its id. */
  readonly parksUpTo?: number | undefined;
}

/** One transaction on the queue: removes first, then puts. A put of a sequence that is there replaces it. */
export interface QueueBatch {
  readonly puts?: readonly QueuedOp[];
  /** By sequence. */
  readonly removes?: readonly number[];
}

/**
 * Keeps the ops of one Dio. What `apply` resolved for is kept as its durability says, all of the batch or
 * nothing of it. The Dio is the only caller; calls may overlap and take effect in the order they were made.
 */
export interface WriteQueue {
  /** What was kept at opening, by sequence. */
  readonly kept: readonly QueuedOp[];
  apply(batch: QueueBatch): Promise<void>;
  close(): Promise<void>;
}

export interface QueueBackend {
  /** Ops are still there after the process ended. */
  readonly durable: boolean;
  openQueue(name: string): Promise<WriteQueue>;
  close(): Promise<void>;
}
