import type { Product } from "vantage-diorama/testing";
import { type Peer, type PeerRows, turn, WINDOW, type WantedRows } from "./peer.ts";

/** What we use of it. */
interface TanstackDb {
  readonly BTreeIndex: unknown;
  createCollection(config: object): Collection<Product>;
  createLiveQueryCollection<R>(config: {
    readonly startSync: true;
    readonly query: (builder: { from(sources: object): Query }) => Query;
  }): Collection<R>;
  eq(left: unknown, right: unknown): unknown;
  count(of: unknown): unknown;
  sum(of: unknown): unknown;
}

interface Query {
  where(condition: (refs: Refs) => unknown): Query;
  orderBy(path: (refs: Refs) => unknown, direction?: "asc" | "desc"): Query;
  groupBy(path: (refs: Refs) => unknown): Query;
  select(columns: (refs: Refs) => object): Query;
  limit(count: number): Query;
  offset(count: number): Query;
}

type Refs = { readonly product: { readonly [column in keyof Product]: unknown } };

interface Collection<R> {
  preload(): Promise<void>;
  get(key: string): R | undefined;
  values(): MapIterator<R>;
  subscribeChanges(listener: () => void): { unsubscribe(): void };
  cleanup(): Promise<void>;
}

interface Sync {
  begin(): void;
  write(message: { readonly type: "insert" | "update"; readonly value: Product }): void;
  commit(): void;
  markReady(): void;
}

const packageName = "@tanstack/db";

export const tanstackDb: Peer = {
  name: "TanStack DB",
  packageName,
  driven:
    "a collection that is written to as a sync engine writes, B-tree indexes made on demand, live queries with `orderBy`, `offset` and `limit`",
  async load(products) {
    const db: TanstackDb = await import(packageName);
    const { collection, sync } = createProducts(db, products);
    const put = (changed: readonly Product[]): void => {
      sync.begin();
      for (const value of changed) sync.write({ type: "update", value });
      sync.commit();
    };
    const open = async <R>(query: (from: Query) => Query): Promise<Collection<R> & { close(): void }> => {
      const live = db.createLiveQueryCollection<R>({
        startSync: true,
        query: (builder) => query(builder.from({ product: collection })),
      });
      await live.preload();
      const subscription = live.subscribeChanges(() => {});
      return Object.assign(live, {
        close: () => {
          subscription.unsubscribe();
          void live.cleanup();
        },
      });
    };
    return {
      write: (product) => put([product]),
      writeAll: put,
      openRows: async (wanted) => toRows(await open<Product>((from) => ordered(db, from, wanted))),
      async openRecords(ids) {
        const lives: (Collection<Product> & { close(): void })[] = [];
        for (const id of ids)
          lives.push(await open<Product>((from) => from.where(({ product }) => db.eq(product.id, id))));
        return {
          visible: () => lives.slice(0, WINDOW).flatMap((live) => [...live.values()]),
          close: () => lives.forEach((live) => live.close()),
        };
      },
      async openTotals() {
        const live = await open<{ category: string; count: number; sum: number }>((from) =>
          from
            .groupBy(({ product }) => product.category)
            .select(({ product }) => ({
              category: product.category,
              count: db.count(product.id),
              sum: db.sum(product.price),
            })),
        );
        return {
          of: (category) => live.values().find((group) => group.category === category),
          close: live.close,
        };
      },
      close: async () => {
        await turn();
        await collection.cleanup();
      },
    };
  },
};

function createProducts(
  db: TanstackDb,
  products: readonly Product[],
): { collection: Collection<Product>; sync: Sync } {
  const synced: Sync[] = [];
  const collection = db.createCollection({
    id: `products-${performance.now()}`,
    getKey: ({ id }: Product) => id,
    autoIndex: "eager",
    defaultIndexType: db.BTreeIndex,
    startSync: true,
    sync: {
      sync: (sync: Sync) => {
        synced.push(sync);
        sync.begin();
        for (const value of products) sync.write({ type: "insert", value });
        sync.commit();
        sync.markReady();
      },
    },
  });
  const [sync] = synced;
  if (sync === undefined) throw new Error("the collection was not synced");
  return { collection, sync };
}

function ordered(db: TanstackDb, from: Query, { category, window }: WantedRows): Query {
  const chosen =
    category === undefined ? from : from.where(({ product }) => db.eq(product.category, category));
  const query = chosen.orderBy(({ product }) => product.price, "desc");
  return window === undefined ? query : query.offset(window.offset).limit(WINDOW);
}

const toRows = (live: Collection<Product> & { close(): void }): PeerRows => ({
  visible: () => live.values().take(WINDOW).toArray(),
  close: live.close,
});
