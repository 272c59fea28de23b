import { Lens, memory, seedFromMaster } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  rows: [
    { sku: "c1", name: "Coffee", price: 7 },
    { sku: "t1", name: "Green tea", price: 4 },
  ],
});

const lens = await Lens.builder().onStart(seedFromMaster).build();
const dio = await lens.makeDio(products);

// #region events
dio.on("recordChanged", ({ id }) => console.log("changed:", id));

const events = dio.subscribeEvents();
await dio.vista().patch("c1", { price: 8 });
for await (const event of events) {
  console.log(event.seq, event.type);
  if (event.type === "writeConfirmed") break;
}
// #endregion

// #region watch
const watching = dio.watch();
const arrivals = dio.subscribeEvents();
products.source.set("s1", { sku: "s1", name: "Scones", price: 12 }); // somebody else adds a row
for await (const event of arrivals) {
  if (event.type === "recordInserted") break;
}
console.log("there:", (await dio.vista().get("s1"))?.name);
await watching.stop();
// #endregion
await lens.close();
