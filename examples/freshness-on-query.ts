import { Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", kind: "text", price: "integer" },
  rows: [
    { sku: "c1", kind: "coffee", price: 7 },
    { sku: "t1", kind: "tea", price: 4 },
    { sku: "t2", kind: "tea", price: 6 },
  ],
});

// #region on-query
const lens = await Lens.builder()
  .onQuery(async (dio, query) => {
    const rows = await dio.master.narrowedBy({ ...query, order: [] }).list();
    console.log("asked the source for", rows.size, "rows");
    await dio.cache.insertAll(rows);
  })
  .build();
const dio = await lens.makeDio(products);
const tea = dio.vista().where("kind", "tea");

console.log([...(await tea.orderBy("price").list()).keys()].join(" "));
console.log([...(await tea.orderBy("price", "desc").fetchPage(1, 1)).rows.keys()].join(" "));
await dio.invalidateAll(); // what was asked for is forgotten
console.log("teas:", await tea.count());
// #endregion
await lens.close();
