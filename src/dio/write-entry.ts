import type { DioramaError } from "../base/index.ts";
import type { QueuedOp, QueuedState } from "../queue/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { OverlayOp } from "./overlay.ts";
import type { ReadMark } from "./read-mark.ts";
import type { WriteResult } from "./write-contract.ts";
import type { FlushGroup } from "./write-flush.ts";
import type { OpHandle } from "./write-handle.ts";

/**
 * intake: waits for room or for its row. staging: on its way to the queue file. queued: to be sent. sending:
 * under way or between attempts. echo: accepted. parked: behind a dead letter. failed: a dead letter.
 */
export type WritePhase = "intake" | "staging" | "queued" | "sending" | "echo" | "parked" | "failed" | "done";

/** One op while the writer holds it. The only object of its life; the parts of the writer change it. */
export class WriteEntry implements OverlayOp {
  /** Given when there is room for it. */
  sequence = 0;
  op: WriteOp;
  phase: WritePhase = "intake";
  readonly handle: OpHandle;
  /** It stands in the overlay. */
  isShown = false;
  /** An attempt may or may not have reached the destination. Never taken back. */
  outcomeUnknown = false;
  /** The master itself told that it has the op, while the op was being sent. */
  wasEchoed = false;
  /** A whole read of the master was published while the op was being sent; one without its row says so by that. */
  wasRefreshed = false;
  /** Milliseconds since 1970; 0: at once. Of an echo: when the wait for it ends. */
  nextAttemptAt = 0;
  /** Attempts since it was queued or retried by hand, and those of them that ended with an unknown error. */
  attempts = 0;
  unknownErrors = 0;
  /** Of the last failed attempt. */
  error: DioramaError | undefined;
  /** What the destination answered, while its echo is awaited. */
  result: WriteResult = undefined;
  /** Of a deleteAll: what came since it was first sent is not its to delete. */
  mark: ReadMark | undefined;
  /** Ops that were merged into this one and settle with it. */
  absorbed: readonly WriteEntry[] | undefined;
  flushGroup: FlushGroup | undefined;
  /** Ends the wait between two attempts. */
  wake: (() => void) | undefined;
  /** The schedule's own: in how many of its lanes something is ahead, and where it stands. */
  blocked = 0;
  place: "out" | "behind" | "lane" | "taken" = "out";
  isReady = false;

  constructor(op: WriteOp, handle: OpHandle) {
    this.op = op;
    this.handle = handle;
  }

  get isUnsent(): boolean {
    return this.op.attempt === 0 && !this.outcomeUnknown;
  }
}

/** The entry as the queue keeps it. */
export function toQueued(entry: WriteEntry, state: QueuedState, parksUpTo?: number): QueuedOp {
  const { sequence, op, nextAttemptAt, outcomeUnknown, error } = entry;
  const kept: QueuedOp = { sequence, op, state, nextAttemptAt, outcomeUnknown };
  if (error === undefined) return kept;
  const told = { ...kept, error: { code: error.code, message: error.message } };
  return parksUpTo === undefined ? told : { ...told, parksUpTo };
}
