import {
  type CacheBackend,
  createMemoryCache,
  type Dio,
  type DioEvent,
  DioramaError,
  Lens,
  type Logger,
  seedFromMaster,
} from "vantage-diorama";
import { describe, expect, onTestFinished, test } from "vitest";
import { FlakyTable } from "./flaky-table.ts";
import { full, KeptQueues } from "./kept-queues.ts";
import {
  createStage,
  openLens,
  pastries,
  type Product,
  recordEvents,
  settle,
  type Stage,
  wholeOnly,
} from "./setup.ts";

type Kind = keyof ReturnType<Dio["diagnostics"]>["failures"];

const down = (): DioramaError => new DioramaError("unavailable", "the line is down");

interface Watched extends Stage {
  /** Lines of the level error. */
  readonly lines: string[];
}

/** A stage whose logger is read. */
function createWatched(options?: Parameters<typeof createStage>[0]): Watched {
  const stage = createStage(options);
  const lines: string[] = [];
  const logger: Logger = {
    error: (line) => lines.push(line),
    info: () => undefined,
    debug: () => undefined,
  };
  return { ...stage, lines, builder: stage.builder.logger(logger) };
}

/** How often something failed, and whether it goes on. */
const failureOf = (dio: Dio<Product>, kind: Kind): readonly [number, boolean] | undefined => {
  const failure = dio.diagnostics().failures[kind];
  return failure === undefined ? undefined : [failure.times, failure.isLasting];
};

const countOf = (events: readonly DioEvent[], type: DioEvent["type"]): number =>
  events.filter((event) => event.type === type).length;

describe("a failure that nobody waits for is one event, one line and in diagnostics", () => {
  test("D48 D50 an onStart behind", async () => {
    const { source, clock, builder, lines } = createWatched();
    const lens = await openLens({
      clock,
      builder: builder.onStartBlocking(false).onStart(async () => {
        await settle(2);
        throw down();
      }),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    await settle();
    expect([countOf(events, "startFailed"), lines]).toEqual([1, ["onStart failed"]]);
    expect(failureOf(dio, "start")).toEqual([1, false]);
  });

  test("D48 D49 refreshes by timer: each has its event, an outage has one line", async () => {
    const { source, clock, builder, lines } = createWatched();
    const pass = async (timeMs: number): Promise<void> => {
      await clock.advance(timeMs);
      await settle();
    };
    const lens = await openLens({ clock, builder: builder.onStart(seedFromMaster).refreshEvery("1m") });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    source.setFaults({ errorRate: 1 });
    for (let tick = 0; tick < 3; tick++) await pass(60_000);
    expect([countOf(events, "refreshFailed"), lines]).toEqual([3, ["a refresh failed"]]);
    expect(failureOf(dio, "refresh")).toEqual([3, true]);
    source.heal();
    await pass(60_000);
    expect(failureOf(dio, "refresh")).toEqual([3, false]);
    source.setFaults({ errorRate: 1 });
    await pass(60_000);
    expect([countOf(events, "refreshFailed"), lines.length]).toEqual([4, 2]);
  });

  test("D48 D49 rows that are renewed behind their readers", async () => {
    const { source, clock, builder, lines } = createWatched();
    const lens = await openLens({ clock, builder: builder.freshFor("1s") });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    await dio.vista().get("a");
    await dio.vista().get("b");
    source.setFaults({ errorRate: 1 });
    for (let turn = 0; turn < 4; turn++) {
      await clock.advance(30_000);
      expect((await dio.vista().get("a"))?.price).toBe(300);
      expect((await dio.vista().get("b"))?.price).toBe(120);
    }
    await settle();
    expect([countOf(events, "backgroundFailed"), lines]).toEqual([1, ["reading behind failed"]]);
    expect(events.find((event) => event.type === "backgroundFailed")).toMatchObject({
      what: "read",
      error: { code: "unavailable" },
    });
    source.heal();
    await clock.advance(60_000);
    await dio.vista().get("a");
    await settle();
    expect(dio.diagnostics().failures.read?.isLasting).toBe(false);
  });

  test("D48 D49 a feed that breaks again and again, and one that ends for good", async () => {
    const { source, clock, builder, lines } = createWatched();
    const lens = await openLens({ clock, builder });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    let opened = 0;
    dio.follow(async function* broken() {
      opened += 1;
      if (opened === 5) throw new DioramaError("unsupported", "not any more");
      yield* [];
      throw down();
    });
    await clock.advance(600_000);
    expect(opened).toBe(5);
    const told = events.filter((event) => event.type === "upstreamFailed").map(({ error }) => error.code);
    expect([told, lines]).toEqual([["unavailable", "unsupported"], ["a change feed broke"]]);
    expect(failureOf(dio, "feed")).toEqual([5, true]);
  });

  test("D48 D49 changes that can't be applied: each has its event, an outage has one line", async () => {
    const { source, clock, builder, lines } = createWatched();
    let isDown = true;
    const lens = await openLens({
      clock,
      builder: builder.onEvent(async () => {
        if (isDown) throw down();
      }),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    const change = { type: "updated", id: "a" } as const;
    for (let turn = 0; turn < 3; turn++) await dio.handleEvent(change).catch(() => undefined);
    await settle();
    expect([countOf(events, "upstreamFailed"), lines]).toEqual([3, ["taking in changes failed"]]);
    isDown = false;
    await dio.handleEvent(change);
    expect(failureOf(dio, "upstream")).toEqual([3, false]);
  });

  test("D12 D48 D49 a cache that can't be written", async () => {
    const { source, clock, builder, lines } = createWatched();
    const memory = createMemoryCache();
    const tables: FlakyTable[] = [];
    const cache: CacheBackend = {
      kind: "flaky",
      keeps: true,
      durable: true,
      openTable: async (name) => {
        const table = new FlakyTable(await memory.openTable(name));
        tables.push(table);
        return table;
      },
      dropTable: (name) => memory.dropTable(name),
      tableNames: () => memory.tableNames(),
      close: () => memory.close(),
    };
    onTestFinished(() => cache.close());
    const lens = await openLens({ clock, builder: builder.cacheSource(cache).onStart(seedFromMaster) });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    await dio.cache.insert("x", { ...pastries[0], id: "x" } as Product);
    await lens.flush();
    tables[0]?.fail({ code: "full" }, { code: "full" }, { code: "full" }, { code: "full" });
    await dio.cache.insert("y", { ...pastries[0], id: "y" } as Product);
    const again = async (): Promise<void> => {
      await clock.advance(1_000);
      await settle();
    };
    for (let turn = 0; turn < 3; turn++) await again();
    expect([countOf(events, "cacheFailed"), lines]).toEqual([1, ["the cache failed"]]);
    expect(failureOf(dio, "cache")?.[0]).toBe(1);
    expect(dio.diagnostics().cache.error).toContain("full");
    for (let turn = 0; turn < 3; turn++) await again();
    expect(dio.diagnostics().cache).not.toHaveProperty("error");
  });

  test("D12 D48 rows that the cache file has lost, when somebody can listen", async () => {
    const { source, clock, builder, lines } = createWatched();
    const memory = createMemoryCache();
    onTestFinished(() => memory.close());
    const cache: CacheBackend = {
      kind: "damaged",
      keeps: true,
      durable: true,
      openTable: async (name) => {
        const table = await memory.openTable(name);
        return {
          meta: table.meta,
          rowCount: table.rowCount,
          lost: "page 3 was damaged",
          get: (ids) => table.get(ids),
          scan: (batchRows) => table.scan(batchRows),
          apply: (batch) => table.apply(batch),
          close: () => table.close(),
        };
      },
      dropTable: (name) => memory.dropTable(name),
      tableNames: () => memory.tableNames(),
      close: () => memory.close(),
    };
    const lens = await openLens({ clock, builder: builder.cacheSource(cache) });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    await settle();
    expect([countOf(events, "cacheFailed"), lines]).toEqual([1, ["the cache failed"]]);
    expect(dio.diagnostics().failures.cache).toMatchObject({
      code: "corrupt",
      message: "products: page 3 was damaged",
    });
  });

  test("W34 D48 a queue that can't be written; W36 what it lost, when somebody can listen", async () => {
    const { source, clock, builder, lines } = createWatched();
    const queues = new KeptQueues();
    queues.lost = Array.from({ length: 25 }, (_, n) => ({ position: `page ${n + 1}`, reason: "checksum" }));
    const lens = await openLens({ clock, builder: builder.queueSource(queues) });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    await settle();
    expect([countOf(events, "queueFailed"), lines]).toEqual([21, ["the queue failed"]]);
    expect(dio.diagnostics().writes.lost).toHaveLength(25);
    queues.fails = full;
    for (let turn = 0; turn < 3; turn++) {
      await expect(dio.vista().patch("a", { price: turn })).rejects.toMatchObject({ code: "full" });
      await clock.advance(1_000);
    }
    expect([countOf(events, "queueFailed"), lines.length]).toEqual([22, 2]);
    expect(failureOf(dio, "queue")).toEqual([2, true]);
    queues.fails = undefined;
    await dio.vista().patch("a", { price: 9 });
    expect(failureOf(dio, "queue")).toEqual([2, false]);
  });

  test("D48 D49 writes: a destination that is down is one line, a dead letter one each", async () => {
    const { source, clock, builder, lines } = createWatched();
    let isDown = true;
    const lens = await openLens({
      clock,
      builder: builder.onWrite((_dio, op) => {
        if (isDown) throw down();
        if (op.kind === "delete") throw new DioramaError("rejected", "not this one");
      }),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    await dio.vista().patch("a", { price: 1 });
    for (let turn = 0; turn < 5; turn++) await clock.advance(60_000);
    expect(countOf(events, "writeRetrying")).toBeGreaterThan(3);
    expect(lines).toEqual(["sending writes failed"]);
    expect(failureOf(dio, "send")?.[1]).toBe(true);
    isDown = false;
    await clock.advance(60_000);
    await dio.flush();
    expect(failureOf(dio, "send")?.[1]).toBe(false);
    await dio.vista().delete("a");
    await dio.vista().delete("b");
    await dio.flush();
    expect([countOf(events, "writeFailed"), lines]).toEqual([
      2,
      ["sending writes failed", "a write failed for good", "a write failed for good"],
    ]);
    expect(failureOf(dio, "write")).toEqual([2, false]);
  });

  test("D48 a batch that is answered with another number of results", async () => {
    const { source, clock, builder, lines } = createWatched();
    const lens = await openLens({ clock, builder: builder.onWriteBatch(async () => []) });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    for (let turn = 0; turn < 3; turn++) {
      await dio.vista().patch("a", { price: turn });
      await dio.flush();
    }
    await settle();
    expect([countOf(events, "backgroundFailed"), lines]).toEqual([1, ["sending writes failed"]]);
  });

  test("D48 D49 rows of a paged table: each load has its event, an outage has one line", async () => {
    const { source, clock, builder, lines } = createWatched({ capabilities: wholeOnly });
    let isDown = true;
    const lens = await openLens({
      clock,
      builder: builder
        .totalProvider(async () => 4)
        .onLoadChunk(async (_dio, range, sink) => {
          if (isDown) throw down();
          for (const [index, row] of pastries.slice(range.start, range.end).entries())
            sink.push(range.start + index, row.id, { ...row });
        }),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    const opening = dio.tableScenery().open();
    for (let turn = 0; turn < 4; turn++) await clock.advance(60_000);
    using table = await opening;
    expect(countOf(events, "loadFailed")).toBeGreaterThan(2);
    expect([lines, failureOf(dio, "load")?.[1]]).toEqual([["loading rows failed"], true]);
    isDown = false;
    await clock.advance(120_000);
    expect([table.row(0)?.id, failureOf(dio, "load")?.[1]]).toEqual(["a", false]);
  });

  test("D48 D49 rows that a Scenery needs whole", async () => {
    const { source, clock, builder, lines } = createWatched({ capabilities: wholeOnly });
    const lens = await openLens({ clock, builder });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    source.setFaults({ errorRate: 1 });
    const table = await dio.tableScenery().open();
    for (let turn = 0; turn < 4; turn++) await clock.advance(60_000);
    expect([countOf(events, "backgroundFailed"), lines]).toEqual([1, ["loading rows failed"]]);
    source.heal();
    await clock.advance(120_000);
    await settle();
    expect([table.row(0)?.id, failureOf(dio, "load")?.[1]]).toEqual(["a", false]);
    table.close();
  });
});

describe("what the application hands over", () => {
  test("D6 D50 a handler that throws or rejects is told once for its words, however often it does", async () => {
    const { source, clock, builder, lines } = createWatched();
    const dio = await (await openLens({ clock, builder })).makeDio(source);
    const events = recordEvents(dio);
    dio.on("recordChanged", () => {
      throw new Error("no such thing");
    });
    dio.on("recordChanged", async () => {
      await settle(1);
      throw new Error("later");
    });
    for (let price = 1; price < 6; price++) await dio.cache.insert("a", { ...pastries[0], price } as Product);
    await settle();
    expect([countOf(events, "backgroundFailed"), lines]).toEqual([
      2,
      ["a listener failed", "a listener failed"],
    ]);
    expect(failureOf(dio, "listener")?.[0]).toBe(8);
  });

  test("D50 one that throws at what tells of failures ends there", async () => {
    const { source, clock, builder, lines } = createWatched();
    const dio = await (await openLens({ clock, builder })).makeDio(source);
    dio.on("backgroundFailed", () => {
      throw new Error("and again");
    });
    dio.on("recordInserted", () => {
      throw new Error("once");
    });
    await dio.cache.insert("x", { ...pastries[0], id: "x" } as Product);
    await settle();
    expect(lines).toEqual(["a listener failed", "a listener failed"]);
  });

  test("D50 listeners of Sceneries", async () => {
    const { source, clock, builder, lines } = createWatched();
    const lens = await openLens({ clock, builder: builder.onStart(seedFromMaster) });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    using table = await dio.tableScenery().open();
    using record = dio.recordScenery("a");
    const bad = (): never => {
      throw new Error("no such thing");
    };
    table.subscribe(bad);
    record.subscribe(bad);
    for (let price = 1; price < 4; price++) await dio.cache.insert("a", { ...pastries[0], price } as Product);
    await settle();
    expect([countOf(events, "backgroundFailed"), lines]).toEqual([1, ["a listener failed"]]);
  });

  test("D50 a logger that throws is left alone, and disturbs nothing", async () => {
    const { source, clock, builder } = createStage();
    const bad = (): never => {
      throw new Error("no disk for logs");
    };
    const lens = await openLens({
      clock,
      builder: builder.logger({ error: bad, info: bad, debug: bad }).onStart(seedFromMaster),
    });
    const dio = await lens.makeDio(source);
    const events = recordEvents(dio);
    source.setFaults({ errorRate: 1 });
    await expect(dio.refresh()).rejects.toMatchObject({ code: "unavailable" });
    await settle();
    expect([countOf(events, "refreshFailed"), failureOf(dio, "refresh")]).toEqual([1, [1, true]]);
  });
});

test("D48 what a closing Dio leaves behind is no failure", async () => {
  const { source, builder, lines } = createWatched();
  const lens = await builder.cacheSource(createMemoryCache()).freshFor("1s").build();
  const dio = await lens.makeDio(source);
  source.setFaults({ hangRate: 1 });
  const reading = dio
    .vista()
    .get("a")
    .catch(() => undefined);
  const opening = dio
    .tableScenery()
    .open()
    .catch(() => undefined);
  await settle();
  await lens.close();
  await Promise.all([reading, opening]);
  expect([lines, dio.diagnostics().failures]).toEqual([[], {}]);
  expect(
    await Lens.builder()
      .build()
      .then((other) => other.close()),
  ).toBeUndefined();
});
