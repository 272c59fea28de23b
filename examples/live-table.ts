import { memory, vista } from "vantage-diorama";
import { LiveTable, MemCache } from "vantage-diorama/live";

const rows = Array.from({ length: 250 }, (_, n) => ({
  id: `c${n + 1}`,
  name: `client ${n + 1}`,
  city: "Riga",
}));
const columns = { id: "text", name: "text", city: "text" } as const;
const master = memory("clients", { id: "id", columns, rows });

// #region table
const table = new LiveTable(master, "clients", new MemCache(), { pageSize: 20 });
table.onStep((step) => {
  if (step.kind === "hit" || step.kind === "miss") console.log(" ", step.kind, step.key);
});

const clients = vista(table); // a Vista like any other
for (const round of ["first", "again"]) {
  console.log(round);
  const page = await clients.fetchPage(2, 20);
  const one = await clients.get("c7");
  console.log(" ", [...page.rows.keys()].at(0), "and 19 more;", one?.name, "of", await clients.count());
}
// #endregion

// #region sizes
console.log("in another size");
const window = await clients.fetchWindow(15, 30); // pages 1, 2 and 3, glued: two of them are read now
console.log(" ", [...window.rows.keys()].at(0), "to", [...window.rows.keys()].at(-1));
// #endregion

// #region keys
const inRiga = new LiveTable(
  master.where("city", "=", "Riga").orderBy("name"),
  "clients in Riga",
  new MemCache(),
);
console.log("by name:", (await vista(inRiga).first())?.[1].name);
await inRiga.close();
// #endregion
await table.close();
