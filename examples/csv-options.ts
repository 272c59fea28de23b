import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { csv } from "vantage-diorama/sources/csv";

const lines = ["Größe;Preis;Seit;Lager", "L;1.50;2026-02-28;ja", "XL;n/a;2026-03-01;nein"];
writeFileSync("shirts.csv.gz", gzipSync(Buffer.from(lines.join("\r\n"), "latin1")));

// #region options
const shirts = await csv("shirts.csv.gz", {
  headers: ["size", "price", "since", "stock"],
  replaceHeader: true,
  id: "size",
  columns: { price: "decimal" },
  delimiter: ";",
  encoding: "latin1",
  nullTokens: ["", "n/a"],
});
for await (const [id, row] of shirts) console.log(id, row);
// #endregion
