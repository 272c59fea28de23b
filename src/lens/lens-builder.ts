import type { ActivitySignal, Clock, Duration, Logger } from "../base/index.ts";
import type { CacheBackend } from "../cache/index.ts";
import type { DioCallbacks } from "../dio/index.ts";
import { checkLens, Problems, resolvePolicy } from "./check-settings.ts";
import type { QueueBackend } from "../queue/index.ts";
import type { LensSettings, WriteQueueSettings } from "./settings.ts";

type Callback<Name extends keyof DioCallbacks> = NonNullable<DioCallbacks[Name]>;

/** Collects the policy of a Lens; nothing happens before `build()`, which checks all of it. */
export class LensBuilder<Built> {
  readonly #open: (settings: LensSettings) => Promise<Built>;
  #settings: LensSettings = {};

  constructor(open: (settings: LensSettings) => Promise<Built>) {
    this.#open = open;
  }

  /** Keeps the rows in a folder, which this process then holds alone. */
  cacheAt(folder: string): this {
    return this.#set({ cacheAt: folder });
  }

  /** Keeps the rows in any other cache, which whoever made it closes: it may serve other Lenses too. */
  cacheSource(backend: CacheBackend): this {
    return this.#set({ cacheSource: backend });
  }

  /** Keeps queued writes in a queue of one's own, which whoever made it closes; `queueContract` is for these. */
  queueSource(backend: QueueBackend): this {
    return this.#set({ queueSource: backend });
  }

  /** Once for each makeDio; usually copies the master into the cache. */
  onStart(callback: Callback<"onStart">): this {
    return this.#set({ onStart: callback });
  }

  /** Whether makeDio waits for onStart and fails with it. Default true. */
  onStartBlocking(flag: boolean): this {
    return this.#set({ onStartBlocking: flag });
  }

  /** By timer and by hand. */
  onRefresh(callback: Callback<"onRefresh">): this {
    return this.#set({ onRefresh: callback });
  }

  /** How often to refresh; the first time after one full interval. */
  refreshEvery(duration: Duration): this {
    return this.#set({ refreshEvery: duration });
  }

  /** Routes one write; resolving means accepted. */
  onWrite(callback: Callback<"onWrite">): this {
    return this.#set({ onWrite: callback });
  }

  /** Routes several writes at once, instead of onWrite. */
  onWriteBatch(callback: Callback<"onWriteBatch">): this {
    return this.#set({ onWriteBatch: callback });
  }

  /** Takes in one change of the master. */
  onEvent(callback: Callback<"onEvent">): this {
    return this.#set({ onEvent: callback });
  }

  /** Fills the cache with the rows of one query. */
  onQuery(callback: Callback<"onQuery">): this {
    return this.#set({ onQuery: callback });
  }

  /** How many rows a paged Scenery has, asked once for each that is opened. */
  totalProvider(callback: Callback<"totalProvider">): this {
    return this.#set({ totalProvider: callback });
  }

  /**
   * Loads the rows at positions `[start, end)` of a paged Scenery, in the order of the query, through
   * `sink.push(index, id, row)`. They show when it resolves; a load that nobody wants any more is told by its signal.
   */
  onLoadChunk(callback: Callback<"onLoadChunk">): this {
    return this.#set({ onLoadChunk: callback });
  }

  /** How long a viewport has to stand still before what it misses is loaded. Default 50 ms. */
  viewportDebounce(duration: Duration): this {
    return this.#set({ viewportDebounce: duration });
  }

  /** Rows of one load of a paged Scenery. Default 100. */
  pageSize(rows: number): this {
    return this.#set({ pageSize: rows });
  }

  /** Whether a paged Scenery that opens on rows of the cache loads them again behind. Default true. */
  refreshOnOpen(flag: boolean): this {
    return this.#set({ refreshOnOpen: flag });
  }

  /** Younger than this is served as it is. */
  freshFor(duration: Duration): this {
    return this.#set({ freshFor: duration });
  }

  /** For so long after `freshFor`, old rows are served and refreshed behind. */
  staleFor(duration: Duration): this {
    return this.#set({ staleFor: duration });
  }

  /** For one call of the master, or one batch without progress. Default 30 s. */
  deadline(duration: Duration): this {
    return this.#set({ deadline: duration });
  }

  writeQueue(settings: WriteQueueSettings): this {
    return this.#set({ writeQueue: settings });
  }

  /** Whether readers see queued writes. Default true. */
  optimistic(flag: boolean): this {
    return this.#set({ optimistic: flag });
  }

  /** Standby slows refresh; offline pauses refresh and sending. */
  activity(signal: ActivitySignal): this {
    return this.#set({ activity: signal });
  }

  logger(logger: Logger): this {
    return this.#set({ logger });
  }

  /** Where time comes from; tests bring their own. */
  clock(clock: Clock): this {
    return this.#set({ clock });
  }

  /** Opens the Lens; `invalid` with every problem of its settings, `inUse` where another one holds the folder. */
  async build(): Promise<Built> {
    const settings = this.#settings;
    const problems = new Problems();
    resolvePolicy(settings, problems);
    checkLens(settings, problems);
    problems.throwIfAny("this Lens can't be built");
    return this.#open(settings);
  }

  #set(change: LensSettings): this {
    this.#settings = { ...this.#settings, ...change };
    return this;
  }
}
