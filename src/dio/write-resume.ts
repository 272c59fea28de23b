import { DioramaError, type ErrorCode, TimeSlice, toDioramaError } from "../base/index.ts";
import type { QueuedOp, WriteQueue } from "../queue/index.ts";
import { concernedIds, hidesEverything } from "./overlay.ts";
import type { WriteEntry } from "./write-entry.ts";
import type { WriteParts, WriteSettlement } from "./write-settlement.ts";

/** Ops whose rows are looked up together. */
const MAX_LOOKED_UP = 1_000;

/** `place`: in the order of confirmations. */
interface Confirmed {
  readonly entry: WriteEntry;
  readonly place: number;
}

/**
 * Takes up the ops that the queue kept, before anybody can look: all of them show at once then. Ops that were
 * confirmed are then put into the confirmed rows, and only after that anything is sent. Many are no long stretch.
 */
export async function resumeWrites(
  kept: readonly QueuedOp[],
  createEntry: (kept: QueuedOp) => WriteEntry,
  parts: WriteParts,
  settlement: WriteSettlement,
): Promise<void> {
  const confirmed: Confirmed[] = [];
  const slice = new TimeSlice();
  for (const from of kept) {
    const entry = createEntry(from);
    entry.outcomeUnknown = true;
    if (from.error !== undefined) entry.error = toError(from.error);
    if (from.state === "confirmed") confirmed.push({ entry, place: from.nextAttemptAt });
    resume(entry, from, parts, settlement);
    if (slice.isOver) await slice.next();
  }
  if (confirmed.length === 0) return;
  const inOrder = confirmed.toSorted((a, b) => a.place - b.place || a.entry.sequence - b.entry.sequence);
  const entries = inOrder.map(({ entry }) => entry);
  await settleConfirmed(entries, parts, settlement);
}

/** The sequence that new ops go on from: none is given twice, and none stands before what a dead letter holds back. */
export function lastSequence({ kept, lost }: Pick<WriteQueue, "kept" | "lost">): number {
  let last = 0;
  for (const { sequence, parksUpTo = 0 } of kept) last = Math.max(last, sequence, parksUpTo);
  for (const { sequence = 0 } of lost) last = Math.max(last, sequence);
  return last;
}

function resume(entry: WriteEntry, from: QueuedOp, parts: WriteParts, settlement: WriteSettlement): void {
  const { letters, schedule, flushes, host, policy } = parts;
  switch (from.state) {
    case "confirmed":
      entry.phase = "sending";
      break;
    case "failed":
      entry.phase = "failed";
      entry.error ??= new DioramaError("rejected", "the write failed");
      letters.add(entry, from.parksUpTo ?? entry.sequence);
      return;
    case "echo": {
      entry.nextAttemptAt = from.nextAttemptAt;
      const leftMs = from.nextAttemptAt - host.clock.now();
      settlement.awaitEcho(entry, Math.min(Math.max(leftMs, 0), policy.echoTimeoutMs));
      entry.flushGroup = flushes.join();
      break;
    }
    case "queued":
      entry.phase = "queued";
      if (!settlement.park(entry)) {
        entry.flushGroup = flushes.join();
        schedule.add(entry);
      }
      break;
  }
  if (!policy.optimistic) return;
  entry.isShown = true;
  // Not through the state: what was there before nobody has seen.
  host.state.overlay.add(entry);
}

/** Their destination has them; whether the cache file has their effect is not known. */
async function settleConfirmed(
  confirmed: readonly WriteEntry[],
  parts: WriteParts,
  settlement: WriteSettlement,
): Promise<void> {
  const { isCacheEmptied = false, state } = parts.host;
  const slice = new TimeSlice();
  const hasAll = isCacheEmptied || confirmed.some(({ op }) => hidesEverything(op));
  if (hasAll && !isCacheEmptied) await known(state.store.whenLoaded(), parts);
  for (let from = 0; from < confirmed.length; from += MAX_LOOKED_UP) {
    const some = confirmed.slice(from, from + MAX_LOOKED_UP);
    if (!hasAll) await known(state.store.ensure(some.flatMap(({ op }) => concernedIds(op))), parts);
    for (const entry of some) {
      // The master of an emptied cache is read anew, and has them; these rows are of another one.
      if (isCacheEmptied) settlement.leftBehind(entry);
      else if (entry.phase === "sending") settlement.reapplied(entry);
      if (slice.isOver) await slice.next();
    }
  }
}

/** Without the rows below, what is in memory is all that is known. */
async function known(looking: Promise<void>, { host }: WriteParts): Promise<void> {
  try {
    await looking;
  } catch (error) {
    host.failures.tellOnce("cache", toDioramaError(error, "unavailable", "looking up written rows"));
  }
}

function toError({ code, message }: { readonly code: string; readonly message: string }): DioramaError {
  return new DioramaError(isErrorCode(code) ? code : "rejected", message);
}

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  "unsupported",
  "unimplemented",
  "notFound",
  "conflict",
  "invalid",
  "unavailable",
  "rejected",
  "full",
  "inUse",
  "corrupt",
  "closed",
  "timeout",
]);

function isErrorCode(code: string): code is ErrorCode {
  return CODES.has(code);
}
