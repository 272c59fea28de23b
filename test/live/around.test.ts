import { DioramaError, type Logger, type Row, vista } from "vantage-diorama";
import { type Cache, type LiveStep, LiveTable, ManualLiveStream, MemCache } from "vantage-diorama/live";
import { describe, expect, test } from "vitest";
import { createRows, createStage, idOf, settle } from "./setup.ts";

function collectErrors(): { readonly errors: unknown[]; readonly logger: Logger } {
  const errors: unknown[] = [];
  const ignore = (): void => undefined;
  const error = (_message: string, fields?: object): unknown => errors.push(fields);
  return { errors, logger: { error, info: ignore, debug: ignore } };
}

describe("steps", () => {
  test("LT27 each step is told with its key, page and id", async () => {
    const { vista: table, steps, clock, source } = createStage({ count: 15 });
    source.setFaults({ latencyMs: { page: [30, 30] } });
    await clock.until(table.fetchPage(2, 10));
    await clock.advance(5);
    await table.fetchPage(2, 10);
    await table.get(idOf(1));
    const down = new DioramaError("unavailable", "made up");
    source.failNext("count", down);
    await table.count().catch(() => undefined);
    await table.list();
    expect(steps).toEqual<LiveStep[]>([
      { kind: "miss", key: "products/page_2", page: 2, id: undefined },
      {
        kind: "fetched",
        key: "products/page_2",
        page: 2,
        id: undefined,
        rowCount: 5,
        tookMs: 30,
        isKept: true,
      },
      { kind: "hit", key: "products/page_2", page: 2, id: undefined, ageMs: 35, isStale: false },
      { kind: "miss", key: `products/id/${idOf(1)}`, page: undefined, id: idOf(1) },
      {
        kind: "fetched",
        key: `products/id/${idOf(1)}`,
        page: undefined,
        id: idOf(1),
        rowCount: 1,
        tookMs: 0,
        isKept: true,
      },
      { kind: "miss", key: "products/count", page: undefined, id: undefined },
      { kind: "fetchFailed", key: "products/count", page: undefined, id: undefined, error: down },
      { kind: "miss", key: "products" },
      { kind: "fetched", key: "products", rowCount: 15, tookMs: 0, isKept: true },
    ]);
  });

  test("LT27 writes are told from the queue to their outcome", async () => {
    const { vista: table, steps } = createStage({ count: 3 });
    await table.patch(idOf(1), { price: 7 }, { opId: "op-1" });
    await table.patch("nobody", { price: 7 }, { opId: "op-2" }).catch(() => undefined);
    const told = { op: "patch", opId: "op-1", id: idOf(1) } as const;
    expect(steps).toEqual<LiveStep[]>([
      { kind: "writeQueued", ...told },
      { kind: "invalidated", prefixes: ["products"], cause: "write" },
      { kind: "writeConfirmed", ...told },
      { kind: "writeQueued", op: "patch", opId: "op-2", id: "nobody" },
      { kind: "invalidated", prefixes: ["products"], cause: "write" },
      {
        kind: "writeFailed",
        op: "patch",
        opId: "op-2",
        id: "nobody",
        error: expect.objectContaining({ code: "notFound" }) as DioramaError,
      },
    ]);
  });

  test("LT27 a listener that throws disturbs nobody, and one that has left hears nothing", async () => {
    const { errors, logger } = collectErrors();
    const live = new LiveTable<Row>(createRows(3), "k", new MemCache(), { stream: false, logger });
    const heard: string[] = [];
    const left = live.onStep(() => heard.push("left"));
    live.onStep(() => {
      throw new Error("my own fault");
    });
    live.onStep(({ kind }) => heard.push(kind));
    left();
    left();
    expect(await live.get(idOf(1))).toBeDefined();
    expect(heard).toEqual(["miss", "fetched"]);
    expect(errors).toEqual([{ error: new Error("my own fault") }, { error: new Error("my own fault") }]);
  });

  test("LT27 a listener that rejects disturbs nobody either", async () => {
    const { errors, logger } = collectErrors();
    const live = new LiveTable<Row>(createRows(3), "k", new MemCache(), { stream: false, logger });
    // oxlint-disable-next-line typescript/no-misused-promises -- the compiler takes it, so it happens
    live.onStep(() => Promise.reject(new Error("my own fault")));
    expect(await live.get(idOf(1))).toBeDefined();
    await settle();
    expect(errors).toEqual([{ error: new Error("my own fault") }, { error: new Error("my own fault") }]);
  });

  test("LT27 invalidate drops the key, or what begins so, and tells it", async () => {
    const { vista: table, live, cache, told } = createStage();
    await table.fetchPage(1, 10);
    await table.get(idOf(1));
    await live.invalidate("id/");
    expect(await cache.get(`products/id/${idOf(1)}`)).toBeUndefined();
    expect(await cache.get("products/page_1")).toBeDefined();
    await live.invalidate();
    expect(await cache.get("products/page_1")).toBeUndefined();
    expect(told("invalidated")).toEqual(["invalidated products/id/", "invalidated products"]);
  });

  test("LT27 explain and fingerprint tell the master's, and no row", async () => {
    const master = vista(createRows(3)).where("price", 2);
    const live = new LiveTable<Row>(master, "k", new MemCache(), { stream: false });
    expect(vista(live).explain()).toBe(
      'products: pages of 100 cached as "k"; a miss asks products: read where price = ?',
    );
    expect(live.fingerprint()).toBe(`live:${master.fingerprint()}`);
  });
});

describe("close", () => {
  test("LT28 who waits gets closed, and every later call", async () => {
    const { live, vista: table, source, rows } = createStage();
    source.setFaults({ hangRate: 1 });
    const waiting = [table.fetchPage(1, 10), table.get(idOf(1)), table.list(), table.count(), table.first()];
    const outcomes = waiting.map((work) => work.catch((error: unknown) => error));
    await settle();
    await Promise.all([live.close(), live.close()]);
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ code: "closed" });
    const { query } = table;
    for (const late of [
      table.fetchPage(1, 10),
      table.get(idOf(1)),
      table.list(),
      table.count(),
      table.first(),
      table.fetchNext(),
      table.insert("a", { id: "a" }),
      table.add({ price: 1 }),
      table.replace("a", { id: "a" }),
      table.patch("a", {}),
      table.delete("a"),
      table.deleteAll(),
      live.invalidate(),
      live.window(query, { offset: 0, limit: 5 }, {}),
    ]) {
      await expect(late).rejects.toMatchObject({ code: "closed" });
    }
    source.heal();
    expect(rows.rows.size).toBe(95);
    expect(await vista(source).count()).toBe(95);
  });

  test("LT28 a write that has begun is waited for, those behind it are closed", async () => {
    const { live, vista: table, source, rows, clock } = createStage();
    source.setFaults({ latencyMs: [50, 50] });
    const first = table.patch(idOf(0), { price: 10 });
    const second = table.patch(idOf(1), { price: 10 }).catch((error: unknown) => error);
    const closed = live.close();
    expect(await second).toMatchObject({ code: "closed" });
    await clock.until(closed);
    expect(await first).toMatchObject({ price: 10 });
    expect(rows.rows.get(idOf(1))).toMatchObject({ price: 1 });
    expect(clock.timerCount).toBe(0);
  });

  test("LT28 one that hangs is aborted after 5 seconds", async () => {
    const { live, vista: table, source, clock } = createStage();
    source.setFaults({ hangRate: 1 });
    const hanging = table.patch(idOf(0), { price: 10 }).catch((error: unknown) => error);
    const closed = live.close();
    await clock.advance(4_999);
    let isClosed = false;
    void closed.then(() => (isClosed = true));
    await settle();
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closed;
    expect(await hanging).toMatchObject({ code: "closed" });
  });

  test("LT28 a cache that hangs in a drop holds no close up for more than that", async () => {
    const kept = new MemCache();
    const cache: Cache = {
      get: (key) => kept.get(key),
      put: (key, rows) => kept.put(key, rows),
      invalidatePrefix: () => new Promise<never>(() => undefined),
    };
    const stream = new ManualLiveStream();
    const { live, vista: table, clock } = createStage({ cache, stream });
    stream.emit({ type: "changed" });
    void table.patch(idOf(0), { price: 10 }).catch(() => undefined);
    await settle();
    await clock.until(live.close(), 10_000);
    expect(clock.timerCount).toBe(0);
  });
});
