import { type Clock, DioramaError, isDioramaError } from "../base/index.ts";
import type { CacheBackend, CacheTable } from "../cache/index.ts";
import { FileTable } from "./file-table.ts";

const TABLE_PREFIX = "__vlive__";
/** Beyond it, the table that was used longest ago is closed until it is asked for again. */
export const MAX_OPEN_TABLES = 64;

export interface KeyTablesSettings {
  readonly backend: CacheBackend;
  readonly clock: Clock;
  readonly onDamage: (error: DioramaError) => void;
}

/** The tables of a FileCache: one a cache key, opened when it is asked for. */
export class KeyTables {
  readonly #settings: KeyTablesSettings;
  /** By cache key, the one that was used longest ago first. */
  readonly #tables = new Map<string, FileTable>();
  /** Tables on their way to being closed, by cache key. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #toldLosses = new Set<string>();

  constructor(settings: KeyTablesSettings) {
    this.#settings = settings;
  }

  of(cacheKey: string): FileTable {
    let table = this.#tables.get(cacheKey);
    if (table === undefined) {
      this.#makeRoom();
      table = this.#create(cacheKey);
    }
    // The one that was used last stands last.
    this.#tables.delete(cacheKey);
    this.#tables.set(cacheKey, table);
    return table;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#tables.values()].map((table) => table.close()));
    await Promise.all(this.#leaving.values());
  }

  #create(cacheKey: string): FileTable {
    const { clock, onDamage } = this.#settings;
    const what = `the page cache of ${JSON.stringify(cacheKey)}`;
    return new FileTable({ what, open: () => this.#open(cacheKey, what), clock, onDamage });
  }

  async #open(cacheKey: string, what: string): Promise<CacheTable> {
    await this.#leaving.get(cacheKey);
    const table = await this.#openStored(TABLE_PREFIX + cacheKey, what);
    const { lost } = table;
    // Each table of a file that was set aside says so.
    if (lost !== undefined && !this.#toldLosses.has(lost)) {
      this.#toldLosses.add(lost);
      this.#settings.onDamage(new DioramaError("corrupt", `${what} starts empty: ${lost}`));
    }
    return table;
  }

  /** Damage that is met while a table is opened leaves the file empty and usable: the second time it opens. */
  async #openStored(name: string, what: string): Promise<CacheTable> {
    const { backend, onDamage } = this.#settings;
    try {
      return await backend.openTable(name);
    } catch (error) {
      if (!isDioramaError(error, "corrupt")) throw error;
      onDamage(new DioramaError("corrupt", `${what} starts empty: ${error.message}`, { cause: error }));
      return backend.openTable(name);
    }
  }

  /** Where all of them are at work, one more is open until one is not. */
  #makeRoom(): void {
    for (const [cacheKey, table] of this.#tables) {
      if (this.#tables.size < MAX_OPEN_TABLES) return;
      if (!table.isIdle) continue;
      this.#tables.delete(cacheKey);
      // What is committed is there at the next opening; that a table can't be closed is told then.
      const forget = (): void => void this.#leaving.delete(cacheKey);
      this.#leaving.set(cacheKey, table.close().then(forget, forget));
    }
  }
}
