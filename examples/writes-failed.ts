import { setTimeout as sleep } from "node:timers/promises";
import { DioramaError, Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", name: "text", price: "integer" },
  rows: [
    { sku: "c1", name: "Coffee", price: 7 },
    { sku: "t1", name: "Green tea", price: 4 },
  ],
});
let highest = 100;

// #region failed
const lens = await Lens.builder()
  .onWrite(async (_dio, op) => {
    await sleep(20); // on its way
    if (op.kind === "patch" && Number(op.partial.price) > highest) {
      throw new DioramaError("rejected", `no price may be above ${highest}`);
    }
  })
  .build();
const dio = await lens.makeDio(products);
const prices = dio.vista();
dio.on("writeFailed", ({ op, error }) => console.log("failed:", op.id, error.message));

await prices.patch("t1", { price: 120 });
await prices.patch("c1", { price: 8 });
console.log("shown:", (await prices.get("t1"))?.price, (await prices.get("c1"))?.price);
await dio.flush();
console.log("left:", (await prices.get("t1"))?.price, (await prices.get("c1"))?.price);

for (const { op } of dio.writes.failed()) {
  highest = 200;
  await dio.writes.retry(op.opId); // or dio.writes.discard(op.opId)
}
await dio.flush();
console.log("after the retry:", (await prices.get("t1"))?.price);
// #endregion
await lens.close();
