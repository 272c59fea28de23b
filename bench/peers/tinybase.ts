import type { Product } from "vantage-diorama/testing";
import { type Peer, WINDOW, type WantedRows } from "./peer.ts";

/** What we use of it. */
interface Tinybase {
  createStore(): Store;
  createIndexes(store: Store): Indexes;
  createQueries(store: Store): Queries;
}

type Cells = Readonly<Record<string, string | number>>;

interface Store {
  setTable(table: string, rows: Readonly<Record<string, Cells>>): void;
  setRow(table: string, id: string, row: Cells): void;
  getRow(table: string, id: string): Cells;
  getSortedRowIds(sorted: Sorted): string[];
  addSortedRowIdsListener(sorted: Sorted, listener: (...told: Told) => void): string;
  addRowListener(table: string, id: string, listener: () => void): string;
  delListener(id: string): void;
  transaction(actions: () => void): void;
}

interface Sorted {
  readonly tableId: string;
  readonly cellId: string;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number | undefined;
}

/** The arguments of a listener to sorted row ids: what was asked for, and the ids. */
type Told = readonly [Store, string, string, boolean, number, number | undefined, ids: readonly string[]];

interface Indexes {
  setIndexDefinition(
    index: string,
    table: string,
    slice: string,
    sortKey: string,
    ...sorters: unknown[]
  ): void;
  getSliceRowIds(index: string, slice: string): string[];
  addSliceRowIdsListener(index: string, slice: string, listener: () => void): string;
  delListener(id: string): void;
  delIndexDefinition(index: string): void;
}

interface Queries {
  setQueryDefinition(query: string, table: string, build: (keywords: Keywords) => void): void;
  getResultTable(query: string): Readonly<Record<string, Cells>>;
  addResultTableListener(query: string, listener: () => void): string;
  delQueryDefinition(query: string): void;
}

interface Keywords {
  select(cell: string): void;
  group(cell: string, aggregate: "count" | "sum"): { as(name: string): void };
}

const packageName = "tinybase";
const TABLE = "products";

export const tinybase: Peer = {
  name: "TinyBase",
  packageName,
  driven:
    "a store with listeners to sorted row ids (all rows and windows), an index (the category) and a query with groups; its ties stand in no stated order",
  async load(products) {
    const library: Tinybase = await import(packageName);
    const store = library.createStore();
    store.setTable(TABLE, Object.fromEntries(products.map((product) => [product.id, toCells(product)])));
    const rowsOf = (ids: readonly string[]): Shown[] => ids.map((id) => shown(id, store.getRow(TABLE, id)));
    return {
      write: (product) => store.setRow(TABLE, product.id, toCells(product)),
      writeAll: (changed) =>
        store.transaction(() => {
          for (const product of changed) store.setRow(TABLE, product.id, toCells(product));
        }),
      openRows: async (wanted) => {
        const opened =
          wanted.category === undefined ? openSorted(store, wanted) : openSlice(library, store, wanted);
        return { visible: () => rowsOf(opened.ids()), close: opened.close };
      },
      async openRecords(ids) {
        const listeners = ids.map((id) => store.addRowListener(TABLE, id, () => {}));
        const first = ids.slice(0, WINDOW);
        return {
          visible: () => rowsOf(first),
          close: () => listeners.forEach((listener) => store.delListener(listener)),
        };
      },
      async openTotals() {
        const queries = library.createQueries(store);
        queries.setQueryDefinition("totals", TABLE, ({ select, group }) => {
          select("category");
          select("price");
          select("stock");
          group("price", "sum").as("sum");
          group("stock", "count").as("count");
        });
        queries.addResultTableListener("totals", () => {});
        return {
          of: (category) => toTotal(queries.getResultTable("totals"), category),
          close: () => queries.delQueryDefinition("totals"),
        };
      },
    };
  },
};

interface Shown {
  readonly id: string;
  readonly price: number;
}

interface Opened {
  ids(): readonly string[];
  close(): void;
}

/** Told of the sorted ids as they change: they are not asked for again. */
function openSorted(store: Store, { window }: WantedRows): Opened {
  const sorted: Sorted = {
    tableId: TABLE,
    cellId: "price",
    descending: true,
    offset: window?.offset ?? 0,
    limit: window === undefined ? undefined : WINDOW,
  };
  let ids: readonly string[] = store.getSortedRowIds(sorted);
  const listener = store.addSortedRowIdsListener(sorted, (...told) => (ids = told[6]));
  return { ids: () => ids.slice(0, WINDOW), close: () => store.delListener(listener) };
}

function openSlice(library: Tinybase, store: Store, { category = "", window }: WantedRows): Opened {
  const indexes = library.createIndexes(store);
  const descending = (a: number, b: number): number => b - a;
  indexes.setIndexDefinition("byCategory", TABLE, "category", "price", undefined, descending);
  const listener = indexes.addSliceRowIdsListener("byCategory", category, () => {});
  const offset = window?.offset ?? 0;
  return {
    ids: () => indexes.getSliceRowIds("byCategory", category).slice(offset, offset + WINDOW),
    close: () => {
      indexes.delListener(listener);
      indexes.delIndexDefinition("byCategory");
    },
  };
}

function toTotal(
  table: Readonly<Record<string, Cells>>,
  category: string,
): { readonly count: number; readonly sum: number } | undefined {
  const group = Object.values(table).find((cells) => cells["category"] === category);
  return group === undefined ? undefined : { count: Number(group["count"]), sum: Number(group["sum"]) };
}

const shown = (id: string, cells: Cells): Shown => ({ id, price: Number(cells["price"]) });

const toCells = ({ updatedAt, ...rest }: Product): Cells => ({ ...rest, updatedAt: updatedAt.getTime() });
