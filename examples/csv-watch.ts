import { appendFileSync, writeFileSync } from "node:fs";
import { csv } from "vantage-diorama/sources/csv";

writeFileSync("stock.csv", "product,stock\ntart,3\n");
const stock = await csv("stock.csv", { id: "product" });
// A watch keeps no process alive; here nothing else does.
const alive = setInterval(() => undefined, 1_000);

// #region watch
const stop = new AbortController();
const changes = stock.watch({ signal: stop.signal });
const first = changes.next();
appendFileSync("stock.csv", "cake,8\n");
console.log((await first).value, await stock.count());
stop.abort();
// #endregion
clearInterval(alive);
