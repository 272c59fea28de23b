import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { crc32 } from "node:zlib";
import { generateProducts } from "vantage-diorama/testing";
import { encodeRow } from "../../dist/record/index.js";

/**
 * The least that a durable copy costs: one thread that has the rows, encodes, checksums and inserts them in one
 * transaction. Answers with the milliseconds it took.
 */
const { file, rows }: { readonly file: string; readonly rows: number } = workerData;
const products = [...generateProducts(rows, 1)];
const database = new DatabaseSync(file);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
database.exec(
  "CREATE TABLE rows (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, bytes BLOB NOT NULL, crc INTEGER NOT NULL)",
);
const insert = database.prepare("INSERT INTO rows (id, bytes, crc) VALUES (?, ?, ?)");

const start = performance.now();
database.exec("BEGIN");
for (const product of products) {
  const bytes = encodeRow({ ...product });
  insert.run(product.id, bytes, crc32(bytes));
}
database.exec("COMMIT");
const tookMs = performance.now() - start;
database.close();
parentPort?.postMessage(tookMs);
