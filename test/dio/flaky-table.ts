import { DioramaError, type ErrorCode, must, yieldToLoop } from "../../src/base/index.ts";
import {
  blankMeta,
  type CacheBackend,
  type CacheBatch,
  type CacheTable,
  createMemoryCache,
  type StoredRow,
  type TableMeta,
} from "../../src/cache/index.ts";

export interface TableFailure {
  readonly code: ErrorCode;
  /** `unavailable`: all of the batch was kept all the same. */
  readonly kept?: boolean;
}

/** A real table on which transactions fail or take their time, as its contract allows. */
export class FlakyTable implements CacheTable {
  readonly lost = undefined;
  /** What was committed, batch by batch. */
  readonly applied: CacheBatch[] = [];
  /** What is stored, to be looked at in one moment. */
  readonly content = new Map<string, StoredRow>();
  /** Called after each transaction that was kept. */
  onApplied: (() => void) | undefined;
  /** Of one step of a scan; the table's own where absent. */
  scanRows: number | undefined;
  attempts = 0;
  readonly #table: CacheTable;
  #cache: CacheBackend | undefined;
  #failures: TableFailure[] = [];
  #scanFailures: { failure: TableFailure; afterRows: number }[] = [];
  #getFailures: TableFailure[] = [];
  #held: PromiseWithResolvers<void> | undefined;
  #refused = new Set<string>();

  constructor(table: CacheTable) {
    this.#table = table;
  }

  static async create(rows: readonly StoredRow[] = [], meta: Partial<TableMeta> = {}): Promise<FlakyTable> {
    const cache = createMemoryCache();
    const table = await cache.openTable("products");
    await table.apply({ puts: rows, meta: { ...blankMeta, ...meta } });
    const flaky = new FlakyTable(table);
    flaky.#cache = cache;
    for (const row of rows) flaky.content.set(row.id, row);
    return flaky;
  }

  /** The same rows in a table of the next session; this one is closed, or left as a process that died leaves it. */
  async reopened(): Promise<FlakyTable> {
    const cache = must(this.#cache, "made by create()");
    await this.#table.close();
    const flaky = new FlakyTable(await cache.openTable("products"));
    flaky.#cache = cache;
    for (const [id, row] of this.content) flaky.content.set(id, row);
    return flaky;
  }

  get meta(): TableMeta {
    return this.#table.meta;
  }

  get rowCount(): number {
    return this.#table.rowCount;
  }

  /** The next transactions fail so. */
  fail(...failures: readonly TableFailure[]): void {
    this.#failures.push(...failures);
  }

  failScan(failure: TableFailure, afterRows: number): void {
    this.#scanFailures.push({ failure, afterRows });
  }

  failGet(failure: TableFailure): void {
    this.#getFailures.push(failure);
  }

  heal(): void {
    this.#failures = [];
    this.#refused = new Set();
  }

  /** A batch that holds a row of this id is `invalid`. */
  refuse(id: string): void {
    this.#refused.add(id);
  }

  /** Transactions wait until `release`. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async get(ids: readonly string[]): Promise<readonly StoredRow[]> {
    await this.#throwIfAny(this.#getFailures.shift());
    const found = await this.#table.get(ids);
    await yieldToLoop();
    return found;
  }

  async *scan(batchRows: number): AsyncGenerator<readonly StoredRow[], void, undefined> {
    const failing = this.#scanFailures.shift();
    let shown = 0;
    for await (const batch of this.#table.scan(this.scanRows ?? batchRows)) {
      if (failing !== undefined && shown >= failing.afterRows) await this.#throwIfAny(failing.failure);
      shown += batch.length;
      yield batch;
      await yieldToLoop();
    }
    await this.#throwIfAny(failing?.failure);
  }

  async apply(batch: CacheBatch): Promise<void> {
    this.attempts += 1;
    await this.#held?.promise;
    await yieldToLoop();
    if (batch.puts?.some(({ id }) => this.#refused.has(id)) === true) {
      throw new DioramaError("invalid", "the row is too large");
    }
    const failure = this.#failures.shift();
    if (failure === undefined || failure.kept === true) {
      await this.#table.apply(batch);
      this.#mirror(batch);
      this.applied.push(batch);
      this.onApplied?.();
    }
    await this.#throwIfAny(failure);
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  #mirror({ clear, deletes = [], puts = [] }: CacheBatch): void {
    if (clear === true) this.content.clear();
    for (const id of deletes) this.content.delete(id);
    for (const row of puts) this.content.set(row.id, row);
  }

  async #throwIfAny(failure: TableFailure | undefined): Promise<void> {
    if (failure === undefined) return;
    if (failure.code === "corrupt") {
      await this.#table.apply({ clear: true, meta: blankMeta });
      this.content.clear();
    }
    throw new DioramaError(failure.code, `the table is ${failure.code}`);
  }
}
