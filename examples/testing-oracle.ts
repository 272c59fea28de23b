import assert from "node:assert/strict";
import { test } from "node:test";
import { Lens, memory, reconcileWithMaster, seedFromMaster } from "vantage-diorama";
import { createOracle, createRandom } from "vantage-diorama/testing";

interface Product {
  readonly sku: string;
  readonly price: number;
}

const rows: readonly Product[] = [
  { sku: "c1", price: 7 },
  { sku: "t1", price: 4 },
];

// #region oracle
test("my Lens shows what maps and lists would", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 100_000);
  const random = createRandom(seed);
  const { source } = memory<Product>("products", { id: "sku", rows });
  const lens = await Lens.builder().onStart(seedFromMaster).onRefresh(reconcileWithMaster).build();
  const dio = await lens.makeDio(source);
  const oracle = createOracle<Product>({ idColumn: "sku", rows });

  for (let step = 0; step < 50; step++) {
    const sku = random.pick(["c1", "t1", "b1"]);
    const row = { sku, price: random.integer(1, 9) };
    // Whatever is done to the one is done to the other.
    await random.pick([
      async () => {
        source.set(sku, row);
        oracle.source.set(row);
      },
      async () => {
        await dio.vista().replace(sku, row);
        oracle.replace(sku, row);
      },
      async () => {
        const cheap = dio.vista().where("price", "<", 3);
        await cheap.deleteAll();
        oracle.deleteAll(cheap.query);
      },
      async () => {
        await dio.refresh();
        oracle.refresh();
      },
    ])();
    await oracle
      .expectSame(dio)
      .catch((error: Error) => assert.fail(`SEED=${seed} step ${step}: ${error.message}`));
  }
  await lens.close();
});
// #endregion
