import { type Clock, DioramaError, isDioramaError, sleep, toDioramaError } from "../base/index.ts";
import { blankMeta, type CacheTable, type StoredRow, type TableMeta } from "../cache/index.ts";
import { equalRows, type Row, type Value } from "../record/index.ts";
import { Journal } from "./journal.ts";

/** Rows of one step of a warm start: small enough not to hold the thread. */
const LOAD_BATCH_ROWS = 1_000;
/** How often a warm start begins to read again when the table can't be read, and after how long. */
const LOAD_ATTEMPTS = 4;
const LOAD_RETRY_MS = 250;
/** So many rows have a time of their own before any share one: a few that are read singly don't decide it. */
const OWN_TIMES = 1_000;

export interface RowStoreHost {
  /** False: rows are not kept at all. */
  readonly keeps: boolean;
  /** Default true; false: the table is written when it is flushed or closed, see Journal. */
  readonly writesBehind?: boolean;
  readonly clock: Clock;
  /** The table can't be read or written, or was found damaged. */
  onFailure(error: DioramaError): void;
  /** Rows that were there, if not in memory yet, are gone. */
  onLost(): void;
  /** The last stored row has come into memory. */
  onLoaded?(): void;
}

/** What is known of a table whose rows are still on their way into memory. */
interface Loading {
  /** Ids whose truth is in memory already, present or not. */
  readonly known: Set<string>;
  /** Changed though not known: whether they are stored is seen when the table is read. */
  readonly blind: Set<string>;
  /** Put, and not met in the table so far: they stand behind its rows. */
  readonly added: Set<string>;
  /** What the table held of rows that have changed since; void once one of them was blind. */
  readonly originals: Map<string, Row | undefined>;
  /** Rows stored, and how many were added and removed since. */
  count: number;
}

/**
 * The confirmed rows, in memory, with the cache table following behind. At a warm start the stored rows
 * arrive in the background; until then `ensure` fetches the ones that are needed.
 */
export class RowStore {
  readonly #table: CacheTable;
  readonly #host: RowStoreHost;
  readonly #journal: Journal;
  readonly #closing = new AbortController();
  #rows = new Map<string, Row>();
  /** When single rows were fetched: kept while the cache is not complete. */
  readonly #fetchedAt = new Map<string, number>();
  /** The same, of all rows that are not named there: a fill of a million rows is one number. */
  #filledAt: number | undefined;
  #loading: Loading | undefined;
  /** A row has changed of which nobody knew what the table held. */
  #isBlind = false;
  #loaded: Promise<void> = Promise.resolve();
  /** What goes before the rows that are on their way. */
  #ahead: Promise<unknown> | undefined;
  #meta: TableMeta;

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
        writesBehind: host.writesBehind ?? true,
        onFailure: (error) => this.#onJournalFailure(error),
      },
      host.clock,
    );
    if (table.rowCount > 0) {
      this.#loading = {
        known: new Set(),
        blind: new Set(),
        added: new Set(),
        originals: new Map(),
        count: table.rowCount,
      };
      this.#loaded = this.#load();
      // Told to those who wait for it.
      this.#loaded.catch(() => undefined);
    }
  }

  get meta(): TableMeta {
    return this.#meta;
  }

  get keeps(): boolean {
    return this.#host.keeps;
  }

  get isLoaded(): boolean {
    return this.#loading === undefined;
  }

  get count(): number {
    return this.#loading === undefined ? this.#rows.size : this.#loading.count;
  }

  get journal(): Journal {
    return this.#journal;
  }

  /**
   * What the table held, when it was opened, of the rows that have changed since. `undefined`: not known of all of
   * them, or everything is loaded.
   */
  get originals(): ReadonlyMap<string, Row | undefined> | undefined {
    const loading = this.#loading;
    return loading === undefined || this.#isBlind ? undefined : loading.originals;
  }

  /** The confirmed row. During a warm start only right for ids that are known: see `ensure`. */
  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  /** Whether `get(id)` tells the truth. */
  knows(id: string): boolean {
    return this.#loading === undefined || this.#rows.has(id) || this.#loading.known.has(id);
  }

  /** In order of first insertion; everything only once loaded. */
  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  ids(): IterableIterator<string> {
    return this.#rows.keys();
  }

  /** Resolves when every stored row is in memory; `closed` where the end comes first. */
  whenLoaded(): Promise<void> {
    return this.#loaded;
  }

  /** Rows that nobody has asked for come only after this, however it ends. */
  goAhead(work: Promise<unknown>): void {
    this.#ahead = Promise.allSettled([this.#ahead, work]);
  }

  /** Makes these ids known, reading them from the table where they have not arrived. */
  async ensure(ids: readonly string[]): Promise<void> {
    const missing = this.#loading === undefined ? [] : ids.filter((id) => !this.knows(id));
    if (missing.length === 0) return;
    try {
      const found = await this.#table.get(missing);
      for (const stored of found) if (!this.knows(stored.id)) this.#arrive(stored);
      for (const id of missing) this.#loading?.known.add(id);
    } catch (error) {
      if (!isDioramaError(error, "corrupt")) throw error;
      // What is in memory then is all there is.
      this.#lose(error);
    }
  }

  /** When the row was read from the master, milliseconds since 1970; `undefined`: not known. */
  fetchedAt(id: string): number | undefined {
    return this.#fetchedAt.get(id) ?? this.#filledAt ?? this.#meta.seededAt;
  }

  /** Puts a row whose id is known. Returns false, and keeps the old object, where nothing differs. */
  set(id: string, row: Row, fetchedAt: number): boolean {
    if (!this.#host.keeps) return false;
    this.#noteFetched(id, fetchedAt);
    const old = this.#rows.get(id);
    if (old !== undefined && (old === row || equalRows(old, row))) return false;
    if (this.#loading !== undefined) this.#noteChange(this.#loading, id, old === undefined ? 1 : 0);
    this.#rows.set(id, row);
    this.#changed(id);
    return true;
  }

  /** Takes this object for the row, which has the same content. */
  keep(id: string, row: Row): void {
    this.#rows.set(id, row);
  }

  /** Removes a row whose id is known. Returns false where there is none. */
  delete(id: string): boolean {
    this.#fetchedAt.delete(id);
    const isThere = this.#rows.has(id);
    if (!isThere && this.knows(id)) return false;
    if (this.#loading !== undefined) this.#noteChange(this.#loading, id, isThere ? -1 : 0);
    this.#rows.delete(id);
    this.#changed(id);
    return true;
  }

  /** Replaces all rows by this map, which is the store's own from now on. */
  adopt(rows: Map<string, Row>, fetchedAt: number): void {
    if (this.#host.keeps) this.#rows = rows;
    this.#fetchedAt.clear();
    this.#filledAt = this.#meta.complete ? undefined : fetchedAt;
    this.#loading = undefined;
    if (this.#meta.clean) this.setMeta({ clean: false });
    this.#journal.rewritten();
  }

  /** Changes what is known of the whole; with the rows of this moment it goes to the table. */
  setMeta(change: Partial<TableMeta>): void {
    this.#meta = { ...this.#meta, ...change };
    if (change.complete === true) {
      this.#fetchedAt.clear();
      this.#filledAt = undefined;
    }
    this.#journal.metaChanged();
  }

  /** A small value that is kept with the rows. */
  note(name: string): Value | undefined {
    const { notes } = this.#meta;
    return Object.hasOwn(notes, name) ? notes[name] : undefined;
  }

  /** Changes small values; `undefined` forgets one. */
  setNotes(changes: ReadonlyMap<string, Value | undefined>): void {
    const notes = new Map(Object.entries(this.#meta.notes));
    for (const [name, value] of changes) {
      if (value === undefined) notes.delete(name);
      else notes.set(name, value);
    }
    this.setMeta({ notes: Object.fromEntries(notes) });
  }

  /**
   * Writes what is left and lets go of the table. `upToDate`: the next session may trust its rows; else they
   * are refreshed then, as after an unclean end. `isKept`: there may be a next session; else nothing is written.
   */
  async close({
    upToDate,
    isKept = true,
  }: {
    readonly upToDate: boolean;
    readonly isKept?: boolean;
  }): Promise<void> {
    this.#closing.abort();
    await this.#loaded.catch(() => undefined);
    try {
      if (!isKept) return;
      await this.#journal.flush();
      if (this.#meta.clean !== upToDate) {
        this.setMeta({ clean: upToDate });
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
    this.#noteFetched(id, fetchedAt);
    this.#rows.set(id, row);
  }

  /** Before the row is put. */
  #noteFetched(id: string, fetchedAt: number): void {
    if (this.#meta.complete) return;
    const isShared = this.#rows.size !== this.#fetchedAt.size;
    if (!isShared && this.#rows.size >= OWN_TIMES) this.#filledAt = fetchedAt;
    if (fetchedAt !== this.#filledAt) this.#fetchedAt.set(id, fetchedAt);
    else if (this.#fetchedAt.size > 0) this.#fetchedAt.delete(id);
  }

  /** A change during a warm start, before it is made. */
  #noteChange(loading: Loading, id: string, difference: number): void {
    if (!this.knows(id)) {
      loading.blind.add(id);
      this.#isBlind = true;
    }
    if (!loading.originals.has(id)) loading.originals.set(id, this.#rows.get(id));
    if (difference > 0) loading.added.add(id);
    loading.known.add(id);
    loading.count += difference;
  }

  async #load(): Promise<void> {
    for (let attempt = 1; this.#loading !== undefined; attempt++) {
      try {
        await this.#loadOnce();
      } catch (error) {
        if (this.#closing.signal.aborted) throw closedWhileLoading();
        if (isDioramaError(error, "corrupt") || attempt === LOAD_ATTEMPTS) this.#lose(error);
        else
          await sleep(this.#host.clock, LOAD_RETRY_MS * attempt, this.#closing.signal, { keepAlive: true });
      }
    }
  }

  async #loadOnce(): Promise<void> {
    for await (const batch of this.#table.scan(LOAD_BATCH_ROWS)) {
      if (this.#closing.signal.aborted) throw closedWhileLoading();
      const loading = this.#loading;
      // Everything was replaced meanwhile: what is stored is void.
      if (loading === undefined) return;
      for (const stored of batch) this.#take(stored, loading);
      await this.#whenFirst();
    }
    if (this.#loading === undefined) return;
    const { count, blind, added } = this.#loading;
    // Damage that another call has met ends a scan too, maybe before that call tells of it.
    if (this.#rows.size < count - blind.size) throw cutShort();
    for (const id of added) this.#moveToEnd(id);
    this.#loading = undefined;
    this.#host.onLoaded?.();
  }

  async #whenFirst(): Promise<void> {
    for (let ahead = this.#ahead; ahead !== undefined; ahead = this.#ahead) {
      await ahead;
      if (this.#ahead === ahead) this.#ahead = undefined;
    }
  }

  /** A stored row, at its place in the order. What has changed since is in memory already. */
  #take(stored: StoredRow, loading: Loading): void {
    if (loading.blind.delete(stored.id)) loading.count -= 1;
    loading.added.delete(stored.id);
    if (this.knows(stored.id)) this.#moveToEnd(stored.id);
    else this.#arrive(stored);
  }

  #moveToEnd(id: string): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#rows.delete(id);
    this.#rows.set(id, row);
  }

  /** The table was damaged and is empty: the rows in memory are good, if maybe not all, and are stored again. */
  #lose(error: unknown): void {
    if (this.#loading !== undefined) {
      this.#loading = undefined;
      const { fingerprint, notes } = this.#meta;
      this.#meta = { ...blankMeta, fingerprint, notes, clean: false };
      this.#host.onLost();
    }
    this.#journal.rewritten();
    this.#host.onFailure(toDioramaError(error, "unavailable", "reading the cache"));
  }

  #onJournalFailure(error: DioramaError): void {
    // With every row in memory, damage costs nothing but writing them again; while loading, some are gone.
    if (isDioramaError(error, "corrupt") && this.#loading !== undefined) this.#lose(error);
    else this.#host.onFailure(error);
  }
}

function closedWhileLoading(): DioramaError {
  return new DioramaError("closed", "the Dio was closed before its stored rows were read");
}

function cutShort(): DioramaError {
  return new DioramaError("corrupt", "the cache table ended before all of its rows were read");
}
