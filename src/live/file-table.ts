import { type Clock, DioramaError, isDioramaError, must, type Timer } from "../base/index.ts";
import { blankMeta, type CacheTable, type StoredRow } from "../cache/index.ts";
import type { CachedRows } from "./cache.ts";
import { CallLane } from "./call-lane.ts";
import { composeBatch, type EntryWrite, type TableState } from "./compose-batch.ts";
import { fromNotes, isDropped, isSwept, noDrops, toNotes } from "./drops.ts";
import { headOf, packEntry, unpackEntry } from "./entry-codec.ts";
import { toEntryId } from "./entry-id.ts";
import { sweepTable } from "./sweep-table.ts";

/** A drop is followed by a sweep after so long, or after so many times as long as the last one took. */
const SWEEP_DELAY_MS = 1_000;
const SWEEP_REST = 20;

export interface FileTableSettings {
  /** For people. */
  readonly what: string;
  /** Tells by itself what was lost before. */
  readonly open: () => Promise<CacheTable>;
  readonly clock: Clock;
  readonly onDamage: (error: DioramaError) => void;
}

/** The entries of one cache key, in a table of their own. It is opened by the first call. */
export class FileTable {
  readonly #settings: FileTableSettings;
  readonly #lane: CallLane;
  #table: CacheTable | undefined;
  /** What it held at its opening is known to be ours. */
  #isChecked = false;
  #state: TableState = { drops: noDrops, putSince: undefined };
  /** The table's notes say what the state says. */
  #isNoted = false;
  #sweepTimer: Timer | undefined;
  #sweeping: Promise<void> | undefined;
  #lastSweepMs = 0;
  #isClosing = false;

  constructor(settings: FileTableSettings) {
    this.#settings = settings;
    this.#lane = new CallLane(settings.what, {
      read: (subKeys) => this.#read(subKeys),
      write: (writes) => this.#write(writes),
    });
  }

  /** Nothing is under way, and nothing is left to be swept. */
  get isIdle(): boolean {
    return this.#lane.isIdle && this.#sweepTimer === undefined && this.#sweeping === undefined;
  }

  get(subKey: string | undefined): Promise<CachedRows | undefined> {
    return this.#lane.read(subKey);
  }

  async put(subKey: string | undefined, rows: CachedRows): Promise<void> {
    await this.#lane.write({ kind: "put", subKey, entry: packEntry(rows) });
  }

  delete(subKey: string | undefined): Promise<void> {
    return this.#lane.write({ kind: "delete", subKey });
  }

  /** Everything whose sub-key begins so; undefined: everything. */
  drop(prefix: string | undefined): Promise<void> {
    return this.#lane.write({ kind: "drop", prefix });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#sweepTimer?.cancel();
    this.#sweepTimer = undefined;
    await this.#lane.end();
    await this.#sweeping;
    await this.#table?.close();
  }

  async #read(subKeys: readonly (string | undefined)[]): Promise<(CachedRows | undefined)[]> {
    const table = await this.#opened();
    const ids = [...new Set(subKeys.map(toEntryId))];
    const stored = await this.#orEmptied(() => table.get(ids));
    const byId = new Map(stored?.map((row) => [row.id, row]));
    const broken = new Set<string>();
    const found = subKeys.map((subKey) => {
      const row = byId.get(toEntryId(subKey));
      if (row === undefined) return undefined;
      try {
        return this.#entryOf(row, subKey);
      } catch (error) {
        if (!isDioramaError(error, "corrupt")) throw error;
        if (!broken.has(row.id)) this.#tell(error.message, error);
        broken.add(row.id);
        return undefined;
      }
    });
    if (broken.size > 0) await this.#remove(table, [...broken]);
    return found;
  }

  /** What can't be read goes, so that it is told once; where it can't go now, it is told again. */
  async #remove(table: CacheTable, deletes: readonly string[]): Promise<void> {
    try {
      await this.#orEmptied(() => table.apply({ deletes }));
    } catch (error) {
      if (!isDioramaError(error)) throw error;
    }
  }

  /** Undefined where it was dropped, or is of another sub-key with the same hash. */
  #entryOf(row: StoredRow, subKey: string | undefined): CachedRows | undefined {
    const head = headOf(row);
    const { drops } = this.#state;
    if (head.subKey !== subKey || isDropped(drops, subKey, head.generation)) return undefined;
    if (head.generation <= drops.generation) return unpackEntry(row);
    throw new DioramaError("corrupt", "an entry is of a later time than its table");
  }

  async #write(writes: readonly EntryWrite[]): Promise<void> {
    const table = await this.#opened();
    const isApplied = await this.#orEmptied(() => this.#apply(table, writes));
    // The table is empty now, and takes everything again.
    if (isApplied === undefined) await this.#apply(table, writes);
    if (!isSwept(this.#state.drops)) this.#sweepLater();
  }

  async #apply(table: CacheTable, writes: readonly EntryWrite[]): Promise<true> {
    const { deletes, puts, state } = composeBatch(writes, this.#state);
    const { drops } = state;
    if (drops !== this.#state.drops) {
      // In force from now on, whatever becomes of the batch; the next one carries it, should this one fail.
      this.#state = { ...this.#state, drops };
      this.#isNoted = false;
    }
    if (deletes.length > 0 || puts.length > 0 || !this.#isNoted) {
      const meta = this.#isNoted ? undefined : { ...blankMeta, notes: toNotes(drops) };
      await table.apply(meta === undefined ? { deletes, puts } : { deletes, puts, meta });
    }
    this.#state = state;
    this.#isNoted = true;
    return true;
  }

  async #opened(): Promise<CacheTable> {
    const table = (this.#table ??= await this.#settings.open());
    if (this.#isChecked) return table;
    const drops = fromNotes(table.meta.notes);
    if (drops !== undefined) {
      this.#state = { drops, putSince: undefined };
      this.#isNoted = true;
      if (!isSwept(drops)) this.#sweepLater();
    } else if (table.rowCount > 0) {
      await this.#orEmptied(() => table.apply({ clear: true, meta: blankMeta }));
      this.#tell("its entries are of another version");
    }
    this.#isChecked = true;
    return table;
  }

  /** Undefined where the call met damage: it is told, and the table is empty. */
  async #orEmptied<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (!isDioramaError(error, "corrupt")) throw error;
      // Generations go on: nothing of an earlier one is there any more.
      this.#isNoted = false;
      this.#tell(error.message, error);
      return undefined;
    }
  }

  #sweepLater(): void {
    if (this.#isClosing || this.#sweepTimer !== undefined || this.#sweeping !== undefined) return;
    const delayMs = Math.max(SWEEP_DELAY_MS, this.#lastSweepMs * SWEEP_REST);
    this.#sweepTimer = this.#settings.clock.setTimer(() => {
      this.#sweepTimer = undefined;
      this.#sweeping = this.#sweep();
    }, delayMs);
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#settings;
    const startedAt = clock.monotonic();
    try {
      await this.#orEmptied(() =>
        sweepTable({
          table: must(this.#table, "a table that is swept was opened"),
          drops: () => this.#state.drops,
          write: (write) => this.#lane.write(write),
          isGivenUp: () => this.#isClosing,
          onBroken: (error) => this.#tell(error.message, error),
        }),
      );
    } catch (error) {
      // Nothing waits for it: it is tried again.
      if (!isDioramaError(error)) throw error;
    } finally {
      this.#lastSweepMs = clock.monotonic() - startedAt;
      this.#sweeping = undefined;
    }
    if (!isSwept(this.#state.drops)) this.#sweepLater();
  }

  #tell(problem: string, cause?: DioramaError): void {
    const message = `${this.#settings.what}: ${problem}; what it held is read from the master again`;
    this.#settings.onDamage(new DioramaError("corrupt", message, { cause, place: cause?.place ?? {} }));
  }
}
