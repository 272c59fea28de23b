import { seedFromMaster } from "vantage-diorama";
import { expect, test } from "vitest";
import { createStage, openLens, type Product, settle } from "./setup.ts";

test("D42 a row that an answer leaves out is not one that is gone: whoever reads it at the same time has the better answer", async () => {
  const stage = createStage();
  const gate = Promise.withResolvers<void>();
  const lens = await openLens({
    clock: stage.clock,
    builder: stage.builder.onRefresh(async (dio, call) => {
      // Read when the row was a bun already, and published after the other answer.
      const rows = await dio.master.list();
      await gate.promise;
      await dio.cache.insertAll(rows);
      return seedFromMaster(dio, call);
    }),
  });
  const dio = await lens.makeDio<Product>(stage.source);
  const tarts = await dio.tableScenery({ where: ["category", "=", "tarts"] }).open();
  expect(tarts.indexOf("a")).toBe(0);
  stage.backend.source.set("a", { id: "a", name: "Apple bun", price: 300, category: "buns" });
  const refreshing = dio.refresh();
  await settle();
  const dear = await dio
    .tableScenery({
      where: [
        ["category", "=", "tarts"],
        ["price", ">", 200],
      ],
    })
    .open();
  expect([dear.rowCount, tarts.indexOf("a")]).toEqual([1, -1]);
  gate.resolve();
  await refreshing;
  await settle();
  expect(dio.cache.complete).toBe(true);
  expect([await dio.cache.count(), (await dio.cache.get("a"))?.category]).toEqual([4, "buns"]);
});
