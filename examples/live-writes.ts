import { memory, vista } from "vantage-diorama";
import { LiveTable, ManualLiveStream, MemCache } from "vantage-diorama/live";

const columns = { id: "text", name: "text" } as const;
const master = memory("clients", { id: "id", columns, rows: [{ id: "c1", name: "Anna" }] });
const cache = new MemCache();

// #region writes
const table = new LiveTable(master, "clients", cache);
const clients = vista(table);
await clients.fetchPage(1, 20);
console.log("cached:", (await cache.get("clients/page_1")) !== undefined);

await clients.insert("c2", { id: "c2", name: "Boris" }); // the master has it, and what was cached is gone
console.log("cached:", (await cache.get("clients/page_1")) !== undefined);
console.log([...(await clients.fetchPage(1, 20)).rows.keys()]);

await clients.insert("c2", { id: "c2", name: "Bella" }).catch((error: Error) => console.log(error.message));
// #endregion
await table.close();

// #region target
const replica = memory("clients", { id: "id", columns, rows: [{ id: "c1", name: "Anna" }] });
const split = new LiveTable(replica, "clients of the replica", cache, { writeTarget: master });
await vista(split).patch("c1", { name: "Anne" });
console.log(
  (await master.get("c1"))?.name,
  "in the master,",
  (await replica.get("c1"))?.name,
  "in the replica",
);
// #endregion
await split.close();

// #region stream
const stream = new ManualLiveStream();
const watched = new LiveTable(master, "clients", cache, { stream });
const view = vista(watched);
console.log("before:", (await view.get("c1"))?.name);

await master.patch("c1", { name: "Anna-Maria" }); // behind the LiveTable's back
console.log("not told:", (await view.get("c1"))?.name);

const dropped = new Promise((resolve) =>
  watched.onStep(({ kind }) => kind === "invalidated" && resolve(kind)),
);
stream.emit({ type: "updated", id: "c1" });
await dropped;
console.log("told:", (await view.get("c1"))?.name);
// #endregion
await watched.close();
