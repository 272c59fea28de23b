import { DatabaseSync } from "node:sqlite";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";

/**
 * The least that a durable queue costs: one thread that receives records by message, takes all that have arrived,
 * keeps them in one transaction that is on the disk when it is committed, and answers them together.
 */
export interface BareOp {
  readonly call: number;
  readonly sequence: number;
  readonly record: Uint8Array;
}

const { file }: { readonly file: string } = workerData;
const port = parentPort;
if (port === null) throw new Error("it runs in a worker thread");

const database = new DatabaseSync(file);
database.exec(
  `PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
   CREATE TABLE ops (key INTEGER PRIMARY KEY, record BLOB NOT NULL)`,
);
const put = database.prepare("INSERT INTO ops (key, record) VALUES (?, ?)");
port.postMessage([]);

port.on("message", (first: BareOp) => {
  const ops = [first];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    ops.push(next.message);
  }
  database.exec("BEGIN");
  for (const { sequence, record } of ops) put.run(sequence, record);
  database.exec("COMMIT");
  port.postMessage(ops.map(({ call }) => call));
});
