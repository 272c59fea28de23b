import { toSafeLogger } from "../base/index.ts";
import { type CacheBackend, createMemoryCache } from "../cache/index.ts";
import { createMemoryQueues, type QueueBackend } from "../queue/index.ts";
import type { LensSettings } from "./settings.ts";

/** Where a Lens keeps rows and queued writes. */
export interface LensStores {
  readonly cache: CacheBackend;
  /** False: it was handed over and may serve others too; whoever made it closes it. */
  readonly ownsCache: boolean;
  readonly queues: QueueBackend;
  /** For a Dio that wants no more than that, beside durable ones. */
  readonly memoryQueues: QueueBackend;
  /** Closes what the Lens owns. */
  close(): Promise<void>;
}

/** Opens what the settings ask for; the durable stores of this runtime are loaded when they are first asked for. */
export async function openStores(settings: LensSettings): Promise<LensStores> {
  const { cacheAt, cacheSource, queueSource, clock, logger } = settings;
  const memoryQueues = createMemoryQueues();
  if (cacheAt !== undefined) {
    const { openDurable } = await import("#durable");
    const safe = logger === undefined ? undefined : toSafeLogger(logger);
    const stores = await openDurable(cacheAt, { clock, logger: safe });
    const close = async (): Promise<void> => {
      await memoryQueues.close();
      await stores.close();
    };
    return { cache: stores.cache, queues: stores.queues, memoryQueues, ownsCache: true, close };
  }
  const cache = cacheSource ?? createMemoryCache();
  const ownsCache = cacheSource === undefined;
  const close = async (): Promise<void> => {
    await memoryQueues.close();
    if (ownsCache) await cache.close();
  };
  return { cache, queues: queueSource ?? memoryQueues, memoryQueues, ownsCache, close };
}
