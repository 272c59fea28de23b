import { type Dio, Lens, memory, seedFromMaster } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", price: "integer" },
  rows: [
    { sku: "c1", price: 7 },
    { sku: "t1", price: 4 },
  ],
});

// #region layers
const lens = await Lens.builder().build();
const dio = await lens.makeDio(products);

await dio.vista().list(); // the first reader: the source is read once, whole
console.log("complete:", dio.cache.complete);

await dio.vista().patch("t1", { price: 5 });
console.log("visible:", (await dio.vista().get("t1"))?.price);
console.log("confirmed:", (await dio.cache.confirmed("t1"))?.price);
await dio.flush();
console.log("confirmed now:", (await dio.cache.confirmed("t1"))?.price);
// #endregion

// #region stale
await dio.invalidateAll();
console.log("stale:", dio.diagnostics().freshness.stale);
const events = dio.subscribeEvents();
console.log("served at once:", await dio.vista().count()); // and read again behind it
for await (const event of events) if (event.type === "invalidated") break;
console.log("stale:", dio.diagnostics().freshness.stale);
// #endregion

// #region run
const shown = async (each: Dio<{ sku: string; price: number }>): Promise<string> =>
  [...(await each.cache.list()).keys()].join(" ") || "nothing";

const other = await lens.makeDio(products, {
  table: "products, cleared first",
  onStart: seedFromMaster,
  async onRefresh(own) {
    await own.cache.clear();
    console.log("the callback sees:", await shown(own));
    console.log("everyone else sees:", await shown(other));
    await own.cache.insertAll(await own.master.list());
  },
});
await other.refresh();
// #endregion
await lens.close();
