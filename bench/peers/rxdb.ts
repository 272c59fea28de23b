import type { Product } from "vantage-diorama/testing";
import { type Peer, type PeerRows, turn, WINDOW, type WantedRows } from "./peer.ts";

/** What we use of it. */
interface Rxdb {
  createRxDatabase(options: object): Promise<Database>;
}

interface RxdbMemory {
  getRxStorageMemory(): object;
}

interface Database {
  addCollections(collections: object): Promise<{ readonly products: Collection }>;
  close(): Promise<unknown>;
}

interface Collection {
  bulkInsert(documents: readonly Stored[]): Promise<{ readonly error: readonly unknown[] }>;
  bulkUpsert(documents: readonly Stored[]): Promise<{ readonly error: readonly unknown[] }>;
  find(query: object): Query<readonly Document[]>;
  findOne(id: string): Query<Document | null>;
}

interface Query<R> {
  readonly $: { subscribe(listener: (result: R) => void): { unsubscribe(): void } };
}

interface Document {
  readonly id: string;
  readonly price: number;
}

type Stored = Omit<Product, "updatedAt"> & { readonly updatedAt: number };

const packageName = "rxdb";
const SETTLING_TURNS = 100;

export const rxdb: Peer = {
  name: "RxDB, memory",
  packageName,
  driven:
    "the memory storage, indexed by price and by category and price, live queries with `sort`, `skip` and `limit`, written with `bulkUpsert`; a write has settled when its promise and a turn of the loop have passed",
  async load(products) {
    const { createRxDatabase }: Rxdb = await import(packageName);
    const storage: RxdbMemory = await import(`${packageName}/plugins/storage-memory`);
    const database = await createRxDatabase({
      name: `products${performance.now()}`,
      storage: storage.getRxStorageMemory(),
      multiInstance: false,
      eventReduce: true,
    });
    const { products: collection } = await database.addCollections({ products: { schema } });
    const put = async (changed: readonly Product[]): Promise<void> => {
      const { error } = await collection.bulkUpsert(changed.map(toStored));
      if (error.length > 0) throw new Error(`${error.length} documents were refused`);
    };
    const { error } = await collection.bulkInsert(products.map(toStored));
    if (error.length > 0) throw new Error(`${error.length} documents were refused`);
    return {
      write: (product) => put([product]),
      writeAll: put,
      openRows: (wanted) => openQuery(collection.find(toQuery(wanted)), (found) => found.slice(0, WINDOW)),
      async openRecords(ids) {
        const opened: PeerRows[] = [];
        for (const id of ids)
          opened.push(await openQuery(collection.findOne(id), (found) => (found === null ? [] : [found])));
        return {
          visible: () => opened.slice(0, WINDOW).flatMap((each) => each.visible()),
          close: () => opened.forEach((each) => each.close()),
        };
      },
      close: async () => {
        await database.close();
      },
    };
  },
};

const schema = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 20 },
    name: { type: "string" },
    category: { type: "string", maxLength: 20 },
    price: { type: "number", minimum: 0, maximum: 10_000, multipleOf: 0.01 },
    calories: { type: "integer" },
    stock: { type: "integer" },
    updatedAt: { type: "integer" },
    description: { type: "string" },
  },
  required: ["id", "price", "category"],
  indexes: ["price", ["category", "price"]],
};

const toQuery = ({ category, window }: WantedRows): object => ({
  ...(category === undefined ? {} : { selector: { category } }),
  sort: [{ price: "desc" }, { id: "asc" }],
  ...(window === undefined ? {} : { skip: window.offset, limit: WINDOW }),
});

/** Live once the first result has come. */
async function openQuery<R>(query: Query<R>, show: (result: R) => readonly Document[]): Promise<PeerRows> {
  let shown: readonly Document[] | undefined;
  const subscription = query.$.subscribe((result) => (shown = show(result)));
  for (let turns = 0; shown === undefined; turns++) {
    if (turns > SETTLING_TURNS) throw new Error("no result came");
    await turn();
  }
  return { visible: () => shown ?? [], close: () => subscription.unsubscribe() };
}

const toStored = (product: Product): Stored => ({ ...product, updatedAt: product.updatedAt.getTime() });
