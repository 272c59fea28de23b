export { openDurableCache, type DurableCacheOptions } from "./durable-cache.ts";
