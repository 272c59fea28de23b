import {
  createActivity,
  type Dio,
  DioramaError,
  type Lens,
  type LensBuilder,
  memory,
  type Row,
  seedFromMaster,
} from "vantage-diorama";
import { describe, expect, test } from "vitest";
import { createStage, ids, openLens, type Product, settle, wholeOnly } from "./setup.ts";

type Options = Parameters<typeof createStage>[0];
type Opened = ReturnType<typeof createStage> & { readonly dio: Dio<Product>; readonly lens: Lens };

async function open(
  configure: (builder: LensBuilder<Lens>) => LensBuilder<Lens>,
  options: Options = { capabilities: wholeOnly },
): Promise<Opened> {
  const stage = createStage(options);
  const lens = await openLens({ clock: stage.clock, builder: configure(stage.builder) });
  return { ...stage, lens, dio: await lens.makeDio<Product>(stage.source) };
}

describe("what is half done is not complete", () => {
  test("D18 a refresh that clears and does not fill", async () => {
    const { dio } = await open((builder) =>
      builder.onStart(seedFromMaster).onRefresh((each) => each.cache.clear()),
    );
    await dio.refresh();
    expect(dio.cache.complete).toBe(false);
    expect((await dio.vista().list()).size).toBe(4);
  });

  test("D18 a refresh that publishes an empty cache and fails", async () => {
    const { dio } = await open((builder) =>
      builder.onStart(seedFromMaster).onRefresh(async (each) => {
        await each.cache.clear();
        await each.cache.insertAll([["x", { id: "x" }]]);
        await each.publish();
        throw new Error("half way");
      }),
    );
    await expect(dio.refresh()).rejects.toThrow("half way");
    expect(dio.cache.complete).toBe(false);
    expect(ids(await dio.vista().list())).toEqual(["a", "b", "c", "d"]);
  });

  test("D18 D21 a reader never finds the cleared rows of a running refresh answered as complete", async () => {
    const gate = Promise.withResolvers<void>();
    const { dio, source } = await open((builder) =>
      builder.onStart(seedFromMaster).onRefresh(async (each) => {
        await each.cache.clear();
        await each.publish();
        await gate.promise;
        await each.cache.insertAll(await each.master.list());
      }),
    );
    const refreshed = dio.refresh();
    await settle();
    expect([dio.cache.complete, await dio.cache.count()]).toEqual([false, 0]);
    const reading = dio.vista().count();
    gate.resolve();
    await refreshed;
    expect([await reading, dio.cache.complete]).toEqual([4, true]);
    expect(source.calls("read")).toBe(2);
  });

  test("D18 a seed whose rows are dropped by hand meanwhile is done again", async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => ({
      id: `p${n}`,
      name: `Product ${n}`,
      price: n,
      category: "buns",
    }));
    const { dio, source } = await open((builder) => builder, { capabilities: wholeOnly, rows });
    let cleared = false;
    dio.on("recordInserted", async () => {
      if (cleared) return;
      cleared = true;
      await dio.cache.clear();
    });
    expect(await dio.vista().count()).toBe(2_500);
    expect([cleared, source.calls("read")]).toEqual([true, 2]);
  });

  test("D18 D22 a seed that fails half way leaves its pages, and the next one removes what the master lost", async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => ({
      id: `p${n}`,
      name: `Product ${n}`,
      price: n,
      category: "buns",
    }));
    const { dio, backend } = await open(
      (builder) =>
        builder.onStartBlocking(false).onStart(async (each) => {
          for await (const batch of each.master.batches()) {
            await each.cache.insertAll(batch);
            await each.publish();
            throw new Error("cable cut");
          }
        }),
      { capabilities: wholeOnly, rows },
    );
    await settle();
    expect([dio.cache.complete, await dio.cache.count()]).toEqual([false, 1_000]);
    backend.source.remove("p7");
    expect(await dio.vista().count()).toBe(2_499);
    expect([dio.cache.complete, await dio.cache.get("p7")]).toEqual([true, undefined]);
  });

  test("D18 D22 a seed removes what the master lost also where a queued write hides it", async () => {
    const { dio, source, clock } = await open((builder) => builder);
    await dio.patched("x", { id: "x", name: "Gone", price: 1, category: "buns" });
    source.failNext("delete", new DioramaError("unavailable", "down"));
    await dio.vista().delete("x");
    expect(await dio.vista().count()).toBe(4);
    expect(ids(await dio.cache.listConfirmed())).toEqual(["a", "b", "c", "d"]);
    await clock.advance(60_000);
    expect(await dio.vista().get("x")).toBeUndefined();
  });

  test.for([
    ["onQuery", (): void => undefined],
    ["onLoadChunk", () => Promise.resolve()],
    ["totalProvider", () => Promise.resolve(4)],
  ] as const)("D17 with %s a fill is the whole only where it says so", async ([name, callback]) => {
    type Says = { complete: boolean } | undefined;
    const fill =
      (says: Says) =>
      async (each: Dio<Product>): Promise<Says> => {
        await each.cache.insertAll(await each.master.list());
        return says;
      };
    const { lens, source } = await open((builder) => builder);
    const dio = await lens.makeDio<Product>(source, {
      table: "parts",
      [name]: callback,
      onStart: fill(undefined),
    });
    expect([dio.cache.complete, await dio.cache.count()]).toEqual([false, 4]);
    const whole = await lens.makeDio<Product>(source, {
      table: "whole",
      [name]: callback,
      onStart: fill({ complete: true }),
    });
    expect(whole.cache.complete).toBe(true);
  });

  test("D17 onQuery may say that it has brought everything", async () => {
    let asked = 0;
    const { dio } = await open((builder) =>
      builder.onQuery(async (each) => {
        asked += 1;
        await each.cache.insertAll(await each.master.list());
        return { complete: true };
      }),
    );
    expect((await dio.vista().where("category", "tarts").list()).size).toBe(2);
    expect(dio.cache.complete).toBe(true);
    expect(await dio.vista().where("category", "buns").count()).toBe(1);
    expect(asked).toBe(1);
  });
});

describe("what is known to be old stays so until it is read again", () => {
  test("D29 an invalidation whose refresh fails is made up for by the next reader", async () => {
    const { dio, backend, source } = await open((builder) => builder.onStart(seedFromMaster));
    backend.source.remove("a");
    source.failNext("read", new DioramaError("unavailable", "down"));
    await expect(dio.handleEvent({ type: "invalidated" })).rejects.toMatchObject({ code: "unavailable" });
    expect(ids(await dio.vista().list())).toEqual(["a", "b", "c", "d"]);
    await settle();
    expect(ids(await dio.vista().list())).toEqual(["b", "c", "d"]);
  });

  test("D25 a clock that was set back makes nothing young", async () => {
    const { dio, backend, clock } = await open((builder) => builder.onStart(seedFromMaster).freshFor("1m"));
    backend.source.remove("a");
    clock.jumpWall(-30_000);
    await dio.vista().list();
    await settle();
    expect(await dio.vista().count()).toBe(4);
    clock.jumpWall(-365 * 86_400_000);
    await dio.vista().list();
    await settle();
    expect(await dio.vista().count()).toBe(3);
  });
});

describe("offline", () => {
  test("D21 D25 D35 a complete cache answers whatever its age; what needs the source is unavailable at once", async () => {
    const activity = createActivity();
    let refreshes = 0;
    const { dio, source, clock } = await open((builder) =>
      builder
        .activity(activity)
        .freshFor("1s")
        .staleFor("1s")
        .onStart(seedFromMaster)
        .onRefresh(() => void (refreshes += 1)),
    );
    activity.set("offline");
    await clock.advance(3_600_000);
    const calls = source.calls();
    expect((await dio.vista().orderBy("price").fetchPage(1, 2)).total).toBe(4);
    expect((await dio.vista().get("a"))?.price).toBe(300);
    expect(await dio.vista().get("zz")).toBeUndefined();
    for (const work of [
      () => dio.refresh(),
      () => dio.handleEvent({ type: "invalidated" }),
      () => dio.handleEvent({ type: "updated", id: "a" }),
      () => dio.master.list(),
      () => dio.reload(source),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: "unavailable" });
    }
    expect([refreshes, source.calls() - calls]).toEqual([0, 0]);
  });

  test("D35 onQuery is not called, and asked as soon as that is over", async () => {
    const activity = createActivity("offline");
    let asked = 0;
    const { dio } = await open((builder) => builder.activity(activity).onQuery(() => void (asked += 1)));
    await expect(dio.vista().list()).rejects.toMatchObject({ code: "unavailable" });
    expect(asked).toBe(0);
    activity.set("standby");
    await dio.vista().list();
    activity.set("offline");
    await dio.vista().list();
    expect(asked).toBe(1);
  });

  test("D11 a version that could not be asked at the start is asked when that is over", async () => {
    const { createMemoryCache } = await import("vantage-diorama");
    const cache = createMemoryCache();
    const { source, backend, builder, clock } = createStage({ capabilities: wholeOnly });
    const first = await builder.cacheSource(cache).onStart(seedFromMaster).build();
    await first.makeDio(source);
    await first.close();
    backend.source.remove("a");
    const activity = createActivity("offline");
    const lens = await openLens({ clock, builder: builder.activity(activity) });
    const dio = await lens.makeDio(source);
    await settle();
    expect(await dio.vista().count()).toBe(4);
    activity.set("active");
    await settle();
    expect(await dio.vista().count()).toBe(3);
  });
});

describe("changes from outside", () => {
  test("D29 what is no change is invalid, announced, and harms nothing", async () => {
    const { dio } = await open((builder) => builder.onStart(seedFromMaster));
    let failures = 0;
    dio.on("upstreamFailed", () => void (failures += 1));
    const row = { id: "b", name: "Bun", price: 1, category: "buns" };
    const wrong: readonly object[] = [
      { type: "renamed", id: "a" },
      { type: "deleted" },
      { type: "deleted", id: "" },
      { type: "deleted", id: "\ud800" },
      { type: "updated", id: 5, row: { ...row, id: "5" } },
      { type: "updated", id: "b", row: 5 },
      { type: "updated", id: "b", row: { ...row, name: () => 1 } },
      { type: "updated", id: "other", row },
    ];
    for (const change of wrong)
      // Streams have no compiler.
      await expect(dio.handleEvent(change as never)).rejects.toMatchObject({ code: "invalid" });
    expect(failures).toBe(wrong.length);
    expect((await dio.cache.list()).size).toBe(4);
    await dio.handleEvent({ type: "updated", id: "b", row });
    expect((await dio.cache.get("b"))?.price).toBe(1);
  });

  test("D29 D32 invalidations that come together share their refreshes", async () => {
    const { dio, source, backend } = await open((builder) => builder.onStart(seedFromMaster));
    const reads = source.calls("read");
    const all = Array.from({ length: 50 }, () => dio.handleEvent({ type: "invalidated" }));
    backend.source.remove("a");
    await Promise.all(all);
    expect(source.calls("read") - reads).toBe(2);
    expect(ids(await dio.cache.list())).toEqual(["b", "c", "d"]);
  });

  test("D25 a row that can't be read again is tried ever more rarely, and holds up nothing else", async () => {
    const { dio, source, backend, clock } = await open((builder) => builder.onStart(seedFromMaster));
    const asked = (): number => source.calls("get");
    await dio.invalidateRecord("a");
    source.failNext("get", new DioramaError("rejected", "broken row"));
    for (let times = 0; times < 20; times++) {
      await dio.vista().list();
      await settle(3);
    }
    expect(asked()).toBe(1);
    backend.source.remove("b");
    await dio.invalidateRecord("b");
    await dio.vista().list();
    await settle();
    expect([asked(), ids(await dio.cache.list())]).toEqual([2, ["a", "c", "d"]]);
    await clock.advance(250);
    await dio.vista().list();
    await settle();
    expect(asked()).toBe(3);
  });

  test("D29 D30 a row outside of the master's narrowing is none of this Dio's", async () => {
    const { lens, backend } = await open((builder) => builder.onStart(seedFromMaster), {});
    const dio = await lens.makeDio(backend.where("category", "tarts"), { table: "tarts" });
    const product = (id: string, category: string): Product => ({ id, name: "N", price: 1, category });
    await dio.handleEvent({ type: "inserted", id: "n", row: product("n", "buns") });
    await dio.patched("m", product("m", "buns"));
    await dio.handleEvent({ type: "updated", id: "a", row: product("a", "buns") });
    await dio.handleEvent({ type: "inserted", id: "t", row: product("t", "tarts") });
    expect(ids(await dio.vista().list())).toEqual(["c", "t"]);
  });

  test("D30 W16 a write that takes its row out of the master's narrowing takes it out of the copy", async () => {
    const { lens, backend } = await open((builder) => builder.onStart(seedFromMaster), {});
    const dio = await lens.makeDio(backend.where("category", "tarts"), { table: "tarts" });
    await dio.vista().patch("a", { category: "buns" });
    await dio.flush();
    expect(ids(await dio.vista().list())).toEqual(["c"]);
    await dio.vista().deleteAll();
    await dio.flush();
    expect([...backend.source.rows.keys()]).toEqual(["a", "b", "d"]);
  });

  test("D16 inside onRefresh a change is applied, not handled: that would wait for itself", async () => {
    const codes: string[] = [];
    const { dio } = await open((builder) =>
      builder.onStart(seedFromMaster).onRefresh(async (each) => {
        for (const work of [
          () => each.handleEvent({ type: "invalidated" }),
          () => each.applyChange({ type: "invalidated" }),
        ]) {
          await work().catch((error: DioramaError) => codes.push(error.code));
        }
        await each.applyChange({ type: "deleted", id: "a" });
      }),
    );
    await dio.refresh();
    expect(codes).toEqual(["invalid", "invalid"]);
    expect(ids(await dio.cache.list())).toEqual(["b", "c", "d"]);
  });

  test("D7 an id is filled in in the type of its column, wherever the row comes from", async () => {
    const { lens } = await open((builder) => builder.onStart(seedFromMaster));
    const numbers = memory<Row>("numbers", {
      id: "id",
      columns: { id: "integer", name: "text" },
      rows: [{ id: 1, name: "one" }],
    });
    const dio = await lens.makeDio(numbers);
    await dio.cache.insert("2", { name: "two" });
    await dio.cache.insertAll([["3", { id: null, name: "three" }]]);
    await dio.patched("4", { name: "four" });
    await dio.handleEvent({ type: "inserted", id: "5", row: { name: "five" } });
    await dio.vista().insert("6", { name: "six" });
    const found = await dio.vista().where("id", ">", 1).orderBy("id").list();
    expect([...found.values()].map((row) => row["id"])).toEqual([2, 3, 4, 5, 6]);
    await expect(dio.cache.insert("seven", { name: "seven" })).rejects.toMatchObject({ code: "invalid" });
  });
});
