import type { OpenedQueue } from "../dio/index.ts";
import type { Durability } from "../queue/index.ts";
import type { LensStores } from "./open-stores.ts";

/** Opens the queue of one Dio; without a wish, as durable as it can be. */
export async function openQueue(
  { queues, memoryQueues }: Pick<LensStores, "queues" | "memoryQueues">,
  table: string,
  wanted: Durability | undefined,
): Promise<OpenedQueue> {
  if (!queues.durable) return { queue: await queues.openQueue(table), durability: "memory" };
  const durability = wanted ?? "fsync";
  if (durability !== "memory") return { queue: await queues.openQueue(table, { durability }), durability };
  // What an earlier session was promised is not left behind because this one asks for less.
  const left = await queues.openQueue(table, { durability: "process" });
  if (left.kept.length > 0 || left.lost.length > 0) return { queue: left, durability: "process" };
  await left.close();
  return { queue: await memoryQueues.openQueue(table), durability };
}
