import type { ActivitySignal, Backoff, Clock, DioramaError } from "../base/index.ts";
import type { Durability, LostOp } from "../queue/index.ts";
import type { Row } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { DioState } from "./dio-state.ts";
import type { Failures } from "./failures.ts";

/** How a Dio's writes are queued and sent. Times in milliseconds. */
export interface WritePolicy {
  /** Calls under way at once; 1 keeps the order across ids too. */
  readonly concurrency: number;
  /** Ops held, dead letters included. */
  readonly maxOps: number;
  /** What a write does when the queue is full. */
  readonly whenFull: "wait" | "reject";
  /** Whether the destination's answer ends a write, or only the master's own change that carries it. */
  readonly confirm: "response" | "echo";
  readonly echoTimeoutMs: number;
  /** Adjacent unsent ops on one id become one. */
  readonly coalesce: boolean;
  /** Readers see queued ops. */
  readonly optimistic: boolean;
  readonly retry: Backoff;
  /** Attempts that an error of unknown kind gets. */
  readonly unknownErrorAttempts: number;
}

/**
 * What the destination says of an accepted op. `row`: as it is stored. `id`: the one it chose. `awaitEcho`: it
 * was handed on, and the master changes later.
 */
export type WriteResult = void | {
  readonly row?: object | undefined;
  readonly id?: string | undefined;
  readonly awaitEcho?: boolean | undefined;
};

export interface WriteCall {
  /** Fires when the Dio closes and waits no longer. */
  readonly signal: AbortSignal;
}

export interface WriterHost {
  readonly state: DioState;
  readonly clock: Clock;
  readonly failures: Failures;
  /** Offline pauses sending. */
  readonly activity: ActivitySignal;
  readonly idColumn: string | undefined;
  /** Whether the row is one that the master, as it is narrowed, shows; absent: it shows every row. */
  belongs?(id: string, row: Row): boolean;
  /** For error messages. */
  readonly name: string;
  /** What a queued op survives. */
  readonly durability: Durability;
  /** The rows in the cache outlive the process: a confirmed op is kept until its effect is among them. */
  readonly hasDurableCache: boolean;
  /** It held rows of another source until now: what an earlier session confirmed has no place in it. */
  readonly isCacheEmptied?: boolean;
  /** What an earlier session left shows, what it confirmed is among the rows, and nothing has been sent yet. */
  resumed?(): void;
  /** Sends one op to its destination; resolving means accepted. */
  send(op: WriteOp, call: WriteCall): Promise<WriteResult>;
  /** Sends several in one call. A result that is an Error is that op's failure; no results: all accepted. */
  sendBatch?(ops: readonly WriteOp[], call: WriteCall): Promise<readonly (WriteResult | Error)[] | void>;
  /** The row as the destination has it: tells after an unknown outcome whether an insert arrived. */
  readStored?(id: string, call: WriteCall): Promise<object | undefined>;
  /** The confirmed row may not be the newest one: have it read again. It is marked stale already. */
  reread?(id: string): void;
  /** Of the back-off, 0 to 1. */
  readonly random?: () => number;
}

type Unsent<T> = T extends unknown
  ? Omit<T, "opId" | "enqueuedAt" | "attempt"> & { readonly opId?: string | undefined }
  : never;

/** A write as it is asked for. An opId that is queued already names the same write. */
export type WriteRequest<R extends object = Row> = Unsent<WriteOp<R>>;

/** One write that was asked for. Its promises may be left alone: what they reject with is told by events too. */
export interface WriteHandle<R extends object = Row> {
  readonly opId: string;
  /** It is queued, durably where the queue is. Rejects with `full`, `closed` or why it could not be kept. */
  readonly staged: Promise<void>;
  /** It is done: the confirmed row, where there is one. Rejects with why it became a dead letter, or `closed`. */
  readonly confirmed: Promise<Readonly<R> | undefined>;
  /** Withdraws it while it is unsent. False: too late. The promises that are open reject with `rejected`. */
  cancel(): Promise<boolean>;
}

/** A write under way. Parked: behind a dead letter of its id. Echo: accepted, not yet told by the master. */
export interface PendingWrite<R extends object = Row> {
  readonly op: WriteOp<R>;
  readonly state: "queued" | "sending" | "parked" | "echo";
  /** Of the last attempt that failed. */
  readonly error?: DioramaError;
}

/** A dead letter. */
export interface FailedWrite<R extends object = Row> {
  readonly op: WriteOp<R>;
  readonly error: DioramaError;
}

/** The content that an insert or replace (`row`) or a patch (`partial`) gets in place of what it had. */
export type WriteEdit<R extends object = Row> =
  | { readonly row: R; readonly partial?: undefined }
  | { readonly partial: Partial<R>; readonly row?: undefined };

/** What a Dio's writes are doing, and what to do about those that failed. */
export interface DeadLetters<R extends object = Row> {
  /** In the order in which they were made; an edited one stands where its letter stood. */
  pending(): readonly PendingWrite<R>[];
  failed(): readonly FailedWrite<R>[];
  /** Sends a dead letter again, then what is parked behind it. False where there is none of that id. */
  retry(opId: string): Promise<boolean>;
  /** Gives a dead letter up; what is parked behind it is sent. False where there is none of that id. */
  discard(opId: string): Promise<boolean>;
  /**
   * Sends a dead letter with another content, then what is parked behind it. It is another write: resolves with its
   * opId when it is kept in place of the letter, `undefined` where there is none of that id. `invalid` as of a write.
   */
  edit(opId: string, change: WriteEdit<R>): Promise<string | undefined>;
}

/** `oldestMs`: age of the oldest op that is not settled. */
export interface WriteDiagnostics {
  readonly depth: number;
  readonly inFlight: number;
  readonly failed: number;
  readonly oldestMs: number | undefined;
  readonly durability: Durability;
  /** What the queue could not read when it was opened. */
  readonly lost: readonly LostOp[];
  /** Why the queue can't be written now; absent while all is well. */
  readonly error?: string;
}
