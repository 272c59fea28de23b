import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lens, memory, seedFromMaster, vista } from "vantage-diorama";
import { FileCache, type LiveStep, LiveTable, MemCache, NoCache } from "vantage-diorama/live";
import { createManualClock } from "vantage-diorama/testing";

const columns = { id: "text", name: "text" } as const;
const master = memory("clients", { id: "id", columns, rows: [{ id: "c1", name: "Anna" }] });
const folder = mkdtempSync(join(tmpdir(), "live-"));
const print = (step: LiveStep): void => {
  if (step.kind === "hit") console.log(" ", step.isStale ? "old" : "hit", step.key);
  if (step.kind === "miss") console.log(" ", "miss", step.key);
};

// #region file
for (const start of ["first start", "second start"]) {
  console.log(start);
  const cache = await FileCache.open(folder, {
    onDamage: ({ message }) => console.error(message), // a miss, and it goes on
  });
  const table = new LiveTable(master, "clients", cache);
  table.onStep(print);
  await vista(table).fetchPage(1, 20);
  await table.close();
  await cache.close(); // waits for what is still to be stored
}
// #endregion

// #region file-errors
const held = await FileCache.open(folder);
await FileCache.open(folder).catch((error: { code?: string }) => console.log("a second one:", error.code));
await held.close();
// #endregion
rmSync(folder, { recursive: true });

// #region others
const few = new MemCache({ maxEntries: 1_000 }); // the entry that was used longest ago goes
const none = new NoCache(); // every read asks the master
// #endregion
console.log("kept by one, not by the other");
for (const cache of [few, none]) {
  const table = new LiveTable(master, "clients", cache);
  table.onStep(print);
  for (let read = 0; read < 2; read++) await vista(table).get("c1");
  await table.close();
}

// #region ttl
const clock = createManualClock(); // in an application: leave it out
const aging = new LiveTable(master, "clients", new MemCache(), { ttl: "1m", stream: false, clock });
aging.onStep(print);
const clients = vista(aging);
console.log("by age");
await clients.get("c1");
await master.patch("c1", { name: "Anne" });
await clock.advance(61_000);
console.log(" ", (await clients.get("c1"))?.name, "is served at once, and read again behind");
await clock.advance(0);
console.log(" ", (await clients.get("c1"))?.name);
// #endregion
await aging.close();

// #region dio
const pages = new LiveTable(master, "clients", new MemCache());
const lens = await Lens.builder().onStart(seedFromMaster).build();
const dio = await lens.makeDio(vista(pages));
console.log("through a Dio:", (await dio.vista().where("name", "starts with", "A").first())?.[1].name);
await lens.close();
await pages.close();
// #endregion
