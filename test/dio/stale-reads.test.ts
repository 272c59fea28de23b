import { Lens, memory } from "vantage-diorama";
import { createManualClock } from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { openLens } from "./setup.ts";

// Reads that were asked before something happened, and are answered after it.

test("D15 W18 a row that was deleted does not come back with a read asked before, a refresh in between or not", async () => {
  for (const isRefreshed of [false, true]) {
    const { source } = memory("rows", { id: "id", rows: [{ id: "a" }, { id: "b" }] });
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const clock = createManualClock();
    const deleted = Promise.withResolvers<void>();
    const lens = await openLens({
      clock,
      builder: Lens.builder()
        .clock(clock)
        .onQuery(async (dio) => {
          const rows = await dio.master.list();
          asked.resolve();
          await answered.promise;
          await dio.cache.insertAll(rows);
        })
        .onWrite(async (dio, op) => {
          await deleted.promise;
          if (op.kind === "delete") await dio.master.delete(op.id);
        }),
    });
    const dio = await lens.makeDio(source);
    const listed = dio.vista().list();
    await asked.promise;
    const { staged, confirmed } = dio.submit({ kind: "delete", id: "a" });
    await staged;
    if (isRefreshed) await dio.refresh();
    deleted.resolve();
    await confirmed;
    answered.resolve();
    expect([isRefreshed, ...(await listed).keys()]).toEqual([isRefreshed, "b"]);
    expect(await dio.cache.get("a")).toBeUndefined();
  }
});
