import { DioramaError, Lens, memory } from "vantage-diorama";

const products = memory("products", {
  id: "id",
  columns: { id: "text", name: "text", price: "integer" },
  rows: [{ id: "t1", name: "Apple tart", price: 300 }],
});
const lens = await Lens.builder()
  .onWrite(async (_dio, op) => {
    if (op.kind === "patch" && Number(op.partial.price) > 500) {
      throw new DioramaError("rejected", "no price may be above 500");
    }
  })
  .build();
const dio = await lens.makeDio(products);

// #region status
const table = await dio.tableScenery().open();
table.subscribe(() => {
  const shown = table.row(0);
  console.log(shown?.row.price, shown?.status, shown?.error?.message ?? "no error");
});
await dio.vista().patch("t1", { price: 320 }); // pending, then fresh
await dio.flush();
await dio.vista().patch("t1", { price: 900 }); // pending, then refused: as it was, and failed
await dio.flush();
for (const { op } of dio.writes.failed()) await dio.writes.discard(op.opId); // or retry; fresh again
table.close();
// #endregion
await lens.close();
