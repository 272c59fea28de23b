import type { Product } from "vantage-diorama/testing";
import { type Peer, WINDOW, type WantedRows } from "./peer.ts";

/** What we use of it. */
interface Signaldb {
  readonly Collection: new (options: {
    readonly reactivity: Reactivity;
    readonly indices: readonly unknown[];
  }) => Collection;
  createIndex(field: string): unknown;
}

interface Reactivity {
  create(): { depend(): void; notify(): void };
  isInScope(): boolean;
}

interface Collection {
  insertMany(products: readonly Product[]): void;
  replaceOne(selector: { readonly id: string }, product: Product): void;
  batch(work: () => void): void;
  find(selector: object, options?: object): Cursor;
}

interface Cursor {
  fetch(): Product[];
  cleanup(): void;
}

const packageName = "@signaldb/core";

export const signaldb: Peer = {
  name: "SignalDB",
  packageName,
  driven:
    "a collection in memory with an index of the category and cursors with `sort`, `skip` and `limit` in a reactive scope: told of a change, the cursor is run again",
  async load(products) {
    const { Collection, createIndex }: Signaldb = await import(packageName);
    const scope = createScope();
    const collection = new Collection({ reactivity: scope.reactivity, indices: [createIndex("category")] });
    collection.insertMany(products);
    const write = (product: Product): void => collection.replaceOne({ id: product.id }, product);
    return {
      write,
      writeAll: (changed) => collection.batch(() => changed.forEach(write)),
      openRows: async (wanted) => {
        const live = scope.run(() => find(collection, wanted));
        return { visible: () => live.rows().slice(0, WINDOW), close: live.close };
      },
      async openRecords(ids) {
        const lives = ids.map((id) => scope.run(() => collection.find({ id })));
        return {
          visible: () => lives.slice(0, WINDOW).flatMap((live) => live.rows()),
          close: () => lives.forEach((live) => live.close()),
        };
      },
    };
  },
};

const find = (collection: Collection, { category, window }: WantedRows): Cursor =>
  collection.find(category === undefined ? {} : { category }, {
    sort: { price: -1, id: 1 },
    ...(window === undefined ? {} : { skip: window.offset, limit: WINDOW }),
  });

interface Live {
  rows(): readonly Product[];
  close(): void;
}

/** The least of a signal library: what was read in `run` is read again when it has changed. */
function createScope(): { readonly reactivity: Reactivity; run(open: () => Cursor): Live } {
  let rerun: (() => void) | undefined;
  return {
    reactivity: {
      create() {
        const dependents = new Set<() => void>();
        return {
          depend: () => {
            if (rerun !== undefined) dependents.add(rerun);
          },
          notify: () => {
            for (const dependent of dependents) dependent();
          },
        };
      },
      isInScope: () => rerun !== undefined,
    },
    run(open) {
      let changed = false;
      const read = (): { cursor: Cursor; rows: readonly Product[] } => {
        const outer = rerun;
        rerun = () => (changed = true);
        try {
          const cursor = open();
          return { cursor, rows: cursor.fetch() };
        } finally {
          rerun = outer;
        }
      };
      let last = read();
      return {
        rows: () => {
          if (changed) {
            last.cursor.cleanup();
            changed = false;
            last = read();
          }
          return last.rows;
        },
        close: () => last.cursor.cleanup(),
      };
    },
  };
}
