import { type ChangeEvent, DioramaError, Lens, type Logger, type Row, vista } from "vantage-diorama";
import { type LiveEvent, LiveTable, ManualLiveStream, MemCache } from "vantage-diorama/live";
import { createManualClock } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import {
  createRows,
  createStage,
  FlakyCache,
  idOf,
  rowOf,
  settle,
  type Stage,
  type StageOptions,
} from "./setup.ts";

interface StreamStage extends Stage {
  readonly stream: ManualLiveStream;
  /** Sub-keys that are cached. */
  held(): Promise<string[]>;
  emit(event: LiveEvent): Promise<void>;
}

const probed = ["first", "count", ...Array.from({ length: 12 }, (_, at) => `page_${at + 1}`)];

function createStreamStage(given: StageOptions = {}): StreamStage {
  const stream = new ManualLiveStream();
  const cache = given.cache ?? new MemCache();
  const stage = createStage({ ...given, cache, stream });
  return {
    ...stage,
    stream,
    async held() {
      const records = Array.from({ length: 5 }, (_, number) => `id/${idOf(number * 20)}`);
      const found: string[] = [];
      for (const subKey of [...probed, ...records]) {
        if ((await cache.get(`products/${subKey}`)) !== undefined) found.push(subKey);
      }
      return found;
    },
    async emit(event) {
      stream.emit(event);
      await settle();
    },
  };
}

/** Pages 1, 2, 3, 5, the first row, the count, and the records of rows 0 and 20. */
async function fill({ vista: table }: Stage): Promise<void> {
  await table.first();
  for (const number of [1, 2, 3, 5]) await table.fetchPage(number, 10);
  await table.count();
  await table.get(idOf(0));
  await table.get(idOf(20));
}

const records = [`id/${idOf(0)}`, `id/${idOf(20)}`];

describe("what an event drops", () => {
  test.each<[string, LiveEvent, string[]]>([
    ["changed: everything", { type: "changed" }, []],
    [
      "updated: the page and the record that hold the row",
      { type: "updated", id: idOf(20) },
      ["first", "count", "page_1", "page_2", "page_5", `id/${idOf(0)}`],
    ],
    [
      "updated, the first row: that too",
      { type: "updated", id: idOf(0) },
      ["count", "page_2", "page_3", "page_5", `id/${idOf(20)}`],
    ],
    [
      "updated, a row that no page holds: nothing",
      { type: "updated", id: idOf(33) },
      ["first", "count", "page_1", "page_2", "page_3", "page_5", ...records],
    ],
    ["inserted: all pages, the first row and the count", { type: "inserted", id: "new" }, records],
    [
      "deleted: its page and those behind, the count",
      { type: "deleted", id: idOf(20) },
      ["first", "page_1", "page_2", `id/${idOf(0)}`],
    ],
    ["deleted, the first row: all pages", { type: "deleted", id: idOf(0) }, [`id/${idOf(20)}`]],
    ["deleted, a row whose page is not cached: all pages", { type: "deleted", id: idOf(33) }, records],
    ["no event that is known: everything", { type: "moved", id: "x" } as unknown as LiveEvent, []],
    ["an event without an id: everything", { type: "updated" } as unknown as LiveEvent, []],
  ])("LT21 %s", async (_what, event, left) => {
    const stage = createStreamStage();
    await fill(stage);
    expect((await stage.held()).length).toBe(8);
    await stage.emit(event);
    expect(await stage.held()).toEqual(left);
    expect(stage.told("eventReceived")).toHaveLength(1);
    expect(stage.told("invalidated")).toHaveLength(1);
  });

  test("LT21 a deleted row changes the total that pages in front of it state", async () => {
    const cache = new MemCache();
    const stage = createStreamStage({ cache });
    await stage.vista.fetchPage(1, 10);
    await stage.vista.fetchPage(2, 10);
    stage.rows.remove(idOf(15));
    await stage.emit({ type: "deleted", id: idOf(15) });
    expect((await stage.vista.fetchPage(1, 10)).total).toBeUndefined();
    expect((await stage.vista.fetchPage(1, 10)).rows.size).toBe(10);
    expect(stage.source.calls("page")).toBe(2);
    await stage.clock.advance(1);
    expect((await stage.vista.fetchPage(2, 10)).total).toBe(94);
    await stage.live.close();
    // In the next process too.
    const copy = {
      get: cache.get.bind(cache),
      put: cache.put.bind(cache),
      invalidatePrefix: cache.invalidatePrefix.bind(cache),
    };
    const next = createStage({ cache: copy });
    expect((await next.vista.fetchPage(1, 10)).total).toBeUndefined();
    expect(next.source.calls("page")).toBe(0);
  });

  test("LT21 in an ordered view an update may move the row, in a narrowed one it may come or go", async () => {
    const ordered = createStreamStage({ view: (source) => vista(source).orderBy("price", "desc") });
    await fill(ordered);
    await ordered.emit({ type: "updated", id: idOf(94) });
    expect(await ordered.held()).toEqual(["count", ...records]);
    const narrowed = createStreamStage({ view: (source) => vista(source).where("price", "<", 60) });
    await fill(narrowed);
    narrowed.rows.set(idOf(94), { id: idOf(94), price: 0 });
    await narrowed.emit({ type: "updated", id: idOf(94) });
    expect(await narrowed.held()).toEqual(records);
    expect(await narrowed.vista.count()).toBe(61);
  });

  test("LT21 a row that two pages hold, since it moved without being told, takes both with it", async () => {
    const stage = createStreamStage();
    for (const number of [1, 3]) await stage.vista.fetchPage(number, 10);
    stage.rows.replaceAll([{ id: "new", price: 0 }, ...stage.rows.rows.values()]);
    for (const number of [2, 4]) await stage.vista.fetchPage(number, 10);
    // Row 9 ends the old page 1 and begins the new page 2.
    await stage.emit({ type: "updated", id: idOf(9) });
    expect(await stage.held()).toEqual(["page_3", "page_4"]);
    await stage.emit({ type: "deleted", id: idOf(29) });
    expect(await stage.held()).toEqual([]);
  });

  test("LT22 where an earlier process filled the cache all pages go, once", async () => {
    const cache = new MemCache();
    await fill(createStage({ cache }));
    const copy = {
      get: cache.get.bind(cache),
      put: cache.put.bind(cache),
      invalidatePrefix: cache.invalidatePrefix.bind(cache),
    };
    const stage = createStreamStage({ cache: copy });
    expect(await stage.vista.count()).toBe(95);
    expect(stage.source.calls()).toBe(0);
    await stage.emit({ type: "updated", id: idOf(20) });
    expect(await stage.held()).toEqual(["count", `id/${idOf(0)}`]);
    await stage.vista.fetchPage(1, 10);
    await stage.vista.fetchPage(3, 10);
    await stage.emit({ type: "updated", id: idOf(20) });
    expect(await stage.held()).toEqual(["count", "page_1", `id/${idOf(0)}`]);
  });

  test("LT22 a cache without delete drops what begins so", async () => {
    const cache = new MemCache();
    const plain = {
      get: cache.get.bind(cache),
      put: cache.put.bind(cache),
      invalidatePrefix: cache.invalidatePrefix.bind(cache),
    };
    const stage = createStreamStage({ cache: plain, count: 120 });
    for (const number of [1, 2, 10, 11]) await stage.vista.fetchPage(number, 10);
    await stage.emit({ type: "updated", id: idOf(0) });
    expect(await stage.held()).toEqual(["page_2"]);
  });

  test("LT21 LT18 what could not be dropped for an event is not served", async () => {
    const cache = new FlakyCache();
    const stage = createStreamStage({ cache });
    await stage.vista.get(idOf(1));
    cache.failing.add("delete").add("invalidatePrefix");
    stage.rows.set(idOf(1), { ...rowOf(1), price: 100 });
    await stage.emit({ type: "updated", id: idOf(1) });
    expect(await stage.vista.get(idOf(1))).toMatchObject({ price: 100 });
  });
});

describe("the stream", () => {
  test("LT23 a lost one drops everything, is told, and is subscribed to again with back-off", async () => {
    const errors: string[] = [];
    const ignore = (): void => undefined;
    const logger: Logger = { error: (message) => errors.push(message), info: ignore, debug: ignore };
    const stage = createStreamStage({ logger });
    await fill(stage);
    stage.stream.fail(new Error("the line is dead"));
    await settle();
    expect(await stage.held()).toEqual([]);
    expect(stage.told("streamLost", "invalidated")).toEqual(["streamLost", "invalidated products"]);
    expect(stage.stream.subscribers).toBe(0);
    // Meanwhile changes are missed.
    expect(await stage.vista.get(idOf(1))).toEqual(rowOf(1));
    stage.rows.set(idOf(1), { ...rowOf(1), price: 100 });
    await stage.clock.advance(60_000);
    await settle();
    expect(stage.stream.subscribers).toBe(1);
    expect(await stage.vista.get(idOf(1))).toMatchObject({ price: 100 });
    expect(errors).toEqual([expect.stringContaining("the line is dead")]);
    await stage.vista.fetchPage(1, 10);
    await stage.emit({ type: "updated", id: idOf(1) });
    expect(await stage.held()).toEqual([]);
    stage.stream.fail(new DioramaError("unsupported", "no feed here"));
    await settle();
    await stage.clock.advance(60_000);
    expect([stage.stream.subscribers, stage.clock.timerCount]).toEqual([0, 0]);
  });

  test("LT23 one that can't be opened is tried again, one that ends is over", async () => {
    const clock = createManualClock();
    let attempts = 0;
    const stream = {
      subscribe: async function* (): AsyncGenerator<LiveEvent> {
        attempts += 1;
        if (attempts < 4) throw new Error("not yet");
        yield { type: "changed" };
      },
    };
    const live = new LiveTable<Row>(createRows(3), "k", new MemCache(), { stream, clock });
    const changes = live.watch({})[Symbol.asyncIterator]();
    await clock.advance(600_000);
    expect(attempts).toBe(4);
    await clock.advance(600_000);
    expect(attempts).toBe(4);
    expect((await changes.next()).value).toEqual({ type: "invalidated" });
    await live.close();
  });

  test("LT24 it is subscribed to from the start, and left by close; without one the master's changes are it", async () => {
    const stage = createStreamStage();
    expect(stage.stream.subscribers).toBe(1);
    await stage.live.close();
    expect(stage.stream.subscribers).toBe(0);

    const rows = createRows(5);
    const live = new LiveTable<Row>(rows, "k", new MemCache());
    expect([live.capabilities.canSubscribe, rows.watcherCount]).toEqual([true, 1]);
    expect(await live.get(idOf(1))).toEqual(rowOf(1));
    rows.set(idOf(1), { ...rowOf(1), price: 100 });
    await settle();
    expect(await live.get(idOf(1))).toMatchObject({ price: 100 });
    await live.close();
    expect(rows.watcherCount).toBe(0);

    for (const quiet of [
      new LiveTable<Row>(rows, "k2", new MemCache(), { stream: false }),
      new LiveTable<Row>(createRows(5, { canSubscribe: false }), "k3", new MemCache()),
    ]) {
      expect(quiet.capabilities.canSubscribe).toBe(false);
      expect(() => quiet.watch({})).toThrow(expect.objectContaining({ code: "unsupported" }));
    }
    expect(rows.watcherCount).toBe(0);
  });

  test("LT24 close leaves a stream that heeds nothing", async () => {
    const stream = {
      subscribe: () => ({
        [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }),
      }),
    };
    const live = new LiveTable<Row>(createRows(5), "k", new MemCache(), { stream });
    await live.close();
    await expect(live.get("a")).rejects.toMatchObject({ code: "closed" });
  });

  test("LT26 every subscriber is told from its subscribe on, until it leaves or the feed is lost", async () => {
    const stream = new ManualLiveStream();
    stream.emit({ type: "changed" });
    const leaving = new AbortController();
    const [one, other, gone] = [
      stream.subscribe(),
      stream.subscribe({ signal: leaving.signal }),
      stream.subscribe(),
    ];
    expect(stream.subscribers).toBe(3);
    stream.emit({ type: "inserted", id: "a" });
    expect(await one.next()).toEqual({ done: false, value: { type: "inserted", id: "a" } });
    await gone.return?.();
    expect(await gone.next()).toEqual({ done: true, value: undefined });
    const waiting = other.next();
    expect(await waiting).toMatchObject({ value: { id: "a" } });
    const ended = other.next();
    leaving.abort();
    expect(await ended).toEqual({ done: true, value: undefined });
    expect(stream.subscribers).toBe(1);
    stream.emit({ type: "updated", id: "b" });
    stream.fail(new Error("lost"));
    expect(await one.next()).toMatchObject({ value: { id: "b" } });
    await expect(one.next()).rejects.toThrow("lost");
    expect(await one.next()).toEqual({ done: true, value: undefined });
    const late = stream.subscribe({ signal: AbortSignal.abort() });
    expect([await late.next(), stream.subscribers]).toEqual([{ done: true, value: undefined }, 0]);
  });

  test("LT26 one that is 10,000 events behind is told changed in place of them", async () => {
    const stream = new ManualLiveStream();
    const [slow, quick] = [stream.subscribe(), stream.subscribe()];
    let heard = 0;
    for (let number = 0; number < 10_001; number++) {
      stream.emit({ type: "updated", id: String(number) });
      heard += (await quick.next()).done === false ? 1 : 0;
    }
    expect(heard).toBe(10_001);
    expect(await slow.next()).toMatchObject({ value: { type: "changed" } });
    stream.emit({ type: "deleted", id: "x" });
    expect(await slow.next()).toMatchObject({ value: { type: "deleted" } });
    const waiting = [slow.next(), slow.next()];
    stream.fail("a text");
    await expect(waiting[0]).rejects.toBe("a text");
    expect(await waiting[1]).toMatchObject({ done: true });
  });
});

describe("watching a LiveTable", () => {
  test("LT25 a change is told when what it touches is gone", async () => {
    const stage = createStreamStage();
    await stage.vista.get(idOf(1));
    const changes = stage.vista.watch();
    const next = changes.next();
    stage.rows.set(idOf(1), { ...rowOf(1), price: 100 });
    stage.stream.emit({ type: "updated", id: idOf(1) });
    expect((await next).value).toEqual({ type: "updated", id: idOf(1) });
    expect(await stage.vista.get(idOf(1))).toMatchObject({ price: 100 });
    stage.stream.emit({ type: "changed" });
    expect((await changes.next()).value).toEqual({ type: "invalidated" });
    await stage.live.invalidate();
    expect((await changes.next()).value).toEqual({ type: "invalidated" });
    const end = changes.next();
    await stage.live.close();
    expect((await end).done).toBe(true);
  });

  test("LT25 its own writes are told once, with their row, whoever tells the changes", async () => {
    for (const stream of [new ManualLiveStream(), undefined]) {
      const live = new LiveTable<Row>(createRows(3), "k", new MemCache(), { stream });
      const heard: ChangeEvent<Row>[] = [];
      const ending = new AbortController();
      const hearing = (async () => {
        for await (const change of vista(live).watch({ signal: ending.signal })) heard.push(change);
      })();
      await vista(live).insert("a", { id: "a", price: 1 }, { opId: "op-1" });
      await vista(live).patch("a", { price: 2 }, { opId: "op-2" });
      await vista(live).replace("a", { id: "a", price: 3 }, { opId: "op-3" });
      await vista(live).delete("a", { opId: "op-4" });
      await settle();
      expect(heard).toEqual([
        { type: "inserted", id: "a", row: { id: "a", price: 1 }, opId: "op-1" },
        { type: "updated", id: "a", row: { id: "a", price: 2 }, opId: "op-2" },
        { type: "updated", id: "a", row: { id: "a", price: 3 }, opId: "op-3" },
        { type: "deleted", id: "a", opId: "op-4" },
      ]);
      ending.abort();
      await hearing;
      await live.close();
    }
  });

  test("LT25 a Dio on top shows what the master has", async () => {
    const rows = createRows(30);
    const live = new LiveTable<Row>(rows, "k", new MemCache(), { pageSize: 10 });
    const lens = await Lens.builder().build();
    const dio = await lens.makeDio<Row>(vista(live));
    dio.watch();
    await settle();
    const table = dio.vista();
    expect((await table.orderBy("price", "desc").fetchPage(1, 2)).rows.size).toBe(2);
    rows.set(idOf(3), { ...rowOf(3), price: 1_000 });
    rows.remove(idOf(4));
    rows.set("new", { id: "new", price: 2_000 });
    await settle();
    const first = await table.orderBy("price", "desc").fetchPage(1, 2);
    expect([...first.rows.keys()]).toEqual(["new", idOf(3)]);
    expect(await table.count()).toBe(30);
    await table.patch(idOf(5), { price: 3_000 });
    await dio.flush();
    expect(rows.rows.get(idOf(5))).toMatchObject({ price: 3_000 });
    expect(await live.get(idOf(5))).toMatchObject({ price: 3_000 });
    await lens.close();
    await live.close();
  });
});
