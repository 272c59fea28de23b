import type { LostOp, QueuedOp } from "../write-queue.ts";
import { decodeQueuedOp, RECORD_MAGIC, recordLength } from "./op-record.ts";

export interface Salvaged {
  readonly ops: readonly { readonly queue: string; readonly queued: QueuedOp }[];
  readonly losses: readonly (LostOp & { readonly queue?: string | undefined })[];
}

/** What can still be read of a damaged queue file and its log: every record that lies in one piece. */
export function salvageQueue(main: Uint8Array, log: Uint8Array | undefined): Salvaged {
  const ops = new Map<string, { readonly queue: string; readonly queued: QueuedOp }>();
  for (const bytes of [main, log ?? new Uint8Array()]) {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = all.indexOf(RECORD_MAGIC); at !== -1; at = all.indexOf(RECORD_MAGIC, at + 1)) {
      const length = recordLength(all, at);
      if (length === undefined || at + length > all.length) continue;
      try {
        const found = decodeQueuedOp(all.subarray(at, at + length));
        ops.set(JSON.stringify([found.queue, found.queued.sequence]), found);
      } catch {
        // Not a record, or not in one piece.
      }
    }
  }
  return { ops: [...ops.values()], losses: [] };
}
