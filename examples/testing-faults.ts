import assert from "node:assert/strict";
import { test } from "node:test";
import { Lens, memory, seedFromMaster } from "vantage-diorama";
import { createFaultySource, createManualClock } from "vantage-diorama/testing";

const rows = [
  { sku: "c1", name: "Coffee", price: 7 },
  { sku: "t1", name: "Green tea", price: 4 },
];

// #region faults
test("an outage is survived: reads go on, and what was written meanwhile arrives", async () => {
  const clock = createManualClock();
  const source = createFaultySource(memory("products", { id: "sku", rows }).source, {
    seed: 7, // decides every fault: the same calls meet the same
    clock,
    latencyMs: { read: [200, 900], patch: [20, 50] },
    errorRate: { patch: 0.3 },
    outages: [[10_000, 60_000]],
  });
  const lens = await Lens.builder().clock(clock).onStart(seedFromMaster).refreshEvery("5s").build();
  const dio = await clock.until(lens.makeDio(source)); // moves the clock as far as it takes

  await clock.advance(15_000); // down since five seconds
  await dio.vista().patch("t1", { price: 5 });
  assert.equal((await dio.vista().get("t1"))?.price, 5);
  assert.equal(dio.writes.pending().length, 1);

  await clock.until(dio.flush());
  assert.ok(clock.monotonic() >= 60_000);
  assert.equal(dio.diagnostics().writes.depth, 0);
  await clock.until(lens.close());
});
// #endregion

// #region by-hand
test("a write that may have arrived is sent again", async () => {
  const clock = createManualClock();
  const products = memory("products", { id: "sku", rows });
  const source = createFaultySource(products.source, { clock });
  const lens = await Lens.builder().clock(clock).onStart(seedFromMaster).build();
  const dio = await lens.makeDio(source);

  source.setFaults({ lostAnswerRate: 1 }); // it is done, and nobody hears of it
  await dio.vista().patch("c1", { price: 8 });
  await clock.advance(0);
  assert.equal(products.source.rows.get("c1")?.price, 8);
  source.heal();
  await clock.until(dio.flush());
  assert.equal(source.calls("patch"), 2);
  const patches = source.history.filter(({ call }) => call === "patch");
  assert.deepEqual(
    patches.map(({ met }) => met),
    [["answer lost"], []],
  );
  await lens.close();
});
// #endregion
