import { createActivity, isDioramaError, Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", kind: "text" },
  rows: [
    { sku: "c1", kind: "coffee" },
    { sku: "t1", kind: "tea" },
  ],
});

// #region activity
const activity = createActivity("active");
const lens = await Lens.builder().activity(activity).build();
const dio = await lens.makeDio(products);
await dio.vista().get("t1"); // now the cache holds this one

activity.set("offline");
console.log("t1:", (await dio.vista().get("t1"))?.kind);
await dio
  .vista()
  .get("c1")
  .catch((error: unknown) => console.log("c1:", isDioramaError(error) && error.code));
await dio.vista().patch("t1", { kind: "green tea" }); // kept until it can be sent
console.log("queued:", dio.writes.pending().length);

activity.set("active");
await dio.flush();
console.log("c1:", (await dio.vista().get("c1"))?.kind);
console.log("in the source:", products.source.rows.get("t1")?.kind);
// #endregion
await lens.close();
