export { createMemoryQueues } from "./memory-queue.ts";
export type { QueueBackend, QueueBatch, QueuedOp, QueuedState, WriteQueue } from "./write-queue.ts";
