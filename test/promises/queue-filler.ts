import { openDurableQueues } from "../../src/queue/sqlite/index.ts";
import { queueHistory } from "./queue-history.ts";

/** A process that plays a history into the queues of a folder, and ends as it is told: in order, or killed. */
const [folder = "", seed = "0", end = "close"] = process.argv.slice(2);
const queues = await openDurableQueues(folder);
const open = new Map<string, Awaited<ReturnType<typeof queues.openQueue>>>();
for (const { queue, batch } of queueHistory(Number(seed))) {
  const opened = open.get(queue) ?? (await queues.openQueue(queue));
  open.set(queue, opened);
  await opened.apply(batch, { relaxed: true });
}
if (end === "kill") process.kill(process.pid, "SIGKILL");
await queues.close();
