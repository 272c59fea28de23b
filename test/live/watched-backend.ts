import { DioramaError, type ErrorCode } from "../../src/base/index.ts";
import {
  type CacheBackend,
  type CacheBatch,
  type CacheTable,
  createMemoryCache,
  type StoredRow,
} from "../../src/cache/index.ts";

/** A memory cache that tells what was asked of it, and fails when it is told to. */
export interface WatchedBackend extends CacheBackend {
  /** The batches of all tables that were committed. */
  readonly batches: CacheBatch[];
  /** How many rows each step of a scan was asked for at most. */
  readonly scanned: number[];
  readonly openTables: number;
  readonly mostOpenTables: number;
  /** The next batches fail with these codes; `corrupt` empties the table, as the contract says. */
  failNext(...codes: readonly ErrorCode[]): void;
  /** As above, of the next openings. */
  failNextOpening(...codes: readonly ErrorCode[]): void;
  /** Batches wait until what comes back is called. */
  hold(): () => void;
  /** What a scan has read waits to be handed out until what comes back is called. */
  holdScans(): () => void;
}

export function watchedBackend(): WatchedBackend {
  const inner = createMemoryCache();
  const batches: CacheBatch[] = [];
  const scanned: number[] = [];
  const failures: ErrorCode[] = [];
  const openingFailures: ErrorCode[] = [];
  let held: Promise<void> = Promise.resolve();
  let scansHeld: Promise<void> = Promise.resolve();
  let open = 0;
  let most = 0;

  const watch = (table: CacheTable): CacheTable => ({
    get meta() {
      return table.meta;
    },
    get rowCount() {
      return table.rowCount;
    },
    lost: undefined,
    get: (ids) => table.get(ids),
    async *scan(batchRows): AsyncGenerator<readonly StoredRow[], void, undefined> {
      scanned.push(batchRows);
      for await (const batch of table.scan(batchRows)) {
        await scansHeld;
        yield batch;
      }
    },
    async apply(batch) {
      await held;
      const code = failures.shift();
      if (code === "corrupt") await table.apply({ clear: true });
      if (code !== undefined) throw new DioramaError(code, `a batch is made to fail as ${code}`);
      await table.apply(batch);
      batches.push(batch);
    },
    async close() {
      await table.close();
      open -= 1;
    },
  });

  return {
    kind: inner.kind,
    durable: inner.durable,
    keeps: inner.keeps,
    batches,
    scanned,
    get openTables() {
      return open;
    },
    get mostOpenTables() {
      return most;
    },
    async openTable(name) {
      const code = openingFailures.shift();
      if (code !== undefined) throw new DioramaError(code, `an opening is made to fail as ${code}`);
      const table = watch(await inner.openTable(name));
      open += 1;
      most = Math.max(most, open);
      return table;
    },
    dropTable: (name) => inner.dropTable(name),
    tableNames: () => inner.tableNames(),
    close: () => inner.close(),
    failNext: (...codes) => failures.push(...codes),
    failNextOpening: (...codes) => openingFailures.push(...codes),
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    holdScans: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      scansHeld = promise;
      return resolve;
    },
  };
}
