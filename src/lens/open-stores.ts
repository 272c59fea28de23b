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
  /** Closes what the Lens owns. */
  close(): Promise<void>;
}

/** Opens what the settings ask for; the durable stores of this runtime are loaded when they are first asked for. */
export async function openStores(settings: LensSettings): Promise<LensStores> {
  const { cacheAt, cacheSource, clock, logger } = settings;
  if (cacheAt !== undefined) {
    const { openDurable } = await import("#durable");
    const safe = logger === undefined ? undefined : toSafeLogger(logger);
    const stores = await openDurable(cacheAt, { clock, logger: safe });
    return { cache: stores.cache, queues: stores.queues, ownsCache: true, close: () => stores.close() };
  }
  const queues = createMemoryQueues();
  if (cacheSource !== undefined)
    return { cache: cacheSource, queues, ownsCache: false, close: () => queues.close() };
  const cache = createMemoryCache();
  const close = async (): Promise<void> => {
    await queues.close();
    await cache.close();
  };
  return { cache, queues, ownsCache: true, close };
}
