/** The queue's own worker, which dies at the named step that its process was given. */
import { parentPort, workerData } from "node:worker_threads";
import { passCrashPoint } from "vantage-diorama/testing/node";
import type * as QueueRoom from "../../src/queue/sqlite/index.ts";
import { importBuilt } from "./import-built.ts";

const { serveQueue } = await importBuilt<typeof QueueRoom>("queue/sqlite/index.js");
if (parentPort === null) throw new Error("the queue worker runs in a worker thread");
serveQueue(parentPort, workerData, passCrashPoint);
