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
  /** Milliseconds since 1970; 0: at once. Of a confirmed op: its place in the order of confirmations. */
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
 * What a kept op survives. fsync: a power cut, as far as the disk does what it says. process: the end of the
 * process, however it comes. memory: nothing.
 */
export type Durability = "fsync" | "process" | "memory";

export interface ApplyOptions {
  /**
   * The batch need only survive the end of the process when `apply` resolves; the disk has it within a second, or
   * with whatever is flushed before that. For changes that a power cut may take back without harm: what was
   * confirmed is then sent again.
   */
  readonly relaxed?: boolean | undefined;
}

/** An op, or a part of the file that may have held some, that could not be read when the queue was opened. */
export interface LostOp {
  /** Where it stood, for people: the file and the page, the byte or the sequence. */
  readonly position: string;
  /** In one line. */
  readonly reason: string;
  /** As far as they could still be read. */
  readonly sequence?: number | undefined;
  readonly opId?: string | undefined;
  /** Of the row. */
  readonly id?: string | undefined;
}

/**
 * Keeps the ops of one Dio. What `apply` resolved for is kept as its durability says, all of the batch or
 * nothing of it. The Dio is the only caller; calls may overlap and take effect in the order they were made.
 */
export interface WriteQueue {
  /** What was kept at opening, by sequence. */
  readonly kept: readonly QueuedOp[];
  /** What could not be kept; empty where all is well. Each is told once, by the first opening that found it. */
  readonly lost: readonly LostOp[];
  /**
   * `full`: there is no room, `invalid`: an op can't be kept; nothing of the batch was kept then. `unavailable`: all
   * or nothing of it was kept, and nobody knows which: put it again, or remove what is not to come back.
   */
  apply(batch: QueueBatch, options?: ApplyOptions): Promise<void>;
  /** Calls with what is lost by damage that shows while the queue is open; absent where that can't be. */
  onLost?(listener: (lost: readonly LostOp[]) => void): void;
  close(): Promise<void>;
}

export interface OpenQueueOptions {
  /** Default `fsync`. A backend that isn't durable keeps everything in memory whatever is asked for. */
  readonly durability?: "fsync" | "process" | undefined;
}

export interface QueueBackend {
  /** Ops are still there after the process ended. */
  readonly durable: boolean;
  openQueue(name: string, options?: OpenQueueOptions): Promise<WriteQueue>;
  close(): Promise<void>;
}
