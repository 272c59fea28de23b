import { systemClock } from "../base/index.ts";
import { openDurableCache } from "../cache/sqlite/index.ts";
import { openDurableQueues } from "../queue/sqlite/index.ts";
import { FolderLock, prepareFolder } from "../sqlite/index.ts";
import type { DurableOptions, DurableStores } from "./stores.ts";

/**
 * Opens what is kept in a folder, making it where it is missing. `inUse` where another one holds the folder,
 * `invalid` where it can't be made, `unsupported` on a network file system or for a queue of a newer version.
 */
export async function openDurable(folder: string, options: DurableOptions = {}): Promise<DurableStores> {
  const real = prepareFolder(folder);
  const lock = FolderLock.take(real, options.clock ?? systemClock);
  // In the order of closing: what the queue still has to write may rest on what the cache has.
  const opening = [
    openDurableQueues(real, { ...options, lock }),
    openDurableCache(real, { ...options, lock }),
  ] as const;
  try {
    const [queues, cache] = await Promise.all(opening);
    let closing: Promise<void> | undefined;
    return { cache, queues, close: () => (closing ??= closeInOrder([queues, cache], lock)) };
  } catch (error) {
    const settled = await Promise.allSettled(opening);
    const opened = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    await closeInOrder(opened, lock);
    throw error;
  }
}

async function closeInOrder(
  [first, ...others]: readonly { close(): Promise<void> }[],
  lock: FolderLock,
): Promise<void> {
  if (first === undefined) return lock.release();
  try {
    await first.close();
  } finally {
    await closeInOrder(others, lock);
  }
}
