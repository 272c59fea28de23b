import type { Clock, Logger } from "../base/index.ts";
import type { CacheBackend } from "../cache/index.ts";
import type { QueueBackend } from "../queue/index.ts";

export interface DurableOptions {
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/** What is kept in one folder. Whoever opened it closes it when nobody uses the cache and the queues any more. */
export interface DurableStores {
  readonly cache: CacheBackend;
  readonly queues: QueueBackend;
  /** Closes both and lets the folder go. Idempotent. */
  close(): Promise<void>;
}
