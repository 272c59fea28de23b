import type { CacheBackend } from "../cache/index.ts";
import { openDurableCache } from "../cache/sqlite/index.ts";
import type { LockNames } from "../sqlite/index.ts";
import type { DurableOptions } from "./stores.ts";

/**
 * Opens one cache by its name in a folder, `{name}.db` under a lock of its own, so that it lives beside a Lens's
 * stores and caches of other names. Makes what is missing; refuses as `openDurable` does.
 */
export function openCacheFile(
  folder: string,
  name: string,
  options: DurableOptions = {},
): Promise<CacheBackend> {
  return openDurableCache(folder, {
    ...options,
    name,
    ordersFolder: `${name}.orders`,
    lockNames: lockNamesOf(name),
  });
}

/** The lock of a cache that is opened by its name. */
export function lockNamesOf(name: string): LockNames {
  return { lock: `${name}.lock.db`, holder: `${name}.holder.json` };
}
