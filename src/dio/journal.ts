import { type Clock, DioramaError, isDioramaError, type Timer, toDioramaError } from "../base/index.ts";
import type { CacheBatch, CacheTable, StoredRow, TableMeta } from "../cache/index.ts";

/** A change waits no longer than this before it is on its way to the table. */
const WRITE_BEHIND_MS = 50;
/** So many changed rows are not kept waiting at all. */
const EAGER_ROWS = 2_000;
/** Rows of one transaction, as long as the table keeps up. */
const BATCH_ROWS = 10_000;
/** Changed rows that are remembered while nothing is written; more are all rows. */
const IDLE_ROWS = 10_000;
/** Pause after a failed transaction. */
const RETRY_MS = 1_000;

/** What the journal reads when it writes: the newest state, so that ten changes of one row are one write. */
export interface JournalHost {
  stored(id: string): StoredRow | undefined;
  allIds(): IterableIterator<string>;
  meta(): TableMeta;
  /**
   * False: the table outlives the process no more than memory does, so that it is written only where it has to be
   * right: by `flush`. Rows would stand in memory twice else.
   */
  readonly writesBehind: boolean;
  /**
   * Transactions fail from now on (`full`, `unavailable`), one row can't be stored (`invalid`), or the table
   * reported damage (`corrupt`) and is empty now.
   */
  onFailure(error: DioramaError): void;
}

interface Batch {
  readonly changes: CacheBatch;
  /** The count of changes that are all in the table after it; `undefined`: some are left out. */
  readonly covers: number | undefined;
}

/**
 * Writes changes behind, in order: a set of changed ids, written in transactions from the rows in memory.
 * Metadata goes with the transaction that leaves nothing unwritten, so it never runs ahead of the rows.
 */
export class Journal {
  readonly #table: CacheTable;
  readonly #host: JournalHost;
  readonly #clock: Clock;
  #dirty = new Set<string>();
  /** Rows that the table can't hold, and why. */
  readonly #refused = new Map<string, DioramaError>();
  /** As the table has it. */
  #written: TableMeta;
  #cleared = false;
  #metaChanged = false;
  /** Not written behind, and changed more than is remembered one by one: the next write goes over all rows. */
  #isSweepDue = false;
  /** Goes over all rows when more than single ones have changed. */
  #sweep: IterableIterator<string> | undefined;
  /** Counts changes. */
  #changes = 0;
  /** The count at which everything was in the table last. */
  #covered = 0;
  /** When the oldest change that is not on its way was made. */
  #waitingSinceMs: number | undefined;
  #batchRows = BATCH_ROWS;
  /** Changed rows that the last transaction had no room for. */
  #leftBehind = 0;
  /** The count that somebody waits for. */
  #flushTarget = 0;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  /** The table has a transaction of this one. */
  #isApplying = false;
  #failing: DioramaError | undefined;
  /** The failure that was told and has not ended. */
  #told: DioramaError | undefined;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(table: CacheTable, host: JournalHost, clock: Clock) {
    this.#table = table;
    this.#host = host;
    this.#clock = clock;
    this.#written = table.meta;
  }

  /** Changed rows not yet written; a sweep counts as one. */
  get backlog(): number {
    return this.#dirty.size + (this.#sweep === undefined && !this.#isSweepDue ? 0 : 1);
  }

  /** Why what is in memory can't be written now. */
  get failing(): DioramaError | undefined {
    return this.#failing ?? this.#refused.values().next().value;
  }

  /** Every row is stored as it is in memory. */
  get isSettled(): boolean {
    return !this.#isPending && this.#refused.size === 0;
  }

  changed(id: string): void {
    this.#refused.delete(id);
    if (!this.#isSweepDue) this.#dirty.add(id);
    if (this.#isIdle && this.#dirty.size > IDLE_ROWS) this.#remindOfAll();
    this.#note();
  }

  /** Everything stored is void; what is in memory now has to be written again. */
  rewritten(): void {
    this.#cleared = true;
    this.#metaChanged = true;
    this.#refused.clear();
    this.#remindOfAll();
    if (!this.#isIdle) this.#beginSweep();
    this.#note();
  }

  metaChanged(): void {
    this.#metaChanged = true;
    this.#note();
  }

  /** Resolves when all that was changed before the call is in the table; rejects with why it is not. */
  async flush(): Promise<void> {
    if (this.#isSweepDue) this.#beginSweep();
    const target = this.#changes;
    this.#flushTarget = target;
    // What had begun before the call may fail for a reason that is gone by now.
    let mayBeOld = this.#isApplying;
    while (this.#covered < target) {
      if (this.#isClosed) throw new DioramaError("closed", "the cache was closed before all was written");
      await this.#step();
      if (this.#failing !== undefined && !mayBeOld) throw this.#failing;
      mayBeOld = false;
    }
    for (const refusal of this.#refused.values()) throw refusal;
  }

  /** Resolves when few enough changes wait, or at once while the table takes none: memory goes on without it. */
  async whenBelow(rows: number): Promise<void> {
    while (this.#dirty.size > rows && this.#failing === undefined && !this.#isClosed) await this.#step();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#wake();
  }

  /** Nothing is written before somebody asks for it. */
  get #isIdle(): boolean {
    return !this.#host.writesBehind && this.#running === undefined;
  }

  #remindOfAll(): void {
    this.#dirty.clear();
    this.#isSweepDue = true;
  }

  #beginSweep(): void {
    this.#isSweepDue = false;
    this.#cleared = true;
    this.#metaChanged = true;
    this.#sweep = this.#host.allIds();
  }

  get #isPending(): boolean {
    return this.#covered < this.#changes;
  }

  /** Whether what is pending goes on its way without waiting for more. */
  get #isUrgent(): boolean {
    if (!this.#isPending) return false;
    if (this.#cleared || this.#sweep !== undefined || this.#dirty.size >= EAGER_ROWS) return true;
    return this.#covered < this.#flushTarget;
  }

  #note(): void {
    this.#changes += 1;
    if (this.#isIdle) return;
    this.#waitingSinceMs ??= this.#clock.monotonic();
    if (this.#running === undefined && this.#failing === undefined) this.#schedule();
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#failing !== undefined || this.#isClosed) return;
    if (this.#dirty.size >= EAGER_ROWS) {
      this.#run();
    } else if (this.#timer === undefined) {
      const waitedMs = this.#clock.monotonic() - (this.#waitingSinceMs ?? this.#clock.monotonic());
      const delayMs = Math.max(0, WRITE_BEHIND_MS - waitedMs);
      this.#timer = this.#clock.setTimer(() => this.#run(), delayMs, { keepAlive: true });
    }
  }

  /** Resolves after the next transaction, or when it failed; begins one where none is under way. */
  #step(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.#run();
    return promise;
  }

  #run(): void {
    if (this.#running !== undefined) return;
    this.#cancelTimer();
    this.#failing = undefined;
    this.#running = this.#writeAll().finally(() => {
      this.#running = undefined;
      this.#wake();
      if (this.#isClosed) return;
      // Nothing is held up by a table that takes nothing: the process may end.
      if (this.#failing !== undefined) this.#timer ??= this.#clock.setTimer(() => this.#run(), RETRY_MS);
      else if (this.#isPending) this.#schedule();
    });
  }

  async #writeAll(): Promise<void> {
    // The changes of the stretch under way go together.
    await Promise.resolve();
    while (!this.#isClosed) {
      const batch = this.#nextBatch();
      try {
        this.#isApplying = true;
        await this.#table.apply(batch.changes);
        this.#isApplying = false;
      } catch (error) {
        this.#isApplying = false;
        if (!this.#recovers(batch, toDioramaError(error, "unavailable", "writing the cache"))) return;
        continue;
      }
      this.#applied(batch);
      if (!this.#isUrgent) return;
    }
  }

  #applied({ changes, covers }: Batch): void {
    this.#told = undefined;
    this.#written = changes.meta ?? this.#written;
    this.#covered = covers ?? this.#covered;
    this.#batchRows = Math.min(BATCH_ROWS, this.#batchRows * 2);
    this.#wake();
  }

  #nextBatch(): Batch {
    const puts: StoredRow[] = [];
    const deletes: string[] = [];
    this.#takeIds((id) => {
      const stored = this.#refused.has(id) ? undefined : this.#host.stored(id);
      if (stored !== undefined) puts.push(stored);
      else deletes.push(id);
    });
    const isLast = this.#sweep === undefined && this.#dirty.size === 0;
    const meta = isLast ? this.#lastMeta() : this.#meanwhileMeta();
    const changes = { ...(this.#cleared ? { clear: true } : {}), deletes, puts };
    this.#cleared = false;
    this.#leftBehind = this.#dirty.size;
    if (isLast) this.#waitingSinceMs = undefined;
    return {
      changes: meta === undefined ? changes : { ...changes, meta },
      covers: isLast ? this.#changes : undefined,
    };
  }

  /** Of the table when nothing is left unwritten; `undefined`: as it is there. */
  #lastMeta(): TableMeta | undefined {
    if (!this.#metaChanged) return undefined;
    this.#metaChanged = false;
    const meta = this.#host.meta();
    return this.#refused.size === 0 ? meta : { ...meta, complete: false };
  }

  /** Of a table in the middle of a change: it claims no more than it did, nor more than will be true. */
  #meanwhileMeta(): TableMeta | undefined {
    const coming = this.#host.meta();
    if (this.#cleared) return { ...coming, complete: false, clean: false };
    const complete = this.#written.complete && coming.complete;
    const isSame = this.#written.fingerprint === coming.fingerprint;
    if (!this.#written.clean && complete === this.#written.complete && isSame) return undefined;
    // Rows of two sources are nobody's: whoever opens such a table empties it.
    const fingerprint = isSame ? coming.fingerprint : undefined;
    return { ...this.#written, clean: false, complete, fingerprint };
  }

  #takeIds(take: (id: string) => void): void {
    let left = this.#batchRows;
    // Changes that come as fast as they are written would keep the metadata out for ever: then all go at once.
    const isOverrun = this.#leftBehind > 0 && this.#dirty.size - this.#leftBehind > BATCH_ROWS / 2;
    while (this.#sweep !== undefined) {
      if (left === 0) return;
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        break;
      }
      this.#dirty.delete(next.value);
      left -= 1;
      take(next.value);
    }
    if (isOverrun && this.#batchRows === BATCH_ROWS) left = Infinity;
    if (this.#dirty.size <= left) {
      const ids = this.#dirty;
      this.#dirty = new Set();
      ids.forEach(take);
      return;
    }
    for (const id of this.#dirty) {
      if (left === 0) return;
      left -= 1;
      this.#dirty.delete(id);
      take(id);
    }
  }

  /** Takes back what was not written. False: it has to wait. */
  #recovers(batch: Batch, error: DioramaError): boolean {
    if (isDioramaError(error, "corrupt")) {
      // The table is empty now: whatever was or is to be written has to be written again.
      const again = this.#told?.code === "corrupt";
      this.#tell(error);
      this.rewritten();
      if (again) this.#failing = error;
      return !again;
    }
    const { clear, deletes = [], puts = [], meta } = batch.changes;
    this.#metaChanged ||= meta !== undefined;
    this.#cleared ||= clear === true;
    for (const id of deletes) this.#dirty.add(id);
    for (const { id } of puts) this.#dirty.add(id);
    if (isDioramaError(error, "invalid") && puts.length > 0) {
      this.#narrow(puts, error);
      return true;
    }
    this.#failing = error;
    this.#tell(error);
    return false;
  }

  /** One row of these can't be stored: halves the batches until it stands alone, then goes on without it. */
  #narrow(puts: readonly StoredRow[], error: DioramaError): void {
    const [first] = puts;
    if (puts.length > 1 || first === undefined) {
      this.#batchRows = Math.ceil(puts.length / 2);
      return;
    }
    this.#refused.set(first.id, error);
    this.#metaChanged = true;
    this.#host.onFailure(error);
  }

  /** Once for each time that it starts, not for each attempt. */
  #tell(error: DioramaError): void {
    const isKnown = this.#told?.code === error.code;
    this.#told = error;
    if (!isKnown) this.#host.onFailure(error);
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
