export { openDurableQueues, type DurableQueuesOptions } from "./durable-queues.ts";
export { checkQueues, lookAtQueues, type LookedQueues, type QueueDamage } from "./look-at-queue.ts";
export type { QueueStep } from "./queue-store.ts";
export { serveQueue } from "./serve-queue.ts";
