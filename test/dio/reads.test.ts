import {
  createActivity,
  createNoCache,
  type Dio,
  type DioramaError,
  type Query,
  seedFromMaster,
  type StandardSchemaV1,
} from "vantage-diorama";
import { describe, expect, test } from "vitest";
import {
  createStage,
  ids,
  openLens,
  pastries,
  type Product,
  recordEvents,
  settle,
  wholeOnly,
} from "./setup.ts";

describe("a complete cache", () => {
  test("D20 D21 answers what its source can't, without asking it again", async () => {
    const { source, builder, clock } = createStage({
      capabilities: { ...wholeOnly, canInsert: false, canUpdate: false, canDelete: false },
    });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    const vista = dio.vista();
    expect(vista.capabilities).toMatchObject({
      canCount: true,
      canFilter: true,
      canFetchPage: true,
      canFetchNext: true,
      canSubscribe: true,
    });
    expect(vista.capabilities).toMatchObject({ canInsert: false, canUpdate: false, canDelete: false });

    expect(await vista.count()).toBe(4);
    const before = source.calls();
    expect(ids(await vista.where("category", "tarts").orderBy("price", "desc").list())).toEqual(["c", "a"]);
    expect(ids(await vista.where("price", "<", 300).list())).toEqual(["b", "d"]);
    expect(ids(await vista.search("TART").list())).toEqual(["a", "c"]);
    const page = await vista.orderBy("price").fetchPage(2, 2);
    expect([ids(page.rows), page.total]).toEqual([["a", "c"], 4]);
    expect(await vista.get("nope")).toBeUndefined();
    const first = await vista.orderBy("name").fetchNext(undefined, 3);
    expect(ids(first.rows)).toEqual(["a", "b", "c"]);
    const second = await vista.orderBy("name").fetchNext(first.token, 3);
    expect([ids(second.rows), second.token]).toEqual([["d"], undefined]);
    expect(source.calls()).toBe(before);
  });

  test("D18 that is empty is complete", async () => {
    const { source, builder, clock } = createStage({ rows: [], columns: { name: "text" } });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    expect((await dio.vista().list()).size).toBe(0);
    expect(dio.cache.complete).toBe(true);
    expect((await dio.vista().list()).size).toBe(0);
    expect(source.calls("read")).toBe(1);
  });

  test("D18 D22 a failed seed does not count, and the next read tries again", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    source.failNext("read", new Error("cable cut"));
    await expect(dio.vista().list()).rejects.toThrow("cable cut");
    expect(dio.cache.complete).toBe(false);
    expect((await dio.vista().list()).size).toBe(4);
    expect(dio.cache.complete).toBe(true);
  });
});

describe("an incomplete cache", () => {
  test("D22 reads the master once, however many wait", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => dio.vista().where("price", ">", n).count()),
    );
    expect(new Set(answers)).toEqual(new Set([4]));
    expect(source.calls("read")).toBe(1);
  });

  test("D22 pushes down what the master can match, and does the rest here", async () => {
    const { source, builder, clock } = createStage({ capabilities: { ...wholeOnly, canMatch: true } });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    const page = await dio.vista().where("category", "tarts").orderBy("price", "desc").fetchPage(1, 1);
    expect([ids(page.rows), page.total]).toEqual([["c"], 2]);
    expect(dio.cache.complete).toBe(false);
    expect(await dio.cache.count()).toBe(2);
  });

  test("D23 pushes order and page down only where everything is and no write is pending", async () => {
    const { source, builder, clock } = createStage();
    const dio = await (
      await openLens({ clock, builder: builder.onWrite(() => new Promise(() => undefined)) })
    ).makeDio(source);
    expect(ids((await dio.vista().orderBy("price").fetchPage(1, 2)).rows)).toEqual(["b", "d"]);
    expect(source.calls("page") + source.calls("window")).toBe(1);
    expect(source.calls("read")).toBe(0);

    await dio.vista().insert("e", { id: "e", name: "Eclair", price: 1, category: "tarts" });
    const tarts = await dio.vista().where("category", "tarts").orderBy("price").fetchPage(1, 2);
    expect([ids(tarts.rows), tarts.total]).toEqual([["e", "a"], 3]);
    expect(source.calls("page") + source.calls("window")).toBe(1);
  });

  test("D1 D3 D23 a row that was pushed down is everybody's object, and what came meanwhile is on top", async () => {
    const { source, builder, clock } = createStage();
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    const tarts = dio.vista().where("category", "tarts").orderBy("price");
    const [first, second] = [await tarts.list(), await tarts.fetchPage(1, 2)];
    expect(second.rows.get("a")).toBe(first.get("a"));
    expect(await dio.cache.get("a")).toBe(first.get("a"));
    source.setFaults({ latencyMs: [10, 10] });
    const reading = [tarts.list(), tarts.fetchPage(1, 2).then((page) => page.rows)];
    await settle();
    await dio.removed("a");
    await dio.patched("c", { id: "c", name: "Cherry tart", price: 1, category: "tarts" });
    await clock.advance(10);
    for (const rows of await Promise.all(reading)) {
      expect([...rows].map(([id, row]) => [id, row.price])).toEqual([["c", 1]]);
    }
  });

  test("D24 asks for a row that is not there, one flight an id, and a failure does not stick", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    source.failNext("get", new Error("down"));
    await expect(dio.vista().get("a")).rejects.toThrow("down");
    const rows = await Promise.all([dio.vista().get("a"), dio.vista().get("a"), dio.vista().get("a")]);
    expect(rows.map((row) => row?.name)).toEqual(["Apple tart", "Apple tart", "Apple tart"]);
    expect(source.calls("get")).toBe(2);
    expect((await dio.vista().get("a"))?.price).toBe(300);
    expect(source.calls("get")).toBe(2);
  });

  test("D24 a row that a queued write decides is answered offline, over a cache and without one", async () => {
    for (const cache of [undefined, createNoCache()]) {
      const { source, builder, clock } = createStage({ capabilities: { ...wholeOnly, canInsert: true } });
      const activity = createActivity();
      const configured = builder.activity(activity);
      if (cache !== undefined) configured.cacheSource(cache);
      const dio = await (await openLens({ builder: configured, clock })).makeDio(source);
      activity.set("offline");
      const nut = { id: "n", name: "Nut", price: 1, category: "buns" };
      await dio.vista().insert("n", nut);
      expect(await dio.vista().get("n")).toEqual(nut);
      expect(source.calls("get")).toBe(0);
    }
  });

  test("D22 onQuery fills each conditions and search once, until forgotten", async () => {
    const { source, builder, clock } = createStage({ capabilities: { ...wholeOnly, canMatch: true } });
    const asked: Query[] = [];
    const lens = await openLens({
      clock,
      builder: builder.onQuery(async (dio, query) => {
        asked.push(query);
        await dio.cache.insertAll(
          await dio.master.narrowedBy({ ...query, order: [], search: undefined }).list(),
        );
      }),
    });
    const dio = await lens.makeDio(source);
    const tarts = dio.vista().where("category", "tarts");
    await Promise.all([tarts.list(), tarts.orderBy("price").list(), tarts.count()]);
    expect(ids(await tarts.orderBy("price", "desc").list())).toEqual(["c", "a"]);
    expect(asked).toHaveLength(1);
    await dio.vista().where("category", "buns").list();
    expect(asked).toHaveLength(2);
    expect(dio.cache.complete).toBe(false);
    await dio.invalidateAll();
    await tarts.list();
    expect(asked).toHaveLength(3);
    await dio.cache.clear();
    expect((await tarts.list()).size).toBe(2);
    expect(asked).toHaveLength(4);
  });

  test("D22 a running seed is joined", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const gate = Promise.withResolvers<void>();
    const lens = await openLens({
      clock,
      builder: builder.onStartBlocking(false).onStart(async (dio) => {
        await gate.promise;
        await dio.cache.insertAll(await dio.master.list());
      }),
    });
    const dio = await lens.makeDio(source);
    const count = dio.vista().count();
    await settle();
    gate.resolve();
    expect(await count).toBe(4);
    expect(source.calls("read")).toBe(1);
  });

  test("D27 a cache that keeps nothing reads through each time, with queued writes on top", async () => {
    const { source, builder, backend, clock } = createStage({ capabilities: wholeOnly });
    const lens = await openLens({
      clock,
      builder: builder.cacheSource(createNoCache()).onWrite(() => new Promise(() => undefined)),
    });
    const dio = await lens.makeDio(source);
    expect(await dio.vista().count()).toBe(4);
    backend.source.remove("a");
    await dio.vista().replace("e", { id: "e", name: "Eclair", price: 1, category: "tarts" });
    expect(ids(await dio.vista().list())).toEqual(["b", "c", "d", "e"]);
    expect(source.calls("read")).toBe(2);
    expect((await dio.vista().get("e"))?.name).toBe("Eclair");
    expect(await dio.vista().get("a")).toBeUndefined();
  });

  test("D27 D20 a change from upstream is told where nothing is kept, and read through", async () => {
    const { source, builder, clock, backend } = createStage();
    const dio = await (
      await openLens({ clock, builder: builder.cacheSource(createNoCache()) })
    ).makeDio(source);
    const events = recordEvents(dio);
    const changes = dio.vista().watch();
    const first = changes.next();
    dio.watch();
    await settle();
    backend.source.remove("a");
    expect((await first).value).toEqual({ type: "updated", id: "a" });
    expect(await dio.vista().get("a")).toBeUndefined();
    expect(events.filter(({ type }) => type.startsWith("record"))).toMatchObject([
      { type: "recordChanged", id: "a" },
    ]);
    await changes.return?.();
  });

  test("D27 a confirmed write is the master's from then on", async () => {
    const { source, builder, clock, backend } = createStage({ capabilities: wholeOnly });
    const dio = await (
      await openLens({ clock, builder: builder.cacheSource(createNoCache()) })
    ).makeDio(source);
    const events = recordEvents(dio);
    await dio.vista().patch("a", { price: 1 });
    await dio.flush();
    backend.source.set("a", { id: "a", name: "Renamed", price: 2, category: "tarts" });
    expect((await dio.vista().get("a"))?.name).toBe("Renamed");
    await settle();
    expect(events.map((event) => event.type)).toEqual(["writeQueued", "writeConfirmed"]);
    expect(await dio.cache.count()).toBe(0);
  });
});

describe("freshness", () => {
  test("D25 young rows are served, older ones too and refreshed behind, too old ones wait", async () => {
    const { source, builder, backend, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (
      await openLens({ clock, builder: builder.freshFor("1m").staleFor("1h") })
    ).makeDio(source);
    await dio.vista().list();
    await clock.advance(59_000);
    await dio.vista().list();
    expect(source.calls("read")).toBe(1);

    backend.source.set("a", { id: "a", name: "Apple tart", price: 999, category: "tarts" });
    await clock.advance(2_000);
    expect((await dio.vista().list()).get("a")?.price).toBe(300);
    await settle();
    expect(source.calls("read")).toBe(2);
    expect((await dio.vista().list()).get("a")?.price).toBe(999);

    backend.source.remove("b");
    await clock.advance(2 * 3_600_000);
    expect((await dio.vista().list()).has("b")).toBe(false);

    await clock.advance(2 * 3_600_000);
    source.failNext("read", new Error("down"));
    expect((await dio.vista().list()).size).toBe(3);
  });

  test("D25 one row of an incomplete cache ages by its own fill", async () => {
    const { source, builder, backend, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (
      await openLens({ clock, builder: builder.freshFor("1m").staleFor("1h") })
    ).makeDio(source);
    await dio.vista().get("a");
    backend.source.set("a", { id: "a", name: "Apple tart", price: 999, category: "tarts" });
    await clock.advance(61_000);
    expect((await dio.vista().get("a"))?.price).toBe(300);
    await settle();
    expect((await dio.vista().get("a"))?.price).toBe(999);
    backend.source.set("a", { id: "a", name: "Apple tart", price: 1000, category: "tarts" });
    await clock.advance(2 * 3_600_000);
    expect((await dio.vista().get("a"))?.price).toBe(1000);
  });
});

describe("stale rows", () => {
  test("D15 D24 a row that is invalidated while it is read is answered, and read again", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    source.setFaults({ latencyMs: [10, 10] });
    const row = dio.vista().get("a");
    await settle();
    await dio.invalidateRecord("a");
    await clock.advance(10);
    expect((await row)?.name).toBe("Apple tart");
    expect(source.calls("get")).toBe(1);
    expect((await dio.vista().get("a"))?.name).toBe("Apple tart");
    await clock.advance(10);
    expect(source.calls("get")).toBe(2);
    await dio.vista().get("a");
    expect(source.calls("get")).toBe(2);
  });

  test("D30 a row that is invalidated is read again behind a reader of the set, on complete and filled caches", async () => {
    for (const onQuery of [undefined, async (dio: Dio) => dio.cache.insertAll(await dio.master.list())]) {
      const { source, builder, backend, clock } = createStage({ capabilities: wholeOnly });
      const lens = await openLens({
        clock,
        builder: onQuery === undefined ? builder : builder.onQuery(onQuery),
      });
      const dio = await lens.makeDio(source);
      await dio.vista().list();
      backend.source.set("a", { id: "a", name: "Apple pie", price: 1, category: "tarts" });
      backend.source.set("n", { id: "n", name: "Nut", price: 1, category: "buns" });
      await dio.invalidateRecord("a");
      await dio.invalidateRecord("n");
      const page = await dio.vista().orderBy("name").fetchPage(1, 10);
      expect(page.rows.get("a")?.name).toBe("Apple tart");
      await settle();
      expect([...(await dio.vista().list()).values()].map((row) => row.name)).toContain("Apple pie");
      expect([await dio.vista().count(), source.calls("get"), source.calls("read")]).toEqual([5, 2, 1]);
    }
  });

  test("D25 readers leave a source in peace for a while after a failure", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    await dio.vista().list();
    await dio.invalidateAll();
    source.setFaults({ errorRate: 1 });
    const reads = async (): Promise<number> => {
      const before = source.calls("read");
      for (let times = 0; times < 20; times++) {
        await dio.vista().get("a");
        await dio.vista().count();
        await settle(3);
      }
      return source.calls("read") - before;
    };
    expect(await reads()).toBe(1);
    await clock.advance(249);
    expect(await reads()).toBe(0);
    await clock.advance(1);
    expect(await reads()).toBe(1);
    await clock.advance(499);
    expect(await reads()).toBe(0);
    source.heal();
    await clock.advance(1);
    expect(await reads()).toBe(1);
    expect(dio.diagnostics().freshness.stale).toBe(false);
  });

  test("D15 W18 a row in doubt is asked for anew, not answered by what was asked before", async () => {
    const { source, builder, backend, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    await dio.invalidateRecord("a");
    // Its rows are read, and with them the stale one again, while the write is on its way.
    await dio.vista().where("category", "tarts").deleteAll();
    await dio.flush();
    await settle();
    expect(ids(backend.source.rows)).toEqual(["b", "d"]);
    expect(ids(await dio.cache.list())).toEqual(["b", "d"]);
  });

  test("D30 after invalidateAll each row of an incomplete cache is read again once", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    for (const id of ["a", "b"]) await dio.vista().get(id);
    await dio.invalidateAll();
    for (let times = 0; times < 3; times++) {
      await dio.vista().get("a");
      await settle();
    }
    expect(source.calls("get")).toBe(3);
  });
});

describe("refusals", () => {
  test("D26 what the visible rows decide is refused at once", async () => {
    const { source, builder, clock } = createStage();
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    await dio.vista().list();
    const code = (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => "none",
        (error: DioramaError) => error.code,
      );
    const first = pastries[0] ?? { id: "a", name: "", price: 0, category: "" };
    expect(await code(dio.vista().insert("a", first))).toBe("conflict");
    expect(await code(dio.vista().patch("zz", { price: 1 }))).toBe("notFound");
    expect(await code(dio.vista().delete("zz"))).toBe("notFound");
    expect(() => dio.vista().where([["categry", "=", "x"]])).toThrow(/did you mean "category"/);
    expect(dio.writes.pending()).toHaveLength(0);
  });

  test("D26 what the master's validator refuses is not queued", async () => {
    const schema: StandardSchemaV1<unknown, Product> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate(value) {
          const cheap =
            typeof value === "object" && value !== null && "price" in value && Number(value.price) < 1_000;
          // The rows of this test are products; only the price is in question.
          return cheap
            ? { value: value as Product }
            : { issues: [{ message: "too expensive", path: ["price"] }] };
        },
      },
    };
    const { source, builder, clock } = createStage({ schema });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    await dio.vista().list();
    const row: Product = { id: "x", name: "X", price: 5_000, category: "buns" };
    for (const write of [
      dio.vista().insert("x", row),
      dio.vista().replace("x", row),
      dio.vista().patch("a", { price: 5_000 }),
    ]) {
      await expect(write).rejects.toMatchObject({
        code: "invalid",
        message: expect.stringContaining("too expensive"),
      });
    }
    expect(dio.writes.pending()).toHaveLength(0);
    await dio.vista().patch("a", { price: 5 });
    expect((await dio.vista().get("a"))?.price).toBe(5);
  });

  test("D26 a narrowed deleteAll deletes what its reader sees and no more", async () => {
    const { source, builder, backend, clock } = createStage();
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    await dio.vista().where("category", "tarts").deleteAll();
    expect(ids(await dio.vista().list())).toEqual(["b", "d"]);
    await dio.flush();
    expect([...backend.source.rows.keys()]).toEqual(["b", "d"]);
  });
});
