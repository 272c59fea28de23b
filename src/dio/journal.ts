import type { CacheBatch, CacheTable, StoredRow, TableMeta } from "../cache/index.ts";
import { type Clock, DioramaError, isDioramaError, type Timer, toDioramaError } from "../base/index.ts";

/** A change waits no longer than this before it is on its way to the table. */
const WRITE_BEHIND_MS = 50;
/** So many changed rows are not kept waiting at all. */
const EAGER_ROWS = 2_000;
/** Rows of one transaction. */
const BATCH_ROWS = 10_000;
/** Pause after a failed transaction. */
const RETRY_MS = 1_000;

/** What the journal reads when it writes: the newest state, so that ten changes of one row are one write. */
export interface JournalHost {
  stored(id: string): StoredRow | undefined;
  allIds(): IterableIterator<string>;
  meta(): TableMeta;
  /** A transaction failed (`full`, `unavailable`), or the table reported damage (`corrupt`) and is empty now. */
  onFailure(error: DioramaError): void;
}

/**
 * Writes changes behind, in order: a set of changed ids, written in transactions from the rows in memory.
 * Metadata goes with the transaction that leaves nothing unwritten, so it never runs ahead of the rows.
 */
export class Journal {
  readonly #table: CacheTable;
  readonly #host: JournalHost;
  readonly #clock: Clock;
  readonly #dirty = new Set<string>();
  /** As the table has it. */
  #written: TableMeta;
  #cleared = false;
  #metaChanged = false;
  /** Goes over all rows when more than single ones have changed. */
  #sweep: IterableIterator<string> | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #failing: DioramaError | undefined;
  #waiting: (() => void)[] = [];

  constructor(table: CacheTable, host: JournalHost, clock: Clock) {
    this.#table = table;
    this.#host = host;
    this.#clock = clock;
    this.#written = table.meta;
  }

  /** Changed rows not yet written; a sweep counts as one. */
  get backlog(): number {
    return this.#dirty.size + (this.#sweep === undefined ? 0 : 1);
  }

  get failing(): DioramaError | undefined {
    return this.#failing;
  }

  changed(id: string): void {
    this.#dirty.add(id);
    this.#schedule();
  }

  /** Everything stored is void; what is in memory now has to be written again. */
  rewritten(): void {
    this.#cleared = true;
    this.#metaChanged = true;
    this.#dirty.clear();
    this.#sweep = this.#host.allIds();
    this.#schedule();
  }

  metaChanged(): void {
    this.#metaChanged = true;
    this.#schedule();
  }

  /** Resolves when all that was changed before the call is in the table; rejects with why it is not. */
  async flush(): Promise<void> {
    while (this.#isPending || this.#running !== undefined) {
      await (this.#running ?? this.#run());
      if (this.#failing !== undefined) throw this.#failing;
    }
  }

  /** Resolves when few enough changes wait, or at once while the table takes none: memory goes on without it. */
  async whenBelow(rows: number): Promise<void> {
    while (this.#dirty.size > rows && this.#failing === undefined) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.#schedule();
      });
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#wake();
  }

  get #isPending(): boolean {
    return this.#cleared || this.#metaChanged || this.#sweep !== undefined || this.#dirty.size > 0;
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#failing !== undefined) return;
    if (this.#dirty.size >= EAGER_ROWS) {
      this.#timer?.cancel();
      this.#timer = undefined;
      void this.#run();
    } else {
      this.#timer ??= this.#clock.setTimer(() => void this.#run(), WRITE_BEHIND_MS, { keepAlive: true });
    }
  }

  #run(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#failing = undefined;
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      this.#wake();
      if (this.#failing !== undefined) this.#retryLater();
      else if (this.#isPending) this.#schedule();
    });
    return this.#running;
  }

  async #writeAll(): Promise<void> {
    while (this.#isPending) {
      const batch = this.#nextBatch();
      try {
        await this.#table.apply(batch);
        this.#written = batch.meta ?? this.#written;
      } catch (error) {
        this.#failed(batch, toDioramaError(error, "unavailable", "writing the cache"));
        return;
      }
      this.#wake();
    }
  }

  #nextBatch(): CacheBatch {
    const puts: StoredRow[] = [];
    const deletes: string[] = [];
    const clear = this.#cleared;
    this.#cleared = false;
    for (const id of this.#takeIds()) {
      const stored = this.#host.stored(id);
      if (stored !== undefined) puts.push(stored);
      else deletes.push(id);
    }
    const isLast = this.#sweep === undefined && this.#dirty.size === 0;
    const meta = this.#host.meta();
    if (isLast) this.#metaChanged = false;
    if (isLast) return { clear, deletes, puts, meta };
    // A table that is being filled anew is not complete until the transaction that completes it, and one
    // that is being changed was not closed in order.
    if (clear) return { clear, deletes, puts, meta: { ...meta, complete: false, clean: false } };
    return this.#written.clean
      ? { deletes, puts, meta: { ...this.#written, clean: false } }
      : { deletes, puts };
  }

  *#takeIds(): Generator<string> {
    let left = BATCH_ROWS;
    while (this.#sweep !== undefined && left > 0) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        break;
      }
      this.#dirty.delete(next.value);
      left -= 1;
      yield next.value;
    }
    for (const id of this.#dirty) {
      if (left === 0) return;
      left -= 1;
      this.#dirty.delete(id);
      yield id;
    }
  }

  #failed(batch: CacheBatch, error: DioramaError): void {
    this.#failing = error;
    if (isDioramaError(error, "corrupt")) {
      // The table is empty now: whatever was or is to be written has to be written again.
      this.#host.onFailure(error);
      this.rewritten();
      return;
    }
    this.#metaChanged ||= batch.meta !== undefined;
    this.#cleared ||= batch.clear === true;
    for (const id of batch.deletes ?? []) this.#dirty.add(id);
    for (const { id } of batch.puts ?? []) this.#dirty.add(id);
    this.#host.onFailure(error);
  }

  #retryLater(): void {
    this.#timer ??= this.#clock.setTimer(() => void this.#run(), RETRY_MS);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
