// LiveTables that wait: for changes of their masters, for a stream that is lost, with rows read again behind and a
// write that hangs. Nothing is closed; the process is to end by itself.
import { memory, vista } from "vantage-diorama";
import { LiveTable, ManualLiveStream, MemCache } from "vantage-diorama/live";

const rows = [{ id: "a", price: 1 }];
const watching = new LiveTable(memory("watched", { id: "id", rows }), "watched", new MemCache(), { ttl: 0 });
const stream = new ManualLiveStream();
const lost = new LiveTable(memory("streamed", { id: "id", rows }), "streamed", new MemCache(), { stream });
await vista(watching).list();
await new Promise((resolve) => setTimeout(resolve, 5));
await vista(watching).list();
await vista(lost).fetchPage(1, 10);
stream.fail(new Error("lost"));
await new Promise((resolve) => setTimeout(resolve, 5));
const { source } = memory("hanging", { id: "id", rows });
const hanging = new LiveTable(
  Object.assign(source, { patch: () => new Promise<never>(() => undefined) }),
  "hanging",
  new MemCache(),
);
vista(hanging)
  .patch("a", { price: 2 })
  .catch(() => undefined);
console.log("left");
