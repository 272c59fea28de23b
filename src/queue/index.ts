export { createMemoryQueues } from "./memory-queue.ts";
export type {
  ApplyOptions,
  Durability,
  LostOp,
  OpenQueueOptions,
  QueueBackend,
  QueueBatch,
  QueuedOp,
  QueuedState,
  WriteQueue,
} from "./write-queue.ts";
