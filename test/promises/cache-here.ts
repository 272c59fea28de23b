import { DioramaError, silentLogger, systemClock, toDioramaError } from "../../src/base/index.ts";
import type { CacheBackend } from "../../src/cache/index.ts";
import { CacheStore } from "../../src/cache/sqlite/cache-store.ts";
import type { CacheCalls } from "../../src/cache/sqlite/protocol.ts";
import { RowPacker } from "../../src/cache/sqlite/row-packer.ts";
import { SqliteCache } from "../../src/cache/sqlite/sqlite-cache.ts";
import { Turns, WorkerLink } from "../../src/sqlite/index.ts";

type Handlers = { readonly [K in keyof CacheCalls]: (take: CacheCalls[K]["take"]) => CacheCalls[K]["give"] };

/** What `openDurableCache` opens, with the worker's part run in this thread: the same store behind the same tables. */
export async function openCacheHere(folder: string): Promise<CacheBackend> {
  const link = new LinkHere(folder);
  await link.call("openFile", undefined);
  let lastTransaction = 0;
  const host = {
    link,
    writes: new Turns(),
    packer: new RowPacker(),
    nextTransaction: (): number => ++lastTransaction,
  };
  return new SqliteCache(folder, host, () => undefined);
}

/** Copies and transfers as between threads, and fails as over there. */
class LinkHere extends WorkerLink<CacheCalls> {
  readonly #handlers: Handlers;
  #isOpen = true;

  constructor(folder: string) {
    super({
      what: "the cache in this thread",
      name: "none",
      file: new URL(import.meta.url),
      data: undefined,
      clock: systemClock,
      logger: silentLogger,
    });
    const store = new CacheStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
    this.#handlers = {
      openFile: () => store.openFile(),
      openTable: ({ table }) => store.openTable(table),
      closeTable: ({ table }) => store.closeTable(table),
      get: ({ table, ids }) => store.get(table, ids),
      startScan: ({ table }) => store.startScan(table),
      nextScan: ({ table, scan, limit }) => store.nextScan(table, scan, limit),
      endScan: ({ table, scan }) => store.endScan(table, scan),
      write: (part) => store.write(part),
      rollback: ({ transaction }) => store.rollback(transaction),
      giveUp: ({ table, reason }) => store.giveUp(table, reason),
      tableNames: () => store.tableNames(),
      dropTable: ({ table }) => store.dropTable(table),
      readOrder: ({ table, name, edition, block }) => store.orders.read(table, name, edition, block),
      beginOrder: ({ table, name, edition }) => store.orders.begin(table, name, edition),
      appendOrder: ({ writing, bytes }) => store.orders.append(writing, bytes),
      endOrder: ({ table, writing }) => store.orders.end(table, writing),
      giveUpOrder: ({ writing }) => store.orders.giveUp(writing),
      dropOrder: ({ table, name }) => store.orders.drop(table, name),
      orderNames: ({ table }) => store.orders.names(table),
      close: () => {
        this.#isOpen = false;
        store.close();
      },
    };
  }

  override get isRunning(): boolean {
    return this.#isOpen;
  }

  override async call<K extends keyof CacheCalls>(
    kind: K,
    take: CacheCalls[K]["take"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<CacheCalls[K]["give"]> {
    const handler: Handlers[K] = this.#handlers[kind];
    const taken = structuredClone(take, { transfer: [...transfer] });
    try {
      return structuredClone(handler(taken));
    } catch (error) {
      const { code, message, place } = toDioramaError(error, "unavailable", `the cache's ${kind}`);
      throw new DioramaError(code, message, { place });
    }
  }
}
