import { yieldToLoop } from "../base/index.ts";
import {
  blankMeta,
  type CacheBatch,
  type CacheTable,
  type StoredRow,
  type TableMeta,
} from "./cache-backend.ts";
import { closedTable } from "./open-tables.ts";

/** Changes made before other work gets a turn: a few milliseconds. */
const CHANGES_A_TURN = 16_384;

/** What stays of a table while it is closed. */
export interface MemoryContent {
  readonly rows: Map<string, StoredRow>;
  meta: TableMeta;
}

export function blankContent(): MemoryContent {
  return { rows: new Map(), meta: blankMeta };
}

/** One open table of the memory cache. Rows are held by reference: the Dio's own objects, kept once. */
export class MemoryTable implements CacheTable {
  readonly lost = undefined;
  readonly #name: string;
  readonly #content: MemoryContent;
  readonly #onClose: () => void;
  /** A batch is not shown in parts: reads wait for the one that is being applied. */
  #applying: Promise<void> | undefined;
  #closed = false;

  constructor(name: string, content: MemoryContent, onClose: () => void) {
    this.#name = name;
    this.#content = content;
    this.#onClose = onClose;
  }

  get meta(): TableMeta {
    return this.#content.meta;
  }

  get rowCount(): number {
    return this.#content.rows.size;
  }

  async get(ids: readonly string[]): Promise<readonly StoredRow[]> {
    await this.#settle();
    const found: StoredRow[] = [];
    for (const id of ids) {
      const stored = this.#content.rows.get(id);
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  async *scan(batchRows: number): AsyncGenerator<readonly StoredRow[], void, undefined> {
    await this.#settle();
    const { rows } = this.#content;
    let batch: StoredRow[] = [];
    // Rows that are put meanwhile come behind those of the beginning, and are not run after.
    let left = rows.size;
    for (const stored of rows.values()) {
      if (left-- === 0) break;
      batch.push(stored);
      if (batch.length < batchRows) continue;
      yield batch;
      batch = [];
      await this.#settle();
    }
    if (batch.length > 0) yield batch;
  }

  async apply(batch: CacheBatch): Promise<void> {
    this.#mustBeOpen();
    this.#applying = this.#applyInTurns(batch).finally(() => {
      this.#applying = undefined;
    });
    await this.#applying;
  }

  async close(): Promise<void> {
    await this.#applying;
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }

  async #applyInTurns(batch: CacheBatch): Promise<void> {
    const { rows } = this.#content;
    if (batch.clear === true) rows.clear();
    let changes = 0;
    for (const id of batch.deletes ?? []) {
      rows.delete(id);
      if (++changes % CHANGES_A_TURN === 0) await yieldToLoop();
    }
    for (const stored of batch.puts ?? []) {
      rows.set(stored.id, stored);
      if (++changes % CHANGES_A_TURN === 0) await yieldToLoop();
    }
    if (batch.meta !== undefined) this.#content.meta = batch.meta;
  }

  async #settle(): Promise<void> {
    this.#mustBeOpen();
    if (this.#applying === undefined) return;
    await this.#applying;
    this.#mustBeOpen();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw closedTable(this.#name);
  }
}
