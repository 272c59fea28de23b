import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { crc32 } from "node:zlib";
import type * as testing from "vantage-diorama/testing";
import "../built-package.ts";
import type * as record from "../../src/record/index.ts";

const { generateProducts }: typeof testing = await import("vantage-diorama/testing");
// The built one, as for everything that is measured; its types are there before it is built.
const { createRowEncoder }: typeof record = await import(
  new URL("../../dist/record/index.js", import.meta.url).href
);

/**
 * The least that a durable copy costs: one thread that has the rows, encodes, checksums and inserts them in one
 * transaction, with the codec of the cache, its checksum over the same bytes (id, time of fetching and row) and its
 * columns, index and page size. Answers with the milliseconds it took, by the clock and of processor time.
 */
const { file, rows }: { readonly file: string; readonly rows: number } = workerData;
const BATCH_ROWS = 1_000;
const LENGTH_BYTES = 4;
const TIME_BYTES = 8;

const products = [...generateProducts(rows, 1)];
const database = new DatabaseSync(file);
database.exec("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
database.exec(
  `CREATE TABLE rows (
     n INTEGER PRIMARY KEY, id TEXT NOT NULL, fetched_at REAL NOT NULL, bytes BLOB NOT NULL, crc INTEGER NOT NULL
   );
   CREATE UNIQUE INDEX ids ON rows (id)`,
);
const insert = database.prepare("INSERT INTO rows (id, fetched_at, bytes, crc) VALUES (?, ?, ?, ?)");
const encoder = createRowEncoder();
const key = Buffer.alloc(1_024);

const start = performance.now();
const cpu = process.threadCpuUsage();
const fetchedAt = Date.now();
database.exec("BEGIN");
for (let from = 0; from < products.length; from += BATCH_ROWS)
  insertBatch(products.slice(from, from + BATCH_ROWS));
database.exec("COMMIT");
const tookMs = performance.now() - start;
const { user, system } = process.threadCpuUsage(cpu);
database.close();
parentPort?.postMessage({ tookMs, cpuMs: (user + system) / 1_000 });

function insertBatch(batch: typeof products): void {
  const ranges: ReturnType<typeof encoder.append>[] = [];
  // An interface has no index signature; what it describes is a row all the same.
  for (const product of batch) ranges.push(encoder.append(product as object as record.Row));
  const encoded = encoder.take();
  for (const [index, { id }] of batch.entries()) {
    const range = ranges[index];
    const bytes = encoded.subarray(range?.start, range?.end);
    insert.run(id, fetchedAt, bytes, crc32(bytes, crc32(keyOf(id))));
  }
}

function keyOf(id: string): Uint8Array {
  const length = key.write(id, LENGTH_BYTES);
  key.writeUInt32BE(length, 0);
  key.writeDoubleBE(fetchedAt, LENGTH_BYTES + length);
  return key.subarray(0, LENGTH_BYTES + length + TIME_BYTES);
}
