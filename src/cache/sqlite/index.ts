export { openDurableCache, type DurableCacheOptions } from "./durable-cache.ts";
export { CacheLook, type CacheDamage, type LookedTable } from "./look-at-cache.ts";
