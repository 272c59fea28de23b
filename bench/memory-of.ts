/**
 * What one store takes, in a process of its own: `node --expose-gc bench/memory-of.ts <subject> <rows>`. Prints
 * the bytes a row of the store alone, and of one ordered view on top of it.
 */
import "./built-package.ts";
import type { Product } from "vantage-diorama/testing";
import type { PeerStore } from "./peers/peer.ts";

/** Something that has been filled. What it keeps alive is what is measured. */
interface Filled {
  /** All rows by price, to the last one. */
  openOrder(): Promise<unknown>;
  /** Windows on that order. */
  openWindows?(): Promise<unknown>;
  /** Memory that the engine's own counters don't see. */
  bytes?(): number;
}

const [subject = "", rowsText = ""] = process.argv.slice(2);
const rows = Number(rowsText);
const { generateProducts } = await import("vantage-diorama/testing");

const before = await settled();
const filled = await fill();
const store = await settled(filled);
const view = await filled.openOrder();
const withView = await settled(filled);
const windows = await filled.openWindows?.();
const withWindows = await settled(filled);
process.stdout.write(
  JSON.stringify({
    store: (store - before) / rows,
    view: (withView - store) / rows,
    windows: windows === undefined ? undefined : (withWindows - withView) / rows,
    kept: view !== undefined,
  }),
);
process.exit();

/** As rows come over a wire: each string whole, not a tree of the pieces that it was made of. */
function* flatProducts(): Generator<Product, void, undefined> {
  for (const product of generateProducts(rows, 1)) {
    const flat: Product = JSON.parse(JSON.stringify(product));
    yield { ...flat, updatedAt: new Date(flat.updatedAt) };
  }
}

async function fill(): Promise<Filled> {
  if (subject === "limit") return fillLimit();
  if (subject === "ours") return fillOurs();
  const { peers } = await import("./peers/index.ts");
  const peer = peers.find(({ name }) => name === subject);
  if (peer === undefined) throw new Error(`there is no ${subject}`);
  return fromPeer(await peer.load([...flatProducts()]));
}

async function fillLimit(): Promise<Filled> {
  const { LimitOrder } = await import("./limits/limit-table.ts");
  const map = new Map<string, Product>();
  for (const product of flatProducts()) map.set(product.id, product);
  return { openOrder: async () => new LimitOrder(map) };
}

async function fillOurs(): Promise<Filled> {
  const { BY_PRICE, openOurs, WINDOW } = await import("./ours.ts");
  const { dio } = await openOurs(flatProducts());
  const open = async (offset: number): Promise<unknown> => {
    const table = await dio.tableScenery({ orderBy: BY_PRICE }).open();
    table.rows(rows - WINDOW, rows);
    table.setViewport(offset, offset + WINDOW);
    return table;
  };
  return {
    openOrder: () => open(0),
    openWindows: () => Promise.all(Array.from({ length: 100 }, (_, n) => open(Math.floor((rows * n) / 100)))),
  };
}

function fromPeer(store: PeerStore): Filled {
  return { openOrder: () => store.openRows({}), bytes: () => store.memoryBytes?.() ?? 0 };
}

/** Bytes of the heap and of what hangs on it outside, once the collector has nothing left to find. */
async function settled(filled?: Filled): Promise<number> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // What lies in array buffers is part of what lies outside.
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external + (filled?.bytes?.() ?? 0);
}
