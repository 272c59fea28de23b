import { type Clock, type DioramaError, isDioramaError, type Timer, toDioramaError } from "../base/index.ts";
import type { QueueBatch, QueuedOp, WriteQueue } from "../queue/index.ts";

/** Confirmed ops stay in the queue file at most this much longer than their effect takes to the cache file. */
const CLEAN_AFTER_MS = 100;
const RETRY_MS = 1_000;

export interface WriteFileHost {
  readonly clock: Clock;
  /** Resolves when what the cache holds is in its file. */
  flushCache(): Promise<void>;
  /** The queue can't be written: told once until it works again. Or one op can't be kept (`invalid`): that one alone. */
  onFailure(error: DioramaError): void;
  /** It can be written again. */
  onRecovery(): void;
}

/** How a change of a kept op is written. */
export interface NoteOptions {
  /**
   * Somebody was told, or is waiting: a power cut must not take it back. What is not promised it may take back, and
   * the op is then sent again under the same opId: an attempt, an answer, and that it is settled.
   */
  readonly isPromised?: boolean;
}

/** What is noted and not written. */
class Pending {
  readonly puts = new Map<number, QueuedOp>();
  readonly removes = new Set<number>();
  isPromised = false;

  get size(): number {
    return this.puts.size + this.removes.size;
  }

  concerns(sequence: number): boolean {
    return this.puts.has(sequence) || this.removes.has(sequence);
  }

  /** Each of them alone. */
  *apart(): Generator<QueueBatch> {
    for (const sequence of this.removes) yield { removes: [sequence] };
    for (const queued of this.puts.values()) yield { puts: [queued] };
  }

  /** Adds what was noted before all of these. */
  takeBack(older: Pending): void {
    for (const sequence of older.removes) this.removes.add(sequence);
    for (const [sequence, queued] of older.puts) {
      if (!this.removes.has(sequence) && !this.puts.has(sequence)) this.puts.set(sequence, queued);
    }
    this.isPromised ||= older.isPromised;
  }
}

/**
 * The queue file as the writer sees it: new ops are kept before they count, later changes follow behind, one
 * transaction at a time, so that none overtakes another.
 */
export class WriteFile {
  readonly #queue: WriteQueue;
  readonly #host: WriteFileHost;
  #pending = new Pending();
  #underWay: Pending | undefined;
  #running: Promise<void> | undefined;
  /** Why the notes wait to be tried again. */
  #failing: DioramaError | undefined;
  /** Nothing could be written since this. */
  #outage: DioramaError | undefined;
  #retryTimer: Timer | undefined;
  /** Confirmed ops whose effect is not known to be in the cache file. */
  #unclean: number[] = [];
  #cleanTimer: Timer | undefined;
  #cleaning: Promise<void> | undefined;

  constructor(queue: WriteQueue, host: WriteFileHost) {
    this.#queue = queue;
    this.#host = host;
  }

  /** Why the queue takes nothing; absent while all is well. */
  get failing(): DioramaError | undefined {
    return this.#outage;
  }

  /** Keeps new ops: all or, when it rejects, none. */
  stage(ops: readonly QueuedOp[]): Promise<void> {
    return this.#apply({ puts: ops }, { isPromised: true });
  }

  /** Notes another state of a staged op. */
  note(queued: QueuedOp, options: NoteOptions = {}): void {
    if (this.#pending.removes.has(queued.sequence)) return;
    this.#pending.puts.set(queued.sequence, queued);
    this.#schedule(options);
  }

  drop(sequence: number, options: NoteOptions = {}): void {
    this.#pending.puts.delete(sequence);
    this.#pending.removes.add(sequence);
    this.#schedule(options);
  }

  /** Drops a confirmed op when its effect is in the cache file; until then it is kept as confirmed. */
  dropBehindCache(queued: QueuedOp): void {
    this.note(queued);
    this.#unclean.push(queued.sequence);
    this.#cleanTimer ??= this.#host.clock.setTimer(() => void this.#clean(), CLEAN_AFTER_MS);
  }

  /** Resolves when everything noted is in the file; rejects with why it is not, and it is tried again behind. */
  async kept(): Promise<void> {
    if (this.#failing !== undefined) await (this.#running ?? this.#run());
    await this.#settled();
    if (this.#failing !== undefined && this.#isPending) throw this.#failing;
  }

  /**
   * Puts another op in the place of a kept one, in one transaction; rejects where nothing has changed. False: `isStill`
   * was no longer true when everything noted before was written.
   */
  async replace(queued: QueuedOp, isStill: () => boolean): Promise<boolean> {
    do await this.kept();
    while (this.#pending.concerns(queued.sequence) || this.#underWay?.concerns(queued.sequence) === true);
    if (!isStill()) return false;
    await this.#apply({ puts: [queued] }, { isPromised: true });
    return true;
  }

  /** One last try at whatever is not written. */
  async close(): Promise<void> {
    // One may be under way for fewer than there are by now.
    await this.#cleaning;
    await this.#clean();
    this.#cleanTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#failing = undefined;
    await this.#settled();
    this.#retryTimer?.cancel();
    await this.#queue.close();
  }

  get #isPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Resolves when everything noted is in the file, or could not be written now. */
  async #settled(): Promise<void> {
    while (this.#running !== undefined || (this.#isPending && this.#failing === undefined)) {
      await (this.#running ?? this.#run());
    }
  }

  #schedule({ isPromised = false }: NoteOptions): void {
    this.#pending.isPromised ||= isPromised;
    if (this.#running !== undefined || this.#failing !== undefined) return;
    void this.#run();
  }

  #run(): Promise<void> {
    this.#retryTimer?.cancel();
    this.#running = this.#writeAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #writeAll(): Promise<void> {
    // What the rest of this stretch notes goes with it.
    await Promise.resolve();
    while (this.#isPending) {
      const pending = this.#pending;
      this.#pending = new Pending();
      this.#underWay = pending;
      try {
        await this.#write(pending);
        this.#failing = undefined;
      } catch (error) {
        this.#pending.takeBack(pending);
        this.#failing = toDioramaError(error, "unavailable", "writing the queue");
        this.#retryTimer = this.#host.clock.setTimer(() => void this.#run(), RETRY_MS);
        return;
      } finally {
        this.#underWay = undefined;
      }
    }
  }

  async #write(pending: Pending): Promise<void> {
    const { isPromised } = pending;
    try {
      await this.#apply({ puts: [...pending.puts.values()], removes: [...pending.removes] }, { isPromised });
    } catch (error) {
      if (!isDioramaError(error, "invalid")) throw error;
      if (pending.size > 1) await this.#writeApart(pending);
      // One alone that can't be written stays in the file as it stands there, and the others don't wait for it.
    }
  }

  async #writeApart(pending: Pending): Promise<void> {
    for (const single of pending.apart()) {
      try {
        await this.#apply(single, pending);
      } catch (error) {
        if (!isDioramaError(error, "invalid")) throw error;
      }
    }
  }

  async #apply(batch: QueueBatch, { isPromised = false }: NoteOptions): Promise<void> {
    try {
      await this.#queue.apply(batch, { relaxed: !isPromised });
      this.#recovered();
    } catch (error) {
      const failure = toDioramaError(error, "unavailable", "writing the queue");
      const isOneOp = (batch.puts?.length ?? 0) + (batch.removes?.length ?? 0) === 1;
      if (failure.code !== "invalid") this.#failed(failure);
      else if (isOneOp) this.#host.onFailure(failure);
      throw failure;
    }
  }

  #recovered(): void {
    if (this.#outage === undefined) return;
    this.#outage = undefined;
    this.#host.onRecovery();
  }

  #failed(error: DioramaError): void {
    const isNew = this.#outage === undefined;
    this.#outage = error;
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
