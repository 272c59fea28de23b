import type { ActivitySignal, Clock, Duration, Logger } from "../base/index.ts";
import type { CacheBackend } from "../cache/index.ts";
import type { DioCallbacks } from "../dio/index.ts";
import type { Durability, QueueBackend } from "../queue/index.ts";
import type { Row } from "../record/index.ts";

/** How the write queue behaves. */
export interface WriteQueueSettings {
  /** Ops on different ids under way at once. Default 1: strict order. */
  readonly concurrency?: number;
  /** Ops kept at most. Default 100,000. */
  readonly maxOps?: number;
  /** What a write does when the queue is full: wait for room (default), or reject as `full`. */
  readonly whenFull?: "wait" | "reject";
  /** When an accepted op counts as done: at the destination's answer (default), or when it comes back from upstream. */
  readonly confirm?: "response" | "echo";
  /** How long an accepted op is shown while its echo does not come. Default 60 s. */
  readonly echoTimeout?: Duration;
  /** Adjacent unsent ops on one id become one. Default false. */
  readonly coalesce?: boolean;
  /**
   * What a queued write survives: a power cut ("fsync", the default with `cacheAt` or a durable `queueSource`), the
   * end of the process ("process", faster), or nothing ("memory", the default elsewhere).
   */
  readonly durability?: Durability;
}

/** What can be set for the whole Lens and again for one Dio. */
export interface DioSettings<R extends object = Row> extends DioCallbacks<R> {
  /** Whether makeDio waits for onStart and fails with it. Default true. */
  readonly onStartBlocking?: boolean;
  /** Default: never by itself. */
  readonly refreshEvery?: Duration;
  /** Younger than this is served as it is. Default: for ever. */
  readonly freshFor?: Duration;
  /** For so long after it, old rows are served and refreshed behind. Default: for ever. */
  readonly staleFor?: Duration;
  /** For one call of the master, or one batch without progress. Default 30 s. */
  readonly deadline?: Duration;
  /** How long the viewport of a paged Scenery has to stand still before what it misses is loaded. Default 50 ms. */
  readonly viewportDebounce?: Duration;
  /** Rows of one load of a paged Scenery. Default 100. */
  readonly pageSize?: number;
  /** Whether a paged Scenery that opens on rows of the cache loads them again behind. Default true. */
  readonly refreshOnOpen?: boolean;
  readonly writeQueue?: WriteQueueSettings;
  /** Whether readers see queued writes. Default true. */
  readonly optimistic?: boolean;
}

/** What a LensBuilder collects. */
export interface LensSettings extends DioSettings {
  /** The folder of the durable cache. */
  readonly cacheAt?: string;
  readonly cacheSource?: CacheBackend;
  /** Where queued writes are kept, in place of what goes with the cache. */
  readonly queueSource?: QueueBackend;
  readonly activity?: ActivitySignal;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** Settings of one Dio: those of the Lens, changed. */
export interface MakeDioSettings<R extends object = Row> extends DioSettings<R> {
  /** Its cache table. Default: the name of the vista. */
  readonly table?: string;
}
