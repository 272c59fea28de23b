import { type Clock, DioramaError, type Logger, silentLogger, systemClock } from "../../base/index.ts";
import type { CacheBackend } from "../cache-backend.ts";
import { prepareFolder } from "./cache-folder.ts";
import { FolderLock } from "./folder-lock.ts";
import { RowPacker } from "./row-packer.ts";
import { SqliteCache } from "./sqlite-cache.ts";
import type { TableHost } from "./sqlite-table.ts";
import { Turns } from "./turns.ts";
import { WorkerLink } from "./worker-link.ts";

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
}

/**
 * Opens the cache that is kept in a folder, making both where missing: `cache.db` (SQLite) on a thread of its
 * own. `inUse` where another backend holds the folder, `invalid` where it can't be made, `unsupported` on a
 * network file system. A damaged cache file is set aside beside it; the tables then say so as `lost`.
 */
export async function openDurableCache(
  folder: string,
  options: DurableCacheOptions = {},
): Promise<CacheBackend> {
  const { clock = systemClock, logger = silentLogger, maxSizeBytes } = options;
  checkSize(maxSizeBytes);
  const real = prepareFolder(folder);
  const lock = FolderLock.take(real, clock);
  const link = new WorkerLink({ folder: real, maxSizeBytes }, clock, logger);
  try {
    await link.call("openFile", undefined);
  } catch (error) {
    await link.end();
    lock.release();
    throw error;
  }
  let lastTransaction = 0;
  const host: TableHost = {
    link,
    writes: new Turns(),
    packer: new RowPacker(),
    nextTransaction: () => ++lastTransaction,
  };
  return new SqliteCache(real, host, lock);
}

function checkSize(maxSizeBytes: number | undefined): void {
  if (maxSizeBytes === undefined || maxSizeBytes >= MIN_SIZE_BYTES) return;
  throw new DioramaError(
    "invalid",
    `maxSizeBytes: ${maxSizeBytes} is too small, the least is ${MIN_SIZE_BYTES}`,
  );
}
