import { blankMeta, type CacheBackend, type CacheTable, type StoredRow } from "./cache-backend.ts";
import { closedTable, OpenTables } from "./open-tables.ts";

/** Keeps nothing: every write of a table succeeds, every read finds none, and the master answers it all. */
export function createNoCache(): CacheBackend {
  return new NoCache();
}

class NoCache implements CacheBackend {
  readonly kind = "none";
  readonly durable = false;
  readonly keeps = false;
  readonly #open = new OpenTables<EmptyTable>("the cache that keeps nothing");

  async openTable(name: string): Promise<CacheTable> {
    this.#open.reserve(name, "opened");
    return this.#open.add(name, new EmptyTable(name, () => this.#open.remove(name)));
  }

  async dropTable(name: string): Promise<void> {
    this.#open.mustBeFree(name, "dropped");
  }

  async tableNames(): Promise<readonly string[]> {
    this.#open.mustRun();
    return [];
  }

  close(): Promise<void> {
    return this.#open.end();
  }
}

class EmptyTable implements CacheTable {
  readonly meta = blankMeta;
  readonly rowCount = 0;
  readonly lost = undefined;
  readonly #name: string;
  readonly #onClose: () => void;
  #closed = false;

  constructor(name: string, onClose: () => void) {
    this.#name = name;
    this.#onClose = onClose;
  }

  async get(): Promise<readonly StoredRow[]> {
    this.#mustBeOpen();
    return [];
  }

  async *scan(): AsyncGenerator<readonly StoredRow[], void, undefined> {
    this.#mustBeOpen();
    yield* [];
  }

  async apply(): Promise<void> {
    this.#mustBeOpen();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw closedTable(this.#name);
  }
}
