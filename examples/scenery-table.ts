import { Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "id",
  columns: { id: "text", name: "text", category: "text", price: "integer" },
  rows: [
    { id: "t1", name: "Apple tart", category: "tarts", price: 300 },
    { id: "t2", name: "Cherry tart", category: "tarts", price: 350 },
    { id: "b1", name: "Bun", category: "buns", price: 120 },
    { id: "b2", name: "Raisin bun", category: "buns", price: 150 },
  ],
});
const lens = await Lens.builder().build();
const dio = await lens.makeDio(products);

// #region table
const table = await dio
  .tableScenery({ orderBy: [["price", "desc"]], where: [["category", "=", "tarts"]] })
  .open();
const total = dio.valueScenery({ where: [["category", "=", "tarts"]] }).sum("price");
const stop = table.subscribe(() => console.log(table.generation, table.row(0)?.row.name, total.value));
await dio.cache.insert("t9", { id: "t9", name: "Lemon", category: "tarts", price: 999 });
console.log(table.rowCount, table.indexOf("t9")); // the new row is first, at once
stop();
// #endregion

// #region viewport
table.setViewport(0, 2); // from here on, only what happens to these two rows is told
const unsubscribe = table.subscribe(({ ranges, ids }) => {
  console.log("rows", ids, "have changed");
  for (const { start, end } of ranges) {
    console.log(
      "paint again:",
      table.rows(start, end).map((shown) => `${shown?.row.name} (${shown?.status})`),
    );
  }
});
await dio.vista().patch("t1", { price: 310 }); // third: nobody is told
await dio.vista().patch("t2", { price: 1_200 }); // now first
unsubscribe();
// #endregion
await dio.flush();

// #region setters
await table.setWhere([]);
await table.setOrder(["name"]);
await table.setSearch("bun");
console.log(table.rows(0, table.rowCount).map((shown) => shown?.row.name));
table.close();
// #endregion

// #region record
const bun = dio.recordScenery("b1");
bun.subscribe(() => console.log(bun.row?.name, bun.status));
await dio.vista().patch("b1", { name: "Sweet bun" }); // pending, then fresh
await dio.flush();
bun.close();
// #endregion
await lens.close();
