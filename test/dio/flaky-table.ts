import { DioramaError, type ErrorCode, yieldToLoop } from "../../src/base/index.ts";
import {
  blankMeta,
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
  /** Called after each transaction that was kept. */
  onApplied: (() => void) | undefined;
  /** Of one step of a scan; the table's own where absent. */
  scanRows: number | undefined;
  attempts = 0;
  readonly #table: CacheTable;
  #failures: TableFailure[] = [];
  #scanFailures: { failure: TableFailure; afterRows: number }[] = [];
  #getFailures: TableFailure[] = [];
  #held: PromiseWithResolvers<void> | undefined;
  #refused = new Set<string>();

  constructor(table: CacheTable) {
    this.#table = table;
  }

  static async create(rows: readonly StoredRow[] = [], meta: Partial<TableMeta> = {}): Promise<FlakyTable> {
    const table = await createMemoryCache().openTable("products");
    await table.apply({ puts: rows, meta: { ...blankMeta, ...meta } });
    return new FlakyTable(table);
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

  /** Everything that is stored. */
  async content(): Promise<Map<string, StoredRow>> {
    const found = new Map<string, StoredRow>();
    for await (const batch of this.#table.scan(10_000)) for (const row of batch) found.set(row.id, row);
    return found;
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
      this.applied.push(batch);
      this.onApplied?.();
    }
    await this.#throwIfAny(failure);
  }

  close(): Promise<void> {
    return this.#table.close();
  }

  async #throwIfAny(failure: TableFailure | undefined): Promise<void> {
    if (failure === undefined) return;
    if (failure.code === "corrupt") await this.#table.apply({ clear: true, meta: blankMeta });
    throw new DioramaError(failure.code, `the table is ${failure.code}`);
  }
}
