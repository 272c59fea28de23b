export type { CachedRows, Cache } from "./cache.ts";
export type { LivePlace, LiveStep } from "./live-step.ts";
export type { LiveEvent, LiveStream } from "./live-stream.ts";
