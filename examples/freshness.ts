import { Lens, memory, seedFromMaster } from "vantage-diorama";
import { createManualClock } from "vantage-diorama/testing";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", price: "integer" },
  rows: [{ sku: "t1", price: 4 }],
});
const clock = createManualClock();

// #region age
const lens = await Lens.builder()
  .onStart(seedFromMaster)
  .freshFor("1m")
  .staleFor("10m")
  .clock(clock) // so that this page needs no ten minutes
  .build();
const dio = await lens.makeDio(products);
const price = async (): Promise<unknown> => (await dio.vista().first())?.[1].price;
products.source.set("t1", { sku: "t1", price: 5 });

console.log("fresh:", await price());
await clock.advance(2 * 60_000);
const events = dio.subscribeEvents();
console.log("after two minutes:", await price()); // served as it is, and refreshed behind
for await (const event of events) if (event.type === "invalidated") break;
console.log("refreshed behind:", await price());

products.source.set("t1", { sku: "t1", price: 6 });
await clock.advance(15 * 60_000);
console.log("after a quarter of an hour:", await price()); // waits for the refresh
// #endregion

// #region by-hand
products.source.set("t1", { sku: "t1", price: 7 });
await dio.refresh();
console.log("refreshed:", await price());

products.source.set("t1", { sku: "t1", price: 8 });
await dio.invalidateRecord("t1"); // this row is out of date
const rereads = dio.subscribeEvents();
console.log("stale:", (await dio.vista().get("t1"))?.price); // served, and read again behind
for await (const event of rereads) if (event.type === "recordChanged") break;
console.log("read again:", (await dio.vista().get("t1"))?.price);
// #endregion
await lens.close();
