import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Free pages given back in one step: a few milliseconds. */
const PAGES_A_STEP = 256;
/** The file may take this much beyond twice its content. */
const FREE_BYTES = 65_536;
/** What an op takes beside its record. */
const OP_BYTES = 48;

/** Keeps the file within twice what it holds: free pages go back in small steps, pages half empty are written anew. */
export class Compaction {
  readonly #database: DatabaseSync;
  readonly #pageBytes: number;
  readonly #free: StatementSync;
  readonly #pages: StatementSync;
  readonly #live: StatementSync;
  /** Something was removed or replaced since the file was last looked at as a whole. */
  #isDirty = true;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#pageBytes = numberIn(database.prepare("PRAGMA page_size").get());
    this.#free = database.prepare("PRAGMA freelist_count");
    this.#pages = database.prepare("PRAGMA page_count");
    this.#live = database.prepare(`SELECT coalesce(sum(length(record) + ${OP_BYTES}), 0) FROM ops`);
  }

  changed(): void {
    this.#isDirty = true;
  }

  /** More than half of a file that is worth it is free: the next step should not wait for rest. */
  get isPressing(): boolean {
    const free = numberIn(this.#free.get());
    return free * this.#pageBytes > FREE_BYTES && free * 2 > numberIn(this.#pages.get());
  }

  /** Whether a step would find something to do. */
  get isDue(): boolean {
    return this.#isDirty;
  }

  giveBack(): void {
    this.#database.exec(`PRAGMA incremental_vacuum(${PAGES_A_STEP})`);
  }

  /** One step; true: there is more to do. */
  step(): boolean {
    if (numberIn(this.#free.get()) > 0) {
      this.giveBack();
      return true;
    }
    this.#isDirty = false;
    const fileBytes = numberIn(this.#pages.get()) * this.#pageBytes;
    if (fileBytes <= FREE_BYTES) return false;
    if (fileBytes > 2 * numberIn(this.#live.get()) + FREE_BYTES) this.#database.exec("VACUUM");
    return false;
  }

  /** Gives all free pages back, for the end. */
  finish(): void {
    this.#database.exec("PRAGMA incremental_vacuum");
  }
}

/** The one value of a row. */
function numberIn(row: Readonly<Record<string, unknown>> | undefined): number {
  const value = row === undefined ? undefined : Object.values(row)[0];
  return typeof value === "number" ? value : 0;
}
