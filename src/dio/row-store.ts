import { blankMeta, type CacheTable, type StoredRow, type TableMeta } from "../cache/index.ts";
import { type Clock, type DioramaError, isDioramaError, toDioramaError } from "../base/index.ts";
import { equalRows, type Row } from "../record/index.ts";
import { Journal } from "./journal.ts";

/** Rows of one step of a warm start: small enough not to hold the thread. */
const LOAD_BATCH_ROWS = 1_000;

export interface RowStoreHost {
  /** False: rows are not kept at all. */
  readonly keeps: boolean;
  readonly clock: Clock;
  onFailure(error: DioramaError): void;
}

/**
 * The confirmed rows, in memory, with the cache table following behind. At a warm start the stored rows
 * arrive in the background; until then `ensure` fetches the ones that are needed.
 */
export class RowStore {
  readonly #table: CacheTable;
  readonly #host: RowStoreHost;
  readonly #journal: Journal;
  #rows = new Map<string, Row>();
  /** When single rows were fetched: kept while the cache is not complete. */
  readonly #fetchedAt = new Map<string, number>();
  /** While loading: the ids whose truth is in memory already, present or not. */
  #known: Set<string> | undefined;
  #loading: Promise<void> = Promise.resolve();
  /** While loading: rows stored, and how many were added and removed since. */
  #countWhileLoading = 0;
  #meta: TableMeta;
  #closed = false;

  constructor(table: CacheTable, host: RowStoreHost) {
    this.#table = table;
    this.#host = host;
    this.#meta = table.meta;
    this.#journal = new Journal(
      table,
      {
        stored: (id) => this.#stored(id),
        allIds: () => this.#rows.keys(),
        meta: () => this.#meta,
        onFailure: (error) => this.#onJournalFailure(error),
      },
      host.clock,
    );
    if (table.rowCount > 0) {
      this.#known = new Set();
      this.#countWhileLoading = table.rowCount;
      this.#loading = this.#load();
    }
  }

  get meta(): TableMeta {
    return this.#meta;
  }

  get keeps(): boolean {
    return this.#host.keeps;
  }

  get isLoaded(): boolean {
    return this.#known === undefined;
  }

  get count(): number {
    return this.#known === undefined ? this.#rows.size : this.#countWhileLoading;
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** The confirmed row. During a warm start only right for ids that are known: see `ensure`. */
  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  /** Whether `get(id)` tells the truth. */
  knows(id: string): boolean {
    return this.#known === undefined || this.#known.has(id) || this.#rows.has(id);
  }

  /** In order of first insertion; everything only once loaded. */
  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  ids(): IterableIterator<string> {
    return this.#rows.keys();
  }

  /** Resolves when every stored row is in memory. */
  whenLoaded(): Promise<void> {
    return this.#loading;
  }

  /** Makes these ids known, reading them from the table where they have not arrived. */
  async ensure(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.knows(id));
    if (missing.length === 0) return;
    try {
      const found = await this.#table.get(missing);
      for (const stored of found) if (!this.knows(stored.id)) this.#arrive(stored);
      for (const id of missing) this.#known?.add(id);
    } catch (error) {
      // Damage or a closed table: loading ends too, and what is in memory then is all there is.
      if (!isDioramaError(error, "corrupt")) throw error;
      this.#lose(error);
    }
  }

  fetchedAt(id: string): number | undefined {
    return this.#fetchedAt.get(id) ?? this.#meta.seededAt;
  }

  /** Puts a row whose id is known. Returns false, and keeps the old object, where nothing differs. */
  set(id: string, row: Row, fetchedAt: number): boolean {
    if (!this.#host.keeps) return false;
    if (!this.#meta.complete) this.#fetchedAt.set(id, fetchedAt);
    const old = this.#rows.get(id);
    if (old !== undefined && (old === row || equalRows(old, row))) return false;
    if (old === undefined && this.#known !== undefined) {
      this.#countWhileLoading += 1;
      this.#known.add(id);
    }
    this.#rows.set(id, row);
    this.#changed(id);
    return true;
  }

  delete(id: string): boolean {
    this.#fetchedAt.delete(id);
    if (!this.#rows.delete(id)) return false;
    if (this.#known !== undefined) {
      this.#countWhileLoading -= 1;
      this.#known.add(id);
    }
    this.#changed(id);
    return true;
  }

  /** Drops every row, stored ones included. */
  clear(): void {
    this.adopt(new Map());
  }

  /** Replaces all rows by this map, which is the store's own from now on. */
  adopt(rows: Map<string, Row>): void {
    if (this.#host.keeps) this.#rows = rows;
    this.#fetchedAt.clear();
    this.#known = undefined;
    if (this.#meta.clean) this.setMeta({ clean: false });
    this.#journal.rewritten();
  }

  setMeta(change: Partial<TableMeta>): void {
    this.#meta = { ...this.#meta, ...change };
    if (change.complete === true) this.#fetchedAt.clear();
    this.#journal.metaChanged();
  }

  /** Writes what is left, marks the table as closed in order, and lets go of it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#loading;
    try {
      await this.#journal.flush();
      if (!this.#meta.clean) {
        this.#meta = { ...this.#meta, clean: true };
        this.#journal.metaChanged();
        await this.#journal.flush();
      }
    } finally {
      this.#journal.close();
      await this.#table.close();
    }
  }

  #changed(id: string): void {
    if (this.#meta.clean) this.setMeta({ clean: false });
    this.#journal.changed(id);
  }

  #stored(id: string): StoredRow | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    return { id, row, fetchedAt: this.fetchedAt(id) ?? this.#host.clock.now() };
  }

  #arrive({ id, row, fetchedAt }: StoredRow): void {
    this.#rows.set(id, row);
    if (!this.#meta.complete) this.#fetchedAt.set(id, fetchedAt);
  }

  async #load(): Promise<void> {
    try {
      for await (const batch of this.#table.scan(LOAD_BATCH_ROWS)) {
        if (this.#known === undefined || this.#closed) return;
        for (const stored of batch) if (!this.#known.has(stored.id)) this.#arrive(stored);
      }
      this.#known = undefined;
    } catch (error) {
      if (!this.#closed) this.#lose(error);
    } finally {
      this.#known = undefined;
    }
  }

  /** The table was damaged: the rows in memory are good but maybe not all. They are stored again. */
  #lose(error: unknown): void {
    if (this.#known === undefined && this.#meta.complete === false) return;
    this.#known = undefined;
    this.#meta = { ...blankMeta, fingerprint: this.#meta.fingerprint, clean: false, notes: this.#meta.notes };
    this.#journal.rewritten();
    this.#host.onFailure(toDioramaError(error, "corrupt", "reading the cache"));
  }

  #onJournalFailure(error: DioramaError): void {
    // With every row in memory, damage costs nothing but writing them again; while loading, some are gone.
    if (isDioramaError(error, "corrupt") && this.#known !== undefined) this.#lose(error);
    else this.#host.onFailure(error);
  }
}
