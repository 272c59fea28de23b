import { type Dio, type DioramaError, reconcileWithMaster, type Row, seedFromMaster } from "vantage-diorama";
import { describe, expect, test } from "vitest";
import { createStage, ids, openLens, recordEvents, settle, wholeOnly } from "./setup.ts";

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: DioramaError) => error.code,
  );

describe("a callback is a transaction", () => {
  test("D13 D14 others see the last published state until it resolves, and only the difference then", async () => {
    const { source, builder, backend, clock } = createStage();
    const gate = Promise.withResolvers<void>();
    let inside: [number, number] | undefined;
    const lens = await openLens({
      clock,
      builder: builder.onStart(seedFromMaster).onRefresh(async (dio) => {
        await dio.cache.clear();
        await dio.cache.insertAll(await dio.master.list());
        inside = [await dio.cache.count(), await dio.vista().where("category", "tarts").count()];
        await gate.promise;
      }),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    backend.source.set("a", { id: "a", name: "Apple pie", price: 300, category: "tarts" });
    backend.source.remove("b");
    const refreshed = dio.refresh();
    await settle();
    expect(inside).toEqual([3, 2]);
    expect(await dio.cache.count()).toBe(4);
    expect((await dio.cache.get("a"))?.name).toBe("Apple tart");
    gate.resolve();
    await refreshed;
    await settle();
    expect((await dio.cache.get("a"))?.name).toBe("Apple pie");
    expect(events.map((event) => event.type).toSorted()).toEqual([
      "invalidated",
      "recordChanged",
      "recordRemoved",
      "refreshing",
    ]);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => (events[0]?.seq ?? 0) + index));
  });

  test("D13 publish() shows what is written so far; a failure drops the rest", async () => {
    const { source, builder, clock } = createStage();
    const lens = await openLens({
      clock,
      builder: builder.onStart(async (dio) => {
        await dio.cache.insert("x", { id: "x", name: "X" });
        await dio.publish();
        await dio.cache.insert("y", { id: "y", name: "Y" });
        throw new Error("half way");
      }),
    });
    await expect(lens.makeDio(source)).rejects.toThrow("half way");
    const dio = await lens.makeDio(source, { onStartBlocking: false });
    await settle();
    expect(ids(await dio.cache.list())).toEqual(["x"]);
    expect(dio.cache.complete).toBe(false);
  });

  test("D15 a row that changed since the run began keeps the newer value", async () => {
    const { source, builder, clock } = createStage();
    const gate = Promise.withResolvers<void>();
    const lens = await openLens({
      clock,
      builder: builder.onStart(seedFromMaster).onRefresh(async (dio, call) => {
        await gate.promise;
        return reconcileWithMaster(dio, call);
      }),
    });
    const dio = await lens.makeDio(source);
    const refreshed = dio.refresh();
    await settle();
    await dio.patched("a", { id: "a", name: "Newer", price: 1, category: "tarts" });
    await dio.removed("b");
    gate.resolve();
    await refreshed;
    expect((await dio.cache.get("a"))?.name).toBe("Newer");
    expect(await dio.cache.get("b")).toBeUndefined();
  });

  test("D16 what would wait for itself is refused", async () => {
    const { source, builder, clock } = createStage();
    const codes: string[] = [];
    const lens = await openLens({
      clock,
      builder: builder
        .onStart(async (dio) => {
          codes.push(await codeOf(dio.refresh()), await codeOf(dio.reload(dio.master)));
          return seedFromMaster(dio);
        })
        .onRefresh(async (dio) => void codes.push(await codeOf(dio.refresh())))
        .onWrite(async (dio) => void codes.push(await codeOf(dio.flush()))),
    });
    const dio = await lens.makeDio(source);
    await dio.refresh();
    await dio.vista().delete("a");
    await dio.flush();
    expect(codes).toEqual(["invalid", "invalid", "invalid", "invalid"]);
  });

  test("D16 a refresh waits for the start", async () => {
    const { source, builder, clock } = createStage();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const lens = await openLens({
      clock,
      builder: builder
        .onStartBlocking(false)
        .onStart(async () => {
          order.push("start");
          await gate.promise;
          order.push("started");
        })
        .onRefresh(() => void order.push("refresh")),
    });
    const dio = await lens.makeDio(source);
    const refreshed = dio.refresh();
    await settle();
    gate.resolve();
    await refreshed;
    expect(order).toEqual(["start", "started", "refresh"]);
  });

  test.for<[string, (dio: Dio<Row>) => Promise<{ complete?: boolean } | void>, boolean]>([
    ["insertAll", async (dio) => dio.cache.insertAll(await dio.master.list()), true],
    ["replaceAll", async (dio) => dio.cache.replaceAll(await dio.master.list()), true],
    [
      "insertAll, and says that it is not all",
      async (dio) => dio.cache.insertAll([["a", { id: "a" }]]).then(() => ({ complete: false })),
      false,
    ],
    ["single inserts", async (dio) => dio.cache.insert("a", { id: "a" }), false],
    [
      "single inserts, and says that it is all",
      async (dio) => dio.cache.insert("a", { id: "a" }).then(() => ({ complete: true })),
      true,
    ],
    ["nothing", async () => undefined, false],
  ])("D17 a start that writes with %s", async ([, onStart, complete]) => {
    const { source, builder, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(onStart) })).makeDio(source);
    expect(dio.cache.complete).toBe(complete);
  });

  test("D17 with onQuery set, a start is complete only where it says so", async () => {
    const { source, builder, clock } = createStage();
    const lens = await openLens({
      clock,
      builder: builder
        .onQuery(() => undefined)
        .onStart(async (dio) => dio.cache.insertAll(await dio.master.list())),
    });
    expect((await lens.makeDio(source)).cache.complete).toBe(false);
  });

  test("D18 clear() outside a callback undoes completeness", async () => {
    const { source, builder, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    expect(dio.cache.complete).toBe(true);
    await dio.cache.clear();
    expect([dio.cache.complete, await dio.cache.count()]).toEqual([false, 0]);
    expect((await dio.vista().list()).size).toBe(4);
  });

  test("D19 the ready-made callbacks publish page by page, and once", async () => {
    const rows = Array.from({ length: 2_500 }, (_, n) => ({
      id: `p${n}`,
      name: `Product ${n}`,
      price: n,
      category: "buns",
    }));
    const { source, builder, backend, clock } = createStage({ rows });
    const seen: number[] = [];
    const lens = await openLens({
      clock,
      builder: builder
        .onStartBlocking(false)
        .onStart((dio, call) =>
          seedFromMaster(dio, { ...call, onProgress: ({ rows: count }) => seen.push(count) }),
        ),
    });
    const dio = await lens.makeDio(source);
    const counts = new Set<number>();
    dio.on("invalidated", async () => counts.add(await dio.cache.count()));
    dio.on("recordInserted", async () => counts.add(await dio.cache.count()));
    await settle(200);
    expect(seen).toEqual([1_000, 2_000, 2_500]);
    expect(counts.size).toBeGreaterThan(1);
    expect(dio.cache.complete).toBe(true);

    backend.source.remove("p7");
    backend.source.set("p8", { id: "p8", name: "changed", price: 8, category: "buns" });
    const events = recordEvents(dio);
    await dio.refresh();
    await settle();
    expect(events.map((event) => event.type)).toEqual([
      "refreshing",
      "recordRemoved",
      "recordChanged",
      "invalidated",
    ]);
    const reads = source.calls("read");
    await dio.vista().list();
    expect(source.calls("read")).toBe(reads);
  });
});

describe("refresh", () => {
  test("D32 says what it does, and callers who ask while one runs share the next", async () => {
    const { source, builder, clock } = createStage();
    let runs = 0;
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const dio = await (
      await openLens({ clock, builder: builder.onRefresh(() => gates[runs++]?.promise) })
    ).makeDio(source);
    const events = recordEvents(dio);
    const first = dio.refresh();
    await settle();
    const others = [dio.refresh(), dio.refresh(), dio.refresh()];
    gates[0]?.resolve();
    await first;
    await settle();
    expect(runs).toBe(2);
    gates[1]?.reject(new Error("source down"));
    for (const other of others) await expect(other).rejects.toThrow("source down");
    await settle();
    expect(runs).toBe(2);
    expect(events.map((event) => event.type)).toEqual([
      "refreshing",
      "invalidated",
      "refreshing",
      "refreshFailed",
    ]);
  });

  test("D32 rows with queued writes keep showing them", async () => {
    const { source, builder, backend, clock } = createStage();
    const lens = await openLens({
      clock,
      builder: builder.onStart(seedFromMaster).onWrite(() => new Promise(() => undefined)),
    });
    const dio = await lens.makeDio(source);
    await dio.vista().patch("a", { price: 1 });
    await dio.vista().delete("b");
    backend.source.set("a", { id: "a", name: "Renamed", price: 7, category: "tarts" });
    await dio.refresh();
    expect(await dio.vista().get("a")).toEqual({ id: "a", name: "Renamed", price: 1, category: "tarts" });
    expect(await dio.vista().get("b")).toBeUndefined();
    expect((await dio.cache.confirmed("a"))?.price).toBe(7);
    expect(await dio.vista().count()).toBe(3);
  });

  test("D33 the timer waits a full interval, never overlaps, and heeds the activity", async () => {
    const { createActivity } = await import("vantage-diorama");
    const { source, builder, clock } = createStage();
    const activity = createActivity();
    let runs = 0;
    const dio = await (
      await openLens({
        clock,
        builder: builder
          .activity(activity)
          .refreshEvery("1m")
          .onRefresh(() => void (runs += 1)),
      })
    ).makeDio(source);
    await clock.advance(59_999);
    expect(runs).toBe(0);
    await clock.advance(1);
    expect(runs).toBe(1);
    activity.set("offline");
    await clock.advance(180_000);
    expect(runs).toBe(1);
    expect(await codeOf(dio.vista().list())).toBe("unavailable");
    activity.set("active");
    await clock.advance(60_000);
    expect(runs).toBe(2);
    activity.set("standby");
    // The interval under way gets the length of the new state.
    await clock.advance(239_999);
    expect(runs).toBe(2);
    await clock.advance(1);
    expect(runs).toBe(3);
  });

  test("D34 reload fills from the new master before it is swapped in", async () => {
    const { memory } = await import("vantage-diorama");
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    const next = memory("products", {
      id: "id",
      rows: [{ id: "z", name: "Zwieback", price: 90, category: "buns" }],
    });
    const broken = createStage();
    broken.source.failNext("read", new Error("not there"));
    await expect(dio.reload(broken.source)).rejects.toThrow("not there");
    expect(await dio.vista().count()).toBe(4);
    await dio.reload(next);
    expect(ids(await dio.vista().list())).toEqual(["z"]);
    expect(ids(await dio.master.list())).toEqual(["z"]);
  });
});
