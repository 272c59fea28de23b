import { parentPort, workerData } from "node:worker_threads";
import { must } from "../../base/index.ts";
import type { QueueWorkerData } from "./protocol.ts";
import { serveQueue } from "./serve-queue.ts";

const port = must(parentPort, "the queue worker runs in a worker thread");
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- given by the link, which is typed the same
serveQueue(port, workerData as QueueWorkerData);
