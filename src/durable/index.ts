export { openCacheFile } from "./open-cache-file.ts";
export { openDurable } from "./open-durable.ts";
export type { DurableOptions, DurableStores } from "./stores.ts";
