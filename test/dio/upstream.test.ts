import {
  type CallOptions,
  type ChangeEvent,
  createActivity,
  type DioramaError,
  memory,
  seedFromMaster,
} from "vantage-diorama";
import { createFaultySource } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { createStage, ids, openLens, type Product, recordEvents, settle, wholeOnly } from "./setup.ts";

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: DioramaError) => error.code,
  );
const bun = (price: number): Product => ({ id: "b", name: "Bun", price, category: "buns" });

describe("changes from upstream", () => {
  test("D29 rows are put and removed, and a change without its row is read again", async () => {
    const { source, builder, backend, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    const events = recordEvents(dio);
    await dio.handleEvent({ type: "updated", id: "b", row: bun(121) });
    await dio.handleEvent({
      type: "inserted",
      id: "n",
      row: { id: "n", name: "Nut", price: 5, category: "buns" },
    });
    await dio.handleEvent({ type: "deleted", id: "a" });
    backend.source.set("c", { id: "c", name: "Cherry pie", price: 1, category: "tarts" });
    await dio.handleEvent({ type: "updated", id: "c" });
    backend.source.remove("d");
    await dio.handleEvent({ type: "updated", id: "d" });
    await dio.handleEvent({ type: "deleted", id: "never there" });
    await settle();
    expect(events.map((event) => ("id" in event ? [event.type, event.id] : [event.type]))).toEqual([
      ["recordChanged", "b"],
      ["recordInserted", "n"],
      ["recordRemoved", "a"],
      ["recordChanged", "c"],
      ["recordRemoved", "d"],
    ]);
    expect((await dio.vista().get("c"))?.name).toBe("Cherry pie");
  });

  test("D29 invalidated refreshes", async () => {
    const { source, builder, backend, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    backend.source.remove("a");
    await dio.handleEvent({ type: "invalidated" });
    expect(ids(await dio.vista().list())).toEqual(["b", "c", "d"]);
  });

  test("D29 in order for each id, whatever the callback takes", async () => {
    const { source, builder, clock } = createStage();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const lens = await openLens({
      clock,
      builder: builder.onEvent(async (dio, change) => {
        if (change.type === "updated" && change.row?.["price"] === 1) await gate.promise;
        if (change.type !== "invalidated")
          order.push(`${change.id} ${"row" in change ? JSON.stringify(change.row?.["price"]) : ""}`);
        await dio.applyChange(change);
      }),
    });
    const dio = await lens.makeDio(source);
    const all = [1, 2, 3].map((price) => dio.handleEvent({ type: "updated", id: "b", row: bun(price) }));
    all.push(dio.handleEvent({ type: "updated", id: "x", row: { ...bun(9), id: "x" } }));
    await settle();
    gate.resolve();
    await Promise.all(all);
    expect(order).toEqual(["x 9", "b 1", "b 2", "b 3"]);
    expect((await dio.cache.get("b"))?.price).toBe(3);
  });

  test("D29 a failure is an event and an error of the call, and the next change works", async () => {
    const { source, builder, clock } = createStage();
    let fail = true;
    const lens = await openLens({
      clock,
      builder: builder.onEvent(async (dio, change) => {
        if (fail) throw new Error("broken handler");
        await dio.applyChange(change);
      }),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    await expect(dio.handleEvent({ type: "updated", id: "b", row: bun(1) })).rejects.toThrow(
      "broken handler",
    );
    fail = false;
    await dio.handleEvent({ type: "updated", id: "b", row: bun(2) });
    await settle();
    expect(events.map((event) => event.type)).toEqual(["upstreamFailed", "recordInserted"]);
  });

  test("D30 patched, removed, invalidateRecord and invalidateAll", async () => {
    const { source, builder, backend, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    const events = recordEvents(dio);
    await dio.patched("b", bun(5));
    await dio.patched("b", bun(5));
    await dio.removed("a");
    backend.source.set("c", { id: "c", name: "Cherry pie", price: 1, category: "tarts" });
    await dio.invalidateRecord("c");
    expect((await dio.vista().get("c"))?.name).toBe("Cherry tart");
    await settle();
    expect((await dio.vista().get("c"))?.name).toBe("Cherry pie");
    await dio.invalidateAll();
    await settle();
    expect(events.map((event) => event.type)).toEqual([
      "recordChanged",
      "recordRemoved",
      "recordChanged",
      "recordChanged",
      "invalidated",
    ]);
    const reads = source.calls("read");
    await dio.vista().list();
    await settle();
    expect(source.calls("read")).toBe(reads + 1);
    expect(await codeOf(dio.patched("b", { ...bun(1), id: "other" }))).toBe("invalid");
  });

  test("D31 watch applies the master's changes, and subscribes again after a loss", async () => {
    const { source, builder, backend, clock } = createStage();
    let losses = 1;
    const lossy = {
      ...source,
      watch(call: CallOptions): AsyncIterable<ChangeEvent<Product>> {
        if (losses-- > 0) throw new Error("no feed");
        return backend.source.watch(call);
      },
    };
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(lossy);
    const events = recordEvents(dio);
    const following = dio.watch();
    await settle();
    backend.source.set("b", bun(77));
    await settle();
    expect((await dio.cache.get("b"))?.price).toBe(120);
    await clock.advance(60_000);
    await settle();
    expect((await dio.cache.get("b"))?.price).toBe(77);
    backend.source.set("b", bun(78));
    await settle();
    expect((await dio.cache.get("b"))?.price).toBe(78);
    expect(events.map((event) => event.type)).toEqual([
      "upstreamFailed",
      "refreshing",
      "recordChanged",
      "invalidated",
      "recordChanged",
    ]);
    await following.stop();
    expect(backend.source.watcherCount).toBe(0);
    backend.source.set("b", bun(79));
    await settle();
    expect((await dio.cache.get("b"))?.price).toBe(78);
  });

  test("D31 what changed between the seed and the subscription is not missed", async () => {
    const { source, builder, backend, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    backend.source.set("b", bun(77));
    const reads = source.calls("read");
    await dio.watch().ready;
    expect((await dio.cache.get("b"))?.price).toBe(77);
    await dio.watch().ready;
    expect(source.calls("read")).toBe(reads + 1);
  });

  test("D31 a master that knows no version is read again", async () => {
    const { backend, builder, clock } = createStage();
    const { version: _, ...rest } = createFaultySource(backend.source, { clock });
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(rest);
    backend.source.set("b", bun(77));
    await dio.watch().ready;
    expect((await dio.cache.get("b"))?.price).toBe(77);
  });

  test("D31 a master that can't push is refused at the call", async () => {
    const { source, builder, clock } = createStage({ capabilities: { ...wholeOnly, canSubscribe: false } });
    const dio = await (await openLens({ builder, clock })).makeDio(source);
    expect(() => dio.watch()).toThrow(/can't push/);
  });

  test("D31 follow takes any stream, and resumes where it stood", async () => {
    const { source, builder, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    const asked: (string | undefined)[] = [];
    const feed = ({ position }: { position: string | undefined }): AsyncIterable<ChangeEvent<Product>> => {
      asked.push(position);
      const from = Number(position ?? 0);
      return (async function* () {
        for (let at = from + 1; at <= from + 2; at++)
          yield { type: "updated", id: "b", row: bun(at), position: String(at) } as const;
      })();
    };
    await dio.follow(feed, "topic").done;
    await dio.follow(feed, "topic").done;
    expect(asked).toEqual([undefined, "2"]);
    expect((await dio.cache.get("b"))?.price).toBe(4);
  });

  test("D31 a stored position is that of the last change that was taken in", async () => {
    const { source, builder, clock } = createStage();
    const lens = await openLens({
      clock,
      builder: builder.onStart(seedFromMaster).onEvent(async (dio, change) => {
        if (change.type === "deleted") throw new Error("not now");
        await dio.applyChange(change);
      }),
    });
    const dio = await lens.makeDio(source);
    const asked: (string | undefined)[] = [];
    const feed = ({ position }: { position: string | undefined }): AsyncIterable<ChangeEvent<Product>> => {
      asked.push(position);
      return (async function* () {
        yield { type: "updated", id: "b", row: bun(1), position: "1" } as const;
        yield { type: "deleted", id: "b", position: "2" } as const;
      })();
    };
    await dio.follow(feed, "topic").done;
    await dio.follow(feed, "topic").done;
    expect(asked).toEqual([undefined, "1"]);
  });

  test("D31 where what a lost feed missed can't be fetched, the next reader has it fetched", async () => {
    const { source, builder, backend, clock } = createStage({
      capabilities: { ...wholeOnly, canSubscribe: true },
    });
    let losses = 1;
    const lossy = {
      ...source,
      watch(call: CallOptions): AsyncIterable<ChangeEvent<Product>> {
        if (losses-- > 0) throw new Error("no feed");
        return backend.source.watch(call);
      },
    };
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(lossy);
    const following = dio.watch();
    await settle();
    backend.source.set("b", bun(77));
    source.failNext("read", new Error("down"));
    await clock.advance(60_000);
    await settle();
    expect((await dio.cache.get("b"))?.price).toBe(120);
    await dio.vista().list();
    await settle();
    expect((await dio.vista().get("b"))?.price).toBe(77);
    await following.stop();
  });

  test("D35 a call that hangs ends with timeout, one while offline at once", async () => {
    const { source, builder, clock } = createStage({ capabilities: wholeOnly });
    const activity = createActivity();
    const dio = await (
      await openLens({ clock, builder: builder.deadline("10s").activity(activity) })
    ).makeDio(source);
    source.setFaults({ hangRate: 1 });
    const askedAt = clock.now();
    expect(await clock.until(codeOf(dio.vista().list()))).toBe("timeout");
    // Its version is asked first, and hangs as well.
    expect(clock.now() - askedAt).toBe(20_000);
    source.heal();
    activity.set("offline");
    expect(await codeOf(dio.vista().list())).toBe("unavailable");
    activity.set("active");
    expect((await dio.vista().list()).size).toBe(4);
  });
});

describe("references", () => {
  test("D28 lead to the facade of an open Dio of the Lens, else to the master", async () => {
    const { builder, clock } = createStage();
    const customers = memory("customers", { id: "id", rows: [{ id: "1", name: "Ann" }] });
    const orders = memory("orders", {
      id: "id",
      rows: [{ id: "o1", customer: "1" }],
      references: { customer: { column: "customer", target: () => customers } },
    });
    const lens = await openLens({ clock, builder: builder.onStart(seedFromMaster) });
    const orderDio = await lens.makeDio(orders);
    const order = (await orderDio.vista().get("o1")) ?? { id: "", customer: "" };
    expect(orderDio.related("customer", order).source).toBe(customers.source);
    const customerDio = await lens.makeDio(customers);
    await customerDio.patched("1", { id: "1", name: "Ann of the cache" });
    expect((await orderDio.related("customer", order).list()).get("1")).toEqual({
      id: "1",
      name: "Ann of the cache",
    });
  });
});

describe("life", () => {
  test("D36 a closed Dio answers closed, ends its subscriptions, and nothing calls back", async () => {
    const { source, builder, backend, clock } = createStage();
    const dio = await (await openLens({ clock, builder: builder.onStart(seedFromMaster) })).makeDio(source);
    let calls = 0;
    dio.on("recordChanged", () => void (calls += 1));
    const subscription = dio.subscribeEvents();
    const following = dio.watch();
    const vista = dio.vista();
    await settle();
    await Promise.all([dio.close(), dio.close()]);
    expect((await subscription.next()).done).toBe(true);
    await following.done;
    backend.source.set("b", bun(1));
    await settle();
    expect(calls).toBe(0);
    for (const work of [
      () => vista.list(),
      () => vista.get("a"),
      () => vista.insert("q", { ...bun(1), id: "q" }),
      () => dio.refresh(),
      () => dio.cache.count(),
      () => dio.handleEvent({ type: "invalidated" }),
    ]) {
      expect(await codeOf(Promise.resolve().then((): Promise<unknown> => work()))).toBe("closed");
    }
    expect(() => dio.vista()).toThrow(/closed/);
  });

  test("D36 what a memory queue still holds is sent, and its route has its cache", async () => {
    const { source, builder, clock } = createStage();
    const routed: string[] = [];
    const lens = await openLens({
      clock,
      builder: builder.onStart(seedFromMaster).onWrite(async (dio, op) => {
        routed.push(`${op.kind} ${op.id} of ${await dio.cache.count()}`);
      }),
    });
    const dio = await lens.makeDio(source);
    const vista = dio.vista();
    await Promise.all([vista.delete("a"), vista.delete("b"), vista.patch("c", { price: 1 })]);
    await dio.close({ drain: "10s" });
    expect(routed).toEqual(["delete a of 2", "delete b of 2", "patch c of 2"]);
  });

  test("D37 diagnostics tell how it is", async () => {
    const { source, builder, clock } = createStage();
    const dio = await (
      await openLens({
        clock,
        builder: builder.onStart(seedFromMaster).onWrite(() => new Promise(() => undefined)),
      })
    ).makeDio(source);
    await dio.vista().delete("a");
    dio.on("invalidated", () => undefined);
    expect(dio.diagnostics()).toMatchObject({
      name: "products",
      activity: "active",
      cache: { kind: "memory", durable: false, complete: true, rows: 4, loaded: true },
      freshness: { stale: false },
      writes: { depth: 1, failed: 0, durability: "memory", lost: [] },
      reads: { flights: 0, refreshing: false, seeding: false },
      events: { subscribers: 1 },
      views: { open: 0, sceneries: 0 },
      failures: {},
    });
    expect(dio.diagnostics().cache.sizeBytes).toBeGreaterThan(4 * 100);
    await dio.handleEvent({ type: "inserted", id: 5 as never }).catch(() => undefined);
    const told = dio.diagnostics();
    expect(told.failures.upstream).toMatchObject({
      at: clock.now(),
      code: "invalid",
      times: 1,
      isLasting: true,
    });
    // For a health check that is asked over the network.
    expect(JSON.parse(JSON.stringify(told))).toEqual(told);
  });
});
