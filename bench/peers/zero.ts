import type { Product } from "vantage-diorama/testing";
import { type Peer, type PeerRows, WINDOW, type WantedRows } from "./peer.ts";

/** What we use of it. */
interface Engine {
  readonly MemorySource: new (
    table: string,
    columns: Readonly<Record<string, { readonly type: string }>>,
    primaryKey: readonly string[],
  ) => MemorySource;
  readonly MemoryStorage: new () => object;
  readonly ArrayView: new (
    input: Input,
    format: { readonly singular: boolean; readonly relationships: object },
    complete: true,
    updateTtl: () => void,
  ) => View;
  buildPipeline(query: object, delegate: object, queryId: string): Input;
  makeSourceChangeAdd(row: ZeroRow): object;
  makeSourceChangeEdit(row: ZeroRow, oldRow: ZeroRow): object;
}

interface MemorySource {
  readonly data: { get(row: { readonly id: string }): ZeroRow | undefined };
  push(change: object): Iterable<unknown>;
}

interface Input {
  destroy(): void;
}

interface View {
  readonly data: readonly ZeroRow[];
  flush(): void;
  addListener(listener: () => void): () => void;
}

/** Its rows are JSON. */
type ZeroRow = Omit<Product, "updatedAt"> & { readonly updatedAt: number };

const packageName = "@rocicorp/zero";
const ORDER = [
  ["price", "desc"],
  ["id", "asc"],
] as const;
const columns = {
  id: { type: "string" },
  name: { type: "string" },
  category: { type: "string" },
  price: { type: "number" },
  calories: { type: "number" },
  stock: { type: "number" },
  updatedAt: { type: "number" },
  description: { type: "string" },
};

export const zero: Peer = {
  name: "Zero's engine",
  packageName,
  driven:
    "its incremental engine alone, without server and sync: a `MemorySource`, pipelines from `buildPipeline`, materialised by `ArrayView`, from the files of the package since its entry does not export them; a window starts at a row, not at an offset; it has no aggregates",
  async load(products) {
    const engine = await importEngine();
    const source = new engine.MemorySource("products", columns, ["id"]);
    for (const product of products) drain(source.push(engine.makeSourceChangeAdd(toZero(product))));
    const views = new Set<View>();
    const open = (query: object): { view: View; close(): void } => {
      const input = engine.buildPipeline(
        { table: "products", ...query },
        delegateOf(engine, source),
        "query",
      );
      const view = new engine.ArrayView(input, { singular: false, relationships: {} }, true, () => {});
      view.addListener(() => {});
      views.add(view);
      return {
        view,
        close: () => {
          views.delete(view);
          input.destroy();
        },
      };
    };
    const push = (product: Product): void => {
      const old = source.data.get(product);
      if (old === undefined) throw new Error(`there is no ${product.id}`);
      drain(source.push(engine.makeSourceChangeEdit(toZero(product), old)));
    };
    const flush = (): void => {
      for (const view of views) view.flush();
    };
    return {
      write(product) {
        push(product);
        flush();
      },
      writeAll(changed) {
        for (const product of changed) push(product);
        flush();
      },
      async openRows(wanted) {
        return toRows(open(toQuery(wanted)));
      },
      async openRecords(ids) {
        const opened = ids.map((id) => open({ where: equal("id", id), orderBy: [["id", "asc"]] }));
        return {
          visible: () => opened.slice(0, WINDOW).flatMap(({ view }) => view.data),
          close: () => opened.forEach(({ close }) => close()),
        };
      },
    };
  },
};

/** The package exports no entry to them, but its files are there. */
async function importEngine(): Promise<Engine> {
  const folder = new URL(`../node_modules/${packageName}/out/zql/src/`, import.meta.url);
  const files = [
    "ivm/memory-source.js",
    "ivm/memory-storage.js",
    "ivm/array-view.js",
    "ivm/source.js",
    "builder/builder.js",
  ];
  const modules: Partial<Engine>[] = await Promise.all(
    files.map((file) => import(new URL(file, folder).href)),
  );
  // Between them the five files export all of it.
  return Object.assign({}, ...modules) as Engine;
}

const delegateOf = (engine: Engine, source: MemorySource): object => ({
  getSource: () => source,
  createStorage: () => new engine.MemoryStorage(),
  decorateInput: (input: Input) => input,
  decorateFilterInput: (input: Input) => input,
  decorateSourceInput: (input: Input) => input,
  addEdge: () => {},
});

const equal = (column: string, value: string): object => ({
  type: "simple",
  op: "=",
  left: { type: "column", name: column },
  right: { type: "literal", value },
});

const toQuery = ({ category, window }: WantedRows): object => ({
  orderBy: ORDER,
  ...(category === undefined ? {} : { where: equal("category", category) }),
  ...(window === undefined ? {} : { limit: WINDOW }),
  ...(window === undefined || window.offset === 0
    ? {}
    : { start: { row: toZero(window.first), exclusive: false } }),
});

const toRows = ({ view, close }: { view: View; close(): void }): PeerRows => ({
  visible: () => view.data.slice(0, WINDOW),
  close,
});

const toZero = (product: Product): ZeroRow => ({ ...product, updatedAt: product.updatedAt.getTime() });

function drain(stream: Iterable<unknown>): void {
  for (const _ of stream);
}
