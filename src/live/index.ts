export type { CachedRows, Cache } from "./cache.ts";
export { FileCache, type FileCacheOptions } from "./file-cache.ts";
export { MemCache, type MemCacheOptions } from "./mem-cache.ts";
export { NoCache } from "./no-cache.ts";
export type { LivePlace, LiveStep } from "./live-step.ts";
export type { LiveEvent, LiveStream } from "./live-stream.ts";
export { LiveTable } from "./live-table.ts";
export type { LiveTableOptions } from "./live-options.ts";
export { ManualLiveStream } from "./manual-live-stream.ts";
