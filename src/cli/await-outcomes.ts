import type { DioramaError } from "../base/index.ts";
import type { Dio } from "../dio/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { Frame } from "./frame.ts";

/**
 * What became of a write. Pending: it is queued, and the source has not confirmed it yet. Parked: it waits for what is
 * done about a dead letter of its row.
 */
export interface Outcome {
  /** As it is now: its destination may have given it another id. */
  readonly op: WriteOp;
  readonly state: "confirmed" | "failed" | "parked" | "pending";
  /** Why it failed, or why its last attempt did. */
  readonly error: DioramaError | undefined;
}

export interface OutcomeWait {
  readonly waitMs: number;
  /** Told as soon as it is known; of what is still pending, at the end. */
  readonly onOutcome?: (outcome: Outcome) => Promise<void>;
}

/** Waits until these writes are confirmed, have failed or are parked, or the time is up; answers in the order of the writes. */
export async function awaitOutcomes(
  frame: Frame,
  dio: Dio,
  ops: readonly WriteOp[],
  { waitMs, onOutcome }: OutcomeWait,
): Promise<readonly Outcome[]> {
  const newest = new Map(ops.map((op) => [op.opId, op]));
  const settled = new Map<string, Outcome>();
  let wake: () => void = () => undefined;
  const leaves = (["writeConfirmed", "writeFailed"] as const).map((type) =>
    dio.on(type, ({ op }) => {
      if (newest.has(op.opId)) newest.set(op.opId, op);
      wake();
    }),
  );
  let isOver = false;
  const end = (): void => {
    isOver = true;
    wake();
  };
  const timer = frame.clock.setTimer(end, waitMs);
  frame.signal.addEventListener("abort", end, { once: true });
  if (frame.signal.aborted) end();
  try {
    for (;;) {
      const next = Promise.withResolvers<void>();
      wake = next.resolve;
      for (const outcome of outcomesOf(dio, newest)) {
        const { opId } = outcome.op;
        if (settled.has(opId) || (outcome.state === "pending" && !isOver)) continue;
        settled.set(opId, outcome);
        await onOutcome?.(outcome);
      }
      if (isOver || settled.size === newest.size) return [...settled.values()];
      await next.promise;
    }
  } finally {
    timer.cancel();
    frame.signal.removeEventListener("abort", end);
    for (const leave of leaves) leave();
  }
}

function outcomesOf(dio: Dio, newest: ReadonlyMap<string, WriteOp>): Outcome[] {
  const failed = new Map(dio.writes.failed().map((letter) => [letter.op.opId, letter]));
  const pending = new Map(dio.writes.pending().map((write) => [write.op.opId, write]));
  return [...newest].map(([opId, seen]) => {
    const letter = failed.get(opId);
    if (letter !== undefined) return { op: letter.op, state: "failed", error: letter.error };
    const write = pending.get(opId);
    if (write !== undefined) {
      const state = write.state === "parked" ? "parked" : "pending";
      return { op: write.op, state, error: write.error };
    }
    return { op: seen, state: "confirmed", error: undefined };
  });
}

/** `patch t1`: what was written where, for people. */
export function opText({ kind, id }: WriteOp): string {
  return id === undefined ? kind : `${kind} ${id}`;
}
