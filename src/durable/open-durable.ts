import { systemClock } from "../base/index.ts";
import { openDurableCache } from "../cache/sqlite/index.ts";
import { createMemoryQueues } from "../queue/index.ts";
import { FolderLock, prepareFolder } from "../sqlite/index.ts";
import type { DurableOptions, DurableStores } from "./stores.ts";

/**
 * Opens what is kept in a folder, making it where it is missing. `inUse` where another one holds the folder,
 * `invalid` where it can't be made, `unsupported` on a network file system.
 */
export async function openDurable(folder: string, options: DurableOptions = {}): Promise<DurableStores> {
  const real = prepareFolder(folder);
  const lock = FolderLock.take(real, options.clock ?? systemClock);
  try {
    const cache = await openDurableCache(real, { ...options, lock });
    const queues = createMemoryQueues();
    let closing: Promise<void> | undefined;
    const closeAll = async (): Promise<void> => {
      try {
        await queues.close();
        await cache.close();
      } finally {
        lock.release();
      }
    };
    return { cache, queues, close: () => (closing ??= closeAll()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}
