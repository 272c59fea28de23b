import { type Clock, type DioramaError, type Timer, toDioramaError } from "../base/index.ts";
import type { QueuedOp, WriteQueue } from "../queue/index.ts";

/** Confirmed ops stay in the queue file at most this much longer than their effect takes to the cache file. */
const CLEAN_AFTER_MS = 100;
const RETRY_MS = 1_000;

export interface WriteFileHost {
  readonly clock: Clock;
  /** Resolves when what the cache holds is in its file. */
  flushCache(): Promise<void>;
  /** A change of a staged op could not be written; it is tried again. Told once for each time it starts. */
  onFailure(error: DioramaError): void;
}

/**
 * The queue file as the writer sees it: new ops are kept before they count, later changes follow behind, one
 * transaction at a time, so that none overtakes another.
 */
export class WriteFile {
  readonly #queue: WriteQueue;
  readonly #host: WriteFileHost;
  #puts = new Map<number, QueuedOp>();
  #removes = new Set<number>();
  #running: Promise<void> | undefined;
  #failing: DioramaError | undefined;
  #retryTimer: Timer | undefined;
  /** Confirmed ops whose effect is not known to be in the cache file. */
  #unclean: number[] = [];
  #cleanTimer: Timer | undefined;
  #cleaning: Promise<void> | undefined;

  constructor(queue: WriteQueue, host: WriteFileHost) {
    this.#queue = queue;
    this.#host = host;
  }

  /** Keeps new ops: all or, when it rejects, none. */
  stage(ops: readonly QueuedOp[]): Promise<void> {
    return this.#queue.apply({ puts: ops });
  }

  /** Notes another state of a staged op. */
  note(queued: QueuedOp): void {
    if (this.#removes.has(queued.sequence)) return;
    this.#puts.set(queued.sequence, queued);
    this.#schedule();
  }

  drop(sequence: number): void {
    this.#puts.delete(sequence);
    this.#removes.add(sequence);
    this.#schedule();
  }

  /** Drops a confirmed op when its effect is in the cache file; until then it is kept as confirmed. */
  dropBehindCache(queued: QueuedOp): void {
    this.note(queued);
    this.#unclean.push(queued.sequence);
    this.#cleanTimer ??= this.#host.clock.setTimer(() => void this.#clean(), CLEAN_AFTER_MS);
  }

  /** Resolves when everything noted is in the file, or could not be written now. */
  async settled(): Promise<void> {
    while (this.#running !== undefined || (this.#isPending && this.#failing === undefined)) {
      await (this.#running ?? this.#run());
    }
  }

  /** One last try at whatever is not written. */
  async close(): Promise<void> {
    // One may be under way for fewer than there are by now.
    await this.#cleaning;
    await this.#clean();
    this.#cleanTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#failing = undefined;
    await this.settled();
    this.#retryTimer?.cancel();
    await this.#queue.close();
  }

  get #isPending(): boolean {
    return this.#puts.size > 0 || this.#removes.size > 0;
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#failing !== undefined) return;
    void this.#run();
  }

  #run(): Promise<void> {
    this.#running = this.#writeAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #writeAll(): Promise<void> {
    // What the rest of this stretch notes goes with it.
    await Promise.resolve();
    while (this.#isPending) {
      const puts = this.#puts;
      const removes = this.#removes;
      this.#puts = new Map();
      this.#removes = new Set();
      try {
        await this.#queue.apply({ puts: [...puts.values()], removes: [...removes] });
        this.#failing = undefined;
      } catch (error) {
        this.#takeBack(puts, removes);
        this.#failed(toDioramaError(error, "unavailable", "writing the queue"));
        return;
      }
    }
  }

  /** What was noted since is newer. */
  #takeBack(puts: ReadonlyMap<number, QueuedOp>, removes: ReadonlySet<number>): void {
    for (const sequence of removes) this.#removes.add(sequence);
    for (const [sequence, queued] of puts) {
      if (!this.#removes.has(sequence) && !this.#puts.has(sequence)) this.#puts.set(sequence, queued);
    }
  }

  #failed(error: DioramaError): void {
    const isNew = this.#failing === undefined;
    this.#failing = error;
    this.#retryTimer = this.#host.clock.setTimer(() => void this.#run(), RETRY_MS);
    if (isNew) this.#host.onFailure(error);
  }

  /** Never rejects: a cache that can't be written keeps the ops in the queue file, and is tried again. */
  #clean(): Promise<void> {
    this.#cleaning ??= this.#cleanNow().finally(() => {
      this.#cleaning = undefined;
      if (this.#unclean.length > 0)
        this.#cleanTimer ??= this.#host.clock.setTimer(() => void this.#clean(), RETRY_MS);
    });
    return this.#cleaning;
  }

  async #cleanNow(): Promise<void> {
    this.#cleanTimer?.cancel();
    this.#cleanTimer = undefined;
    const sequences = this.#unclean;
    if (sequences.length === 0) return;
    this.#unclean = [];
    try {
      await this.#host.flushCache();
      for (const sequence of sequences) this.drop(sequence);
    } catch {
      // The cache says so itself, by an event.
      this.#unclean = [...sequences, ...this.#unclean];
    }
  }
}
