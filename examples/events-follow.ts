import { type ChangeEvent, Lens, memory, seedFromMaster } from "vantage-diorama";

interface Product {
  readonly sku: string;
  readonly name: string;
  readonly price: number;
}

const products = memory<Product>("products", {
  id: "sku",
  rows: [
    { sku: "c1", name: "Coffee", price: 7 },
    { sku: "t1", name: "Green tea", price: 4 },
  ],
  capabilities: { canSubscribe: false },
});

const lens = await Lens.builder().onStart(seedFromMaster).build();
const dio = await lens.makeDio(products);
const show = async (): Promise<void> => {
  for await (const [id, row] of dio.vista().orderBy("sku")) console.log(" ", id, row.price);
};

// #region follow
async function* topic(from: string | undefined): AsyncGenerator<ChangeEvent<Product>> {
  console.log("reading on after", from ?? "the beginning");
  yield { type: "updated", id: "t1", row: { sku: "t1", name: "Green tea", price: 5 }, position: "17" };
  yield { type: "deleted", id: "c1", position: "18" };
}

await dio.follow(({ position }) => topic(position), "prices").done;
await show();
await dio.follow(({ position }) => topic(position), "prices").done;
// #endregion

// #region handle
products.source.set("s1", { sku: "s1", name: "Scones", price: 12 });
await dio.handleEvent({ type: "inserted", id: "s1" }); // without a row: it is read from the source
await show();
// #endregion

// #region on-event
const other = await lens.makeDio(products, {
  table: "products in cents",
  onStart: seedFromMaster,
  async onEvent(own, change) {
    if (change.type !== "updated" || change.row === undefined) return own.applyChange(change);
    await own.patched(change.id, { ...change.row, price: change.row.price * 100 });
  },
});
await other.handleEvent({ type: "updated", id: "t1", row: { sku: "t1", name: "Green tea", price: 6 } });
console.log("in cents:", (await other.vista().get("t1"))?.price);
// #endregion
await lens.close();
