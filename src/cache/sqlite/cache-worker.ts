import { parentPort, workerData } from "node:worker_threads";
import { must, toDioramaError } from "../../base/index.ts";
import { CacheStore } from "./cache-store.ts";
import type { Reply, Request } from "../../sqlite/index.ts";
import type { CacheCalls, CacheWorkerData } from "./protocol.ts";
import { packetBuffers, type RowPacket } from "./row-packet.ts";

const port = must(parentPort, "the cache worker runs in a worker thread");
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by the link, which is typed the same
const settings = workerData as CacheWorkerData;

const store = new CacheStore({
  ...settings,
  onNotice: (notice) => port.postMessage({ notice } satisfies Reply),
});

type Handlers = { readonly [K in keyof CacheCalls]: (take: CacheCalls[K]["take"]) => CacheCalls[K]["give"] };

const handlers: Handlers = {
  openFile: () => store.openFile(),
  openTable: ({ table }) => store.openTable(table),
  closeTable: ({ table }) => store.closeTable(table),
  dropTable: ({ table }) => store.dropTable(table),
  tableNames: () => store.tableNames(),
  get: ({ table, ids }) => store.get(table, ids),
  startScan: ({ table }) => store.startScan(table),
  nextScan: ({ table, scan, limit }) => store.nextScan(table, scan, limit),
  endScan: ({ table, scan }) => store.endScan(table, scan),
  write: (part) => store.write(part),
  rollback: ({ transaction }) => store.rollback(transaction),
  giveUp: ({ table, reason }) => store.giveUp(table, reason),
  readOrder: ({ table, name, edition, block }) => store.orders.read(table, name, edition, block),
  beginOrder: ({ table, name, edition }) => store.orders.begin(table, name, edition),
  appendOrder: ({ writing, bytes }) => store.orders.append(writing, bytes),
  endOrder: ({ table, writing }) => store.orders.end(table, writing),
  giveUpOrder: ({ writing }) => store.orders.giveUp(writing),
  dropOrder: ({ table, name }) => store.orders.drop(table, name),
  orderNames: ({ table }) => store.orders.names(table),
  close: () => store.close(),
};

function answer<K extends keyof CacheCalls>(request: Request<CacheCalls, K>): void {
  const { call } = request;
  try {
    const handler: Handlers[K] = handlers[request.kind];
    const give = handler(request.take);
    port.postMessage({ call, give }, buffersOf(give));
  } catch (error) {
    const { code, message, place } = toDioramaError(
      error,
      "unavailable",
      `the cache worker's ${request.kind}`,
    );
    port.postMessage({ call, failure: { code, message, place } } satisfies Reply);
  }
  if (request.kind === "close") port.close();
}

function buffersOf(give: unknown): ArrayBuffer[] {
  if (isPacket(give)) return packetBuffers(give);
  return give instanceof Uint8Array && give.buffer instanceof ArrayBuffer ? [give.buffer] : [];
}

function isPacket(give: unknown): give is RowPacket {
  return typeof give === "object" && give !== null && "ends" in give;
}

// The link is the only one that posts here, and it is typed by the same protocol.
port.on("message", (request: Request<CacheCalls>) => answer(request));
