import { type Clock, DioramaError, type Logger, silentLogger, systemClock } from "../../base/index.ts";
import { type FolderLock, type LockNames, openHeld, Turns, WorkerLink } from "../../sqlite/index.ts";
import type { CacheBackend } from "../cache-backend.ts";
import { RowPacker } from "./row-packer.ts";
import { SqliteCache } from "./sqlite-cache.ts";
import type { CacheCalls, CacheLink, CacheWorkerData } from "./protocol.ts";
import type { TableHost } from "./sqlite-table.ts";

/** Below this not even the list of tables finds room. */
const MIN_SIZE_BYTES = 131_072;

export interface DurableCacheOptions {
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  /**
   * The cache file grows no larger than this many bytes: beyond it, writes are `full`. Its write-ahead log,
   * which is cut back to 64 MiB after each checkpoint, comes on top. Default: as large as the disk allows.
   */
  readonly maxSizeBytes?: number | undefined;
  /** The hold of the folder, where the caller has taken it and releases it; else it is taken and released here. */
  readonly lock?: FolderLock | undefined;
  /** Of the lock that is taken here. */
  readonly lockNames?: LockNames | undefined;
  /** Of the cache file, less its `.db`: caches of other names, with other locks, live beside it. Default: "cache". */
  readonly name?: string | undefined;
  /** Of the folder that holds orders. Default: "orders". */
  readonly ordersFolder?: string | undefined;
}

/**
 * Opens the cache that is kept in a folder, making both where missing: an SQLite file, `cache.db` unless it is
 * named, on a thread of its own. `inUse` where another backend holds the folder, `invalid` where it can't be made,
 * `unsupported` on a network file system. A damaged cache file is set aside beside it; the tables then say so as
 * `lost`.
 */
export async function openDurableCache(
  folder: string,
  options: DurableCacheOptions = {},
): Promise<CacheBackend> {
  const { clock = systemClock, logger = silentLogger, maxSizeBytes, name, ordersFolder } = options;
  checkSize(maxSizeBytes);
  const held = await openHeld(folder, options, (real) =>
    createCacheLink({ folder: real, name, ordersFolder, maxSizeBytes }, clock, logger),
  );
  let lastTransaction = 0;
  const host: TableHost = {
    link: held.link,
    writes: new Turns(),
    packer: new RowPacker(),
    nextTransaction: () => ++lastTransaction,
  };
  return new SqliteCache(held.folder, host, held.release);
}

/** The main thread's end of the worker that keeps the cache file. */
export function createCacheLink(data: CacheWorkerData, clock: Clock, logger: Logger): CacheLink {
  const file = import.meta.url.endsWith(".ts") ? "./cache-worker.ts" : "./cache-worker.js";
  return new WorkerLink<CacheCalls>({
    what: `the cache worker of ${data.folder}`,
    name: "diorama-cache",
    file: new URL(file, import.meta.url),
    data,
    clock,
    logger,
  });
}

function checkSize(maxSizeBytes: number | undefined): void {
  if (maxSizeBytes === undefined || maxSizeBytes >= MIN_SIZE_BYTES) return;
  throw new DioramaError(
    "invalid",
    `maxSizeBytes: ${maxSizeBytes} is too small, the least is ${MIN_SIZE_BYTES}`,
  );
}
