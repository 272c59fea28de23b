import assert from "node:assert/strict";
import { test } from "node:test";
import { Lens, memory, seedFromMaster } from "vantage-diorama";
import { createScheduler } from "vantage-diorama/testing";

// #region scheduler
test("whatever overtakes whatever, a price that was told stays", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const scheduler = createScheduler(seed);
    const products = memory("products", { id: "sku", rows: [{ sku: "t1", price: 4 }] });
    const lens = await Lens.builder().onStart(seedFromMaster).build();
    await scheduler.run(async () => {
      const dio = await lens.makeDio(scheduler.wrapSource(products.source));
      const refreshed = dio.refresh(); // on its way, maybe with the old price
      await scheduler.turn("somebody changes the price");
      products.source.set("t1", { sku: "t1", price: 9 });
      await dio.handleEvent({ type: "updated", id: "t1", row: { sku: "t1", price: 9 } });
      await refreshed;
      assert.equal((await dio.vista().get("t1"))?.price, 9);
    });
    await lens.close();
  }
});
// #endregion

// #region report
test("a failure tells the order that broke it", async () => {
  const scheduler = createScheduler(2);
  let last = "";
  const racing = scheduler.run(async () => {
    const show = (text: string): string => (last = text);
    const older = scheduler.schedule(Promise.resolve("older"), "older").then(show);
    const newer = scheduler.schedule(Promise.resolve("newer"), "newer").then(show);
    await Promise.all([older, newer]);
    assert.equal(last, "newer");
  });
  await assert.rejects(racing, /scheduler with seed 2, in this order: newer, older/);
});
// #endregion
