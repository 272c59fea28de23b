import { setTimeout as sleep } from "node:timers/promises";
import { Lens, memory, type Row, type WriteOp } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", name: "text", price: "integer", changed: "integer" },
  rows: [{ sku: "t1", name: "Green tea", price: 4, changed: 0 }],
});

/** Stands for a call of the service that owns the products. */
const service = {
  async send(op: WriteOp): Promise<Row> {
    await sleep(20);
    console.log("the service stores", op.kind, op.id);
    return { sku: "t1", name: "Green tea", price: 5, changed: 1 };
  },
};

// #region route
const lens = await Lens.builder()
  .onWrite(async (_dio, op) => {
    return { row: await service.send(op) };
  })
  .build();
const dio = await lens.makeDio(products);

await dio.vista().patch("t1", { price: 5 });
console.log("a reader sees", (await dio.vista().get("t1"))?.price);
console.log("confirmed is still", (await dio.cache.confirmed("t1"))?.price);

await dio.flush();
console.log("now it is", (await dio.cache.confirmed("t1"))?.price);
// #endregion
await lens.close();
