import { Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  rows: [
    { sku: "t1", name: "Green tea", price: 4 },
    { sku: "c1", name: "Coffee", price: 7 },
    { sku: "s1", name: "Scones", price: 12 },
  ],
});

const lens = await Lens.builder().refreshEvery("5m").build();
const dio = await lens.makeDio(products);
const cheap = dio.vista().where("price", "<", 10).orderBy("name");

for await (const [id, row] of cheap) console.log(id, row.name);
await dio.vista().patch("s1", { price: 9 });
console.log("at once:", [...(await cheap.list()).keys()].join(" "));
await dio.flush();
console.log("in the source:", (await products.get("s1"))?.price);
await lens.close();
