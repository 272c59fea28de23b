export { openDurableQueues, type DurableQueuesOptions } from "./durable-queues.ts";
export type { QueueStep } from "./queue-store.ts";
export { serveQueue } from "./serve-queue.ts";
