import { createActivity, Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", name: "text", price: "integer" },
  rows: [{ sku: "t1", name: "Green tea", price: 4 }],
});

// #region submit
const activity = createActivity("active");
const lens = await Lens.builder().activity(activity).build();
const dio = await lens.makeDio(products);

const dearer = dio.submit({ kind: "patch", id: "t1", partial: { price: 5 } });
await dearer.staged; // it is in the queue
console.log("confirmed:", (await dearer.confirmed)?.price); // and this is what was stored

activity.set("offline"); // nothing is sent until it is active again
const mistake = dio.submit({ kind: "patch", id: "t1", partial: { price: 55 } });
console.log("shown:", (await dio.vista().get("t1"))?.price);
console.log("withdrawn:", await mistake.cancel());
console.log("shown:", (await dio.vista().get("t1"))?.price);
// #endregion
await mistake.confirmed.catch((error: unknown) => console.log(error instanceof Error && error.message));
await lens.close();
