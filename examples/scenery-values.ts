import { Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "id",
  columns: { id: "text", category: "text", price: "number" },
  rows: [
    { id: "t1", category: "tarts", price: 0.1 },
    { id: "t2", category: "tarts", price: 0.2 },
    { id: "b1", category: "buns", price: 0.3 },
  ],
});
const lens = await Lens.builder().build();
const dio = await lens.makeDio(products);

// #region values
const all = dio.valueScenery();
const count = await all.count().open();
const sum = await all.sum("price").open();
const dearest = await all.max("price").open();
const byCategory = await dio.valueScenery({ groupBy: "category" }).sum("price").open();

const stop = sum.subscribe(() => console.log(count.value, sum.value, dearest.value, byCategory.value));
await dio.cache.insert("b2", { id: "b2", category: "buns", price: 0.4 });
await dio.cache.delete("b2"); // the dearest leaves
stop();
// #endregion
await lens.close();
