import { type Logger, yieldToLoop } from "../../src/base/index.ts";
import { blankMeta, type CacheBackend, type CacheTable, type OrderStore } from "../../src/cache/index.ts";
import { openDurableCache } from "../../src/cache/sqlite/index.ts";
import { DioState } from "../../src/dio/dio-state.ts";
import { KeptOrders } from "../../src/dio/kept-orders.ts";
import { RowStore } from "../../src/dio/row-store.ts";
import { WarmOrders } from "../../src/dio/warm-orders.ts";
import { evaluate, everything, type Query, toCondition, toOrder } from "../../src/query/index.ts";
import type { Row } from "../../src/record/index.ts";
import { createManualClock, type ManualClock } from "../../src/testing/index.ts";
import type { OrderedView } from "../../src/views/index.ts";

export const byPrice: Query = { ...everything, order: [toOrder(["price", "desc"]), toOrder("name")] };
export const dearTarts: Query = {
  ...byPrice,
  conditions: [toCondition(["category", "=", "tarts"]), toCondition(["price", ">", 20])],
};
export const found: Query = { ...byPrice, search: "NAME 3" };

export function product(index: number): Row {
  return {
    name: `name ${index % 13}`,
    price: index % 50 === 0 ? null : (index * 37) % 401,
    category: index % 3 === 0 ? "tarts" : "buns",
  };
}

/** What opens when it is told to. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();

  open(): void {
    this.#opened.resolve();
  }

  whenOpen(): Promise<void> {
    return this.#opened.promise;
  }
}

/** One session on a cache folder: the parts of a Dio that orders have to do with. */
export class WarmSession {
  readonly table: CacheTable;
  readonly store: RowStore;
  readonly state: DioState;
  readonly warm: WarmOrders;
  readonly clock: ManualClock = createManualClock();
  /** Rows come into memory once it is open. */
  readonly rowsGate: Gate = new Gate();
  /** The blocks behind the first come once it is open. */
  readonly restGate: Gate = new Gate();
  /** How often orders were written, and what was logged. */
  readonly written: string[] = [];
  readonly told: string[] = [];
  readonly #cache: CacheBackend;
  readonly #closing = new AbortController();

  private constructor(cache: CacheBackend, table: CacheTable) {
    this.#cache = cache;
    this.table = table;
    const gated = this.#gated(table);
    const { orders } = gated;
    const log = (message: string): void => void this.told.push(message);
    const logger: Logger = { error: log, info: log, debug: () => undefined };
    this.store = new RowStore(gated, {
      clock: this.clock,
      keeps: true,
      onFailure: (error) => log(error.message),
      onLost: () => this.state.startOver(),
      onLoaded: () => this.warm.loaded(),
    });
    this.state = new DioState(this.store, logger, {
      searchColumns: () => ["name"],
      schedule: (step) => void runSteps(step),
    });
    this.warm = new WarmOrders(
      {
        name: "products",
        state: this.state,
        clock: this.clock,
        logger,
        searchColumns: () => ["name"],
        closing: this.#closing.signal,
      },
      orders === undefined ? undefined : (host) => new KeptOrders({ ...host, orders }),
    );
  }

  static async open(folder: string, { isHeld = false } = {}): Promise<WarmSession> {
    const cache = await openDurableCache(folder);
    const session = new WarmSession(cache, await cache.openTable("products"));
    if (!isHeld) session.release();
    return session;
  }

  /** A folder with a complete table of so many rows, and these orders kept. */
  static async fill(folder: string, count: number, queries: readonly Query[]): Promise<void> {
    const session = await WarmSession.open(folder);
    for (let index = 0; index < count; index++) session.put(`p${index}`, product(index));
    session.store.setMeta({ ...blankMeta, complete: true });
    await session.state.published();
    for (const query of queries) session.state.views.openOrdered(query).idAt(0);
    for (const query of queries) await session.state.views.openOrdered(query).whenComplete();
    await session.close();
  }

  release(): void {
    this.rowsGate.open();
    this.restGate.open();
  }

  put(id: string, row: Row | undefined): void {
    this.state.confirm(id, row, { fetchedAt: 1 });
  }

  /** Changes a row as a Dio does: once what is stored of it is known. */
  async change(id: string, row: Row | undefined): Promise<void> {
    await this.store.ensure([id]);
    this.put(id, row);
    await this.state.published();
  }

  /** The order of the query from scratch. */
  recomputed(query: Query): string[] {
    return evaluate(this.state.visibleEntries(), query, ["name"]).map(([id]) => id);
  }

  async whole(query: Query): Promise<OrderedView> {
    await this.store.whenLoaded();
    const view = this.state.views.openOrdered(query);
    await view.whenComplete();
    return view;
  }

  turn(): Promise<void> {
    return yieldToLoop();
  }

  /** Lets what runs behind come to an end. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 200; turn++) await this.turn();
    await this.store.journal.flush();
    await this.table.orders?.names();
    for (let turn = 0; turn < 20; turn++) await this.turn();
  }

  async close(): Promise<void> {
    await this.warm.close();
    await this.end();
  }

  /** As a process that ends without an orderly close: what is in the table stays. */
  async end(): Promise<void> {
    this.release();
    this.#closing.abort();
    await this.store.close({ upToDate: true });
    await this.#cache.close();
  }

  #gated(table: CacheTable): CacheTable {
    const { rowsGate } = this;
    const orders = table.orders === undefined ? undefined : this.#gatedOrders(table.orders);
    return {
      get meta() {
        return table.meta;
      },
      get rowCount() {
        return table.rowCount;
      },
      lost: table.lost,
      orders,
      get: (ids) => table.get(ids),
      async *scan(batchRows) {
        await rowsGate.whenOpen();
        yield* table.scan(batchRows);
      },
      apply: (batch) => table.apply(batch),
      close: () => table.close(),
    };
  }

  #gatedOrders(orders: OrderStore): OrderStore {
    return {
      get edition() {
        return orders.edition;
      },
      read: async (name, edition, block) => {
        if (block > 0) await this.restGate.whenOpen();
        return orders.read(name, edition, block);
      },
      write: (name, edition, blocks) => {
        this.written.push(name);
        return orders.write(name, edition, blocks);
      },
      drop: (name) => orders.drop(name),
      names: () => orders.names(),
    };
  }
}

async function runSteps(step: () => boolean): Promise<void> {
  do await yieldToLoop();
  while (step());
}
