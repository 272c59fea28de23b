import { closeSync, openSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { LostOp, QueuedOp } from "../write-queue.ts";
import { LossBook } from "./loss-book.ts";
import { encodeQueuedOp } from "./op-record.ts";
import { FILE_MODE, kindOf, type QueueFiles } from "./queue-files.ts";
import { createTables } from "./queue-schema.ts";
import { salvageQueue } from "./salvage.ts";
import { StoredOps } from "./stored-ops.ts";

interface Content {
  readonly ops: readonly { readonly queue: string; readonly queued: QueuedOp }[];
  readonly losses: readonly (LostOp & { readonly queue?: string | undefined })[];
}

/** Makes an empty file, ready to take its place. */
export function draftEmpty(files: QueueFiles): void {
  draft(files, { ops: [], losses: [] });
}

/** Makes a file of what can still be read of the one in place, ready to take its place; that one isn't touched. */
export function draftSalvaged(files: QueueFiles, reason: string): void {
  const main = bytesOf(files.path) ?? new Uint8Array();
  const { ops, losses } = salvageQueue(main, bytesOf(`${files.path}-wal`));
  const whole: LostOp = {
    position: files.path,
    reason: `${reason}: it was set aside, ${ops.length} ops were saved`,
  };
  draft(files, { ops, losses: [whole, ...losses] });
}

function draft(files: QueueFiles, { ops, losses }: Content): void {
  files.removeDraft();
  closeSync(openSync(files.draft, "wx", FILE_MODE));
  const database = new DatabaseSync(files.draft);
  try {
    // The draft counts only once it is whole.
    database.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY");
    createTables(database);
    database.exec("BEGIN IMMEDIATE");
    const stored = new StoredOps(database);
    for (const { queue, queued } of ops) {
      const record = encodeQueuedOp(queue, queued);
      stored.apply({ queue, mustFlush: true, removes: [], puts: [{ sequence: queued.sequence, record }] });
    }
    const book = new LossBook(database);
    for (const { queue, ...loss } of losses) book.note(queue, loss);
    database.exec("COMMIT; PRAGMA journal_mode=WAL");
  } finally {
    database.close();
  }
  files.finishDraft();
}

function bytesOf(path: string): Uint8Array | undefined {
  return kindOf(path) === "file" ? readFileSync(path) : undefined;
}
