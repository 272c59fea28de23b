import { DioramaError, type ErrorCode, messageOf } from "../base/index.ts";
import type { QueuedOp } from "../queue/index.ts";
import { concernedIds, hidesEverything } from "./overlay.ts";
import type { WriteEntry } from "./write-entry.ts";
import type { WriteParts, WriteSettlement } from "./write-settlement.ts";

/**
 * Takes up the ops that the queue kept. All of them show at once, synchronously, before anybody can look; ops
 * that were confirmed are then put into the confirmed rows, and only after that anything is sent.
 */
export async function resumeWrites(
  kept: readonly QueuedOp[],
  entries: readonly WriteEntry[],
  parts: WriteParts,
  settlement: WriteSettlement,
): Promise<void> {
  const confirmed: WriteEntry[] = [];
  for (const [index, entry] of entries.entries()) {
    const from = kept[index];
    if (from === undefined) continue;
    entry.outcomeUnknown = true;
    if (from.error !== undefined) entry.error = toError(from.error);
    if (from.state === "confirmed") confirmed.push(entry);
    resume(entry, from, parts, settlement);
  }
  if (confirmed.length > 0) await applyConfirmed(confirmed, parts, settlement);
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

async function applyConfirmed(
  confirmed: readonly WriteEntry[],
  parts: WriteParts,
  settlement: WriteSettlement,
): Promise<void> {
  const { host, name } = parts;
  try {
    if (confirmed.some(({ op }) => hidesEverything(op))) await host.state.store.whenLoaded();
    else await host.state.store.ensure(confirmed.flatMap(({ op }) => concernedIds(op)));
  } catch (error) {
    host.logger.error("looking up written rows failed", { vista: name, reason: messageOf(error) });
  }
  for (const entry of confirmed) if (entry.phase === "sending") settlement.reapplied(entry);
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
