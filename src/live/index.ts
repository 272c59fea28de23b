export type { CachedRows, Cache } from "./cache.ts";
export { FileCache, type FileCacheOptions } from "./file-cache.ts";
export { MemCache, type MemCacheOptions } from "./mem-cache.ts";
export { NoCache } from "./no-cache.ts";
export type { LivePlace, LiveStep } from "./live-step.ts";
export type { LiveEvent, LiveStream } from "./live-stream.ts";
