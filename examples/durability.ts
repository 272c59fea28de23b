import { createActivity, DioramaError, Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "sku",
  columns: { sku: "text", name: "text", price: "integer" },
  rows: [
    { sku: "c1", name: "Coffee", price: 7 },
    { sku: "t1", name: "Green tea", price: 4 },
  ],
});

// #region kept
const activity = createActivity("offline");
const builder = Lens.builder().cacheAt("./cache").activity(activity);
const first = await builder.build();
const written = await first.makeDio(products);
await written.vista().insert("s1", { sku: "s1", name: "Scones", price: 120 });
console.log("survives:", written.diagnostics().writes.durability);
await first.close(); // nothing was sent

const second = await builder.build(); // the next start
const dio = await second.makeDio(products, {
  onWrite: async (_dio, op) => {
    if (op.kind !== "delete" && op.kind !== "deleteAll")
      checkPrice(op.kind === "patch" ? op.partial : op.row);
    console.log("sent:", op.kind, op.id);
  },
});
for (const { op, state } of dio.writes.pending()) console.log("there again:", op.kind, op.id, state);
activity.set("active");
await dio.flush();
// #endregion

// #region letters
for (const { op, error } of dio.writes.failed()) {
  console.log("refused:", op.kind, op.id, error.code);
  if (op.kind === "insert") {
    await dio.writes.edit(op.opId, { row: { ...op.row, price: 12 } }); // or retry, or discard
  }
}
await dio.flush();
console.log("left:", dio.writes.failed().length, "price:", (await dio.vista().get("s1"))?.price);
// #endregion
await second.close();

function checkPrice({ price }: { readonly price?: unknown }): void {
  if (Number(price) > 100) throw new DioramaError("rejected", `a price of ${String(price)} is too high`);
}
