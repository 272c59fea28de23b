import { type Clock, type Logger, silentLogger, systemClock } from "../../base/index.ts";
import { type FolderLock, openHeld, WorkerLink } from "../../sqlite/index.ts";
import type { QueueBackend } from "../write-queue.ts";
import type { QueueCalls, QueueLink, QueueWorkerData } from "./protocol.ts";
import { hasQueueFile } from "./queue-files.ts";
import { SqliteQueues } from "./sqlite-queues.ts";

export interface DurableQueuesOptions {
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /** The queue file grows no larger than this many bytes, its log aside: then batches are `full`. */
  readonly maxSizeBytes?: number | undefined;
  /** The hold of the folder, where the caller has taken it and releases it; else it is taken and released here. */
  readonly lock?: FolderLock | undefined;
  /** A program of one's own for the worker's thread, which calls `serveQueue`. */
  readonly worker?: URL | undefined;
}

/**
 * Opens the queues that are kept in a folder, making it where missing: `queue.db` (SQLite) on a thread of its own,
 * which both begin with the first op. `inUse` where another one holds the folder, `invalid` where it can't be made or the file may not be used,
 * `unsupported` on a network file system or for a file of a newer format, which is left as it is. A damaged file
 * is set aside beside it, and what can be read of it is kept; what can't is `lost` of the queues.
 */
export async function openDurableQueues(
  folder: string,
  options: DurableQueuesOptions = {},
): Promise<QueueBackend> {
  const { clock = systemClock, logger = silentLogger, maxSizeBytes, worker } = options;
  const held = await openHeld(folder, { ...options, hasFile: hasQueueFile }, (real) =>
    createQueueLink({ folder: real, maxSizeBytes }, clock, logger, worker),
  );
  return new SqliteQueues(held.folder, held.link, held.release);
}

/** The main thread's end of the worker that keeps the queue file. */
export function createQueueLink(
  data: QueueWorkerData,
  clock: Clock,
  logger: Logger,
  worker: URL | undefined,
): QueueLink {
  const own = import.meta.url.endsWith(".ts") ? "./queue-worker.ts" : "./queue-worker.js";
  return new WorkerLink<QueueCalls>({
    what: `the queue worker of ${data.folder}`,
    name: "diorama-queue",
    file: worker ?? new URL(own, import.meta.url),
    data,
    clock,
    logger,
  });
}
