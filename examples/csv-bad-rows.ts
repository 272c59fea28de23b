import { writeFileSync } from "node:fs";
import { isDioramaError } from "vantage-diorama";
import { csv } from "vantage-diorama/sources/csv";

writeFileSync("orders.csv", 'id,product,amount\n1,Tart,2\n2,"Cake,1\n3,Scone\n4,Bun,3\n');

// #region strict
try {
  await csv("orders.csv", { id: "id" }).then((orders) => orders.list());
} catch (error) {
  if (!isDioramaError(error, "invalid")) throw error;
  console.log(error.message);
  console.log(error.place);
}
// #endregion

// #region skip
const orders = await csv("orders.csv", { id: "id", onBadRow: "skip" });
console.log([...(await orders.list()).keys()]);
const { count, rows } = orders.source.lastRead?.skipped ?? { count: 0, rows: [] };
console.log(count, "skipped");
for (const { line, column, reason } of rows) console.log(line, column, reason);
// #endregion
