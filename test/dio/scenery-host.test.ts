import {
  createNoCache,
  DioramaError,
  type Lens,
  type LensBuilder,
  type Row,
  seedFromMaster,
} from "vantage-diorama";
import { describe, expect, test } from "vitest";
import { planFeed } from "../../src/dio/scenery-feed.ts";
import { everything, narrow, toCondition } from "../../src/query/index.ts";
import { createCapabilities } from "../../src/vista/index.ts";
import { createStage, openLens, type Product, settle, wholeOnly } from "./setup.ts";

const expensive = { id: "e", name: "Éclair", price: 999, category: "tarts" };

const failure = (work: () => unknown): DioramaError => {
  try {
    work();
  } catch (error) {
    return error as DioramaError;
  }
  return expect.fail("it should have failed");
};

type Configure = (builder: LensBuilder<Lens>) => LensBuilder<Lens>;

async function openDio(
  options: Parameters<typeof createStage>[0] = {},
  configure: Configure = (builder) => builder,
) {
  const stage = createStage(options);
  const lens = await openLens({ builder: configure(stage.builder), clock: stage.clock });
  return { ...stage, lens, dio: await lens.makeDio<Product>(stage.source) };
}

const shown = (table: {
  rows(from: number, to: number): readonly ({ id: string } | undefined)[];
}): (string | undefined)[] => table.rows(0, 100).map((row) => row?.id);

describe("how a row stands", () => {
  test("D40 a queued write, its failure, its end", async () => {
    const { dio, source, clock } = await openDio();
    const table = await dio.tableScenery({ orderBy: "id" }).open();
    source.setFaults({ latencyMs: { patch: [1_000, 1_000] } });
    await dio.vista().patch("a", { price: 1 });
    expect(table.row(0)).toMatchObject({ id: "a", row: { price: 1 }, status: "pending" });
    await clock.advance(1_000);
    await settle();
    expect(table.row(0)).toMatchObject({ row: { price: 1 }, status: "fresh" });
    source.heal();
    source.failNext("patch", new TypeError("no"), 10);
    await dio.vista().patch("a", { price: 2 });
    await clock.advance(600_000);
    await settle();
    expect(table.row(0)).toMatchObject({ row: { price: 1 }, status: "failed" });
    expect(table.row(0)?.error).toBe(dio.writes.failed()[0]?.error);
    const [letter] = dio.writes.failed();
    await dio.writes.discard(letter?.op.opId ?? "");
    expect(table.row(0)?.status).toBe("fresh");
  });

  test("D40 a failed write that readers never saw is told by its end too", async () => {
    const { dio, source } = await openDio({}, (builder) => builder.optimistic(false));
    const record = await dio.recordScenery("a").open();
    const told: (string | undefined)[] = [];
    record.subscribe(() => told.push(record.status));
    source.failNext("patch", new DioramaError("rejected", "made up"));
    await dio.vista().patch("a", { price: 1 });
    await settle();
    const [letter] = dio.writes.failed();
    await dio.writes.retry(letter?.op.opId ?? "");
    await settle();
    expect([told, record.row?.price]).toEqual([["failed", "fresh"], 300]);
  });

  test("D39 D40 D46 a row that is declared out of date is stale, and read again while somebody looks at it", async () => {
    const { dio, backend, source, clock } = await openDio();
    const table = await dio.tableScenery({ orderBy: "id" }).open();
    source.setFaults({ latencyMs: { get: [100, 100] } });
    const told: (string | undefined)[] = [];
    const record = await dio.recordScenery("b").open();
    record.subscribe(() => told.push(`${record.status} ${record.row?.price}`));
    backend.source.set("b", { id: "b", name: "Bun", price: 130, category: "buns" });
    await dio.invalidateRecord("a");
    await dio.invalidateRecord("b");
    expect(table.rows(0, 2).map((row) => row?.status)).toEqual(["stale", "stale"]);
    await clock.advance(100);
    await settle();
    expect(table.rows(0, 2).map((row) => row?.status)).toEqual(["fresh", "fresh"]);
    expect([source.calls("get"), told]).toEqual([2, ["stale 120", "fresh 130"]]);
    table.setViewport(0, 1);
    await dio.invalidateRecord("a");
    await dio.invalidateRecord("c");
    await clock.advance(100);
    await settle();
    expect(["a", "c"].map((id) => table.row(table.indexOf(id))?.status)).toEqual(["fresh", "stale"]);
    expect(source.calls("get")).toBe(3);
  });

  test("D40 a row that came from elsewhere while it was read is no longer loading when the read has ended", async () => {
    const { dio, clock, source, backend } = await openDio({}, (builder) => builder.onStart(seedFromMaster));
    const table = await dio.tableScenery().open();
    const record = await dio.recordScenery("e").open();
    source.setFaults({ latencyMs: { get: [100, 100] } });
    backend.source.set("e", expensive);
    await dio.invalidateRecord("e");
    await dio.handleEvent({ type: "inserted", id: "e", row: expensive });
    const statusOf = () => table.rows(0, 100).find((row) => row?.id === "e")?.status;
    expect([statusOf(), record.status]).toEqual(["loading", "loading"]);
    const told: unknown[] = [];
    table.subscribe(() => told.push(statusOf()));
    await clock.advance(100);
    await settle();
    expect([statusOf(), record.status, told]).toEqual(["fresh", "fresh", ["fresh"]]);
  });

  test("D40 D46 what passes freshFor is stale at that moment, told, and renewed behind", async () => {
    const { dio, backend, source, clock } = await openDio({}, (builder) => builder.freshFor("1m"));
    const table = await dio.tableScenery({ orderBy: "id" }).open();
    table.setViewport(0, 10);
    const told: (string | undefined)[] = [];
    table.subscribe(() => told.push(`${table.row(0)?.status} ${table.row(0)?.row.price}`));
    source.setFaults({ latencyMs: { read: [1_000, 1_000] } });
    backend.source.set("a", { id: "a", name: "Apple tart", price: 1, category: "tarts" });
    await clock.advance(60_000);
    expect([table.row(0)?.status, told]).toEqual(["fresh", []]);
    await clock.advance(1);
    expect(told).toEqual(["stale 300"]);
    await clock.advance(2_000);
    await settle();
    expect([told.at(-1), table.row(0)?.status]).toEqual(["fresh 1", "fresh"]);
  });

  test("D40 D46 a single row of an incomplete cache too", async () => {
    const { dio, backend, clock, source } = await openDio({}, (builder) => builder.freshFor("1m"));
    const record = await dio.recordScenery("a").open();
    expect([record.row?.price, record.status]).toEqual([300, "fresh"]);
    await clock.advance(30_000);
    const other = await dio.recordScenery("b").open();
    backend.source.set("a", { id: "a", name: "Apple tart", price: 1, category: "tarts" });
    source.setFaults({ latencyMs: { get: [10, 10] } });
    await clock.advance(30_001);
    expect([record.status, other.status]).toEqual(["stale", "fresh"]);
    await clock.advance(10);
    await settle();
    expect([record.row?.price, record.status]).toEqual([1, "fresh"]);
  });
});

describe("how a table is fed", () => {
  const situation = {
    complete: false,
    seeding: false,
    hasOnQuery: false,
    hasOnLoadChunk: false,
    hasTotalProvider: false,
    master: createCapabilities({ canFetchNext: true, canMatch: true }),
  };
  const tarts = narrow(everything, toCondition(["category", "=", "tarts"], {}));
  const cheap = narrow(everything, toCondition(["price", "<", 5], {}));
  const paging = { ...situation, hasTotalProvider: true };
  const windows = createCapabilities({ canFetchWindow: true });

  test.for([
    ["tokens and no more", everything, situation, "sequential"],
    ["what the master matches", tarts, situation, "sequential"],
    ["what the master can't filter", cheap, situation, "eager"],
    ["a complete cache", tarts, { ...situation, complete: true, hasOnLoadChunk: true }, "eager"],
    ["a seed that is running", tarts, { ...situation, seeding: true, hasOnLoadChunk: true }, "eager"],
    ["onLoadChunk", cheap, { ...situation, hasOnLoadChunk: true, hasOnQuery: true }, "paged"],
    ["onQuery", everything, { ...situation, hasOnQuery: true }, "eager"],
    ["a total and windows", everything, { ...paging, master: windows }, "paged"],
    ["a total and windows of other rows", tarts, { ...paging, master: windows }, "eager"],
    ["a total without positions", everything, paging, "sequential"],
    ["windows without a total", everything, { ...situation, master: windows }, "eager"],
  ] as const)("D41 %s", ([, query, given, feed]) => {
    expect(planFeed(query, given)).toBe(feed);
  });
});

describe("what a table needs", () => {
  test("D42 the master's answer stays, and is asked for once", async () => {
    const { dio, source, backend } = await openDio();
    await dio.cache.insert("x", { id: "x", name: "Gone", price: 1, category: "tarts" });
    await dio.vista().patch("d", { category: "tarts" });
    await settle();
    const options = { where: ["category", "=", "tarts"], orderBy: "price" } as const;
    const first = await dio.tableScenery(options).open();
    expect([shown(first), first.state.kind]).toEqual([["d", "a", "c"], "complete"]);
    const reads = source.calls("read");
    const second = await dio.tableScenery({ ...options, orderBy: "name" }).open();
    expect([shown(second), source.calls("read"), dio.cache.complete]).toEqual([
      ["a", "c", "d"],
      reads,
      false,
    ]);
    backend.source.set("e", expensive);
    await dio.refresh();
    await settle();
    expect(shown(first)).toEqual(["d", "a", "c", "e"]);
  });

  test("D42 a row with a queued write that the master no longer tells of is read again, not taken out", async () => {
    const { dio, source } = await openDio();
    await dio.cache.insert("x", { id: "x", name: "Gone", price: 1, category: "tarts" });
    source.setFaults({ latencyMs: { patch: [100, 100] } });
    await dio.vista().patch("x", { price: 2 });
    const table = await dio.tableScenery({ where: ["category", "=", "tarts"], orderBy: "id" }).open();
    expect(table.rows(0, 9).map((row) => [row?.id, row?.status])).toEqual([
      ["a", "fresh"],
      ["c", "fresh"],
      ["x", "pending"],
    ]);
  });

  test("D42 what the master can't match it is read whole for, once for all who wait", async () => {
    const { dio, source } = await openDio({ capabilities: wholeOnly });
    const where = ["price", ">", 200] as const;
    const [table, total] = await Promise.all([
      dio.tableScenery({ where, orderBy: "price" }).open(),
      Promise.resolve(dio.valueScenery({ where }).sum("price")),
    ]);
    await settle();
    expect([shown(table), total.value, source.calls("read"), dio.cache.complete]).toEqual([
      ["d", "a", "c"],
      900,
      1,
      true,
    ]);
  });

  test("D42 onQuery fills once for order and all, again when it was forgotten", async () => {
    const asked: string[] = [];
    const { dio, backend } = await openDio({}, (builder) =>
      builder.onQuery(async (each, { conditions }) => {
        asked.push(`${conditions.length}`);
        await each.cache.insertAll((await each.master.list()) as ReadonlyMap<string, Row>);
      }),
    );
    const table = await dio.tableScenery({ orderBy: "price" }).open();
    await dio.tableScenery({ orderBy: "name" }).open();
    expect([shown(table), asked]).toEqual([["b", "d", "a", "c"], ["0"]]);
    backend.source.set("e", expensive);
    await dio.invalidateAll();
    await settle();
    expect([shown(table), asked]).toEqual([
      ["b", "d", "a", "c", "e"],
      ["0", "0"],
    ]);
  });

  test("D46 everything that is declared out of date is renewed while somebody looks", async () => {
    const { dio, backend, source } = await openDio();
    const table = await dio.tableScenery({ orderBy: "id" }).open();
    backend.source.remove("a");
    await dio.invalidateAll();
    await settle();
    expect([shown(table), source.calls("read")]).toEqual([["b", "c", "d"], 2]);
    table.close();
    await dio.invalidateAll();
    await settle();
    expect(source.calls("read")).toBe(2);
  });
});

describe("the life of Sceneries", () => {
  test("D36 D44 closing the Dio ends them, told once, and nothing calls back after it", async () => {
    const { dio, clock } = await openDio();
    const table = await dio.tableScenery().open();
    const record = dio.recordScenery("a");
    const total = dio.valueScenery().count();
    const told: string[] = [];
    table.subscribe(() => told.push(`table ${table.state.kind}`));
    record.subscribe(() => told.push(`record ${record.state.kind}`));
    total.subscribe(() => told.push(`total ${total.state.kind}`));
    expect(dio.diagnostics().views.sceneries).toBe(3);
    await dio.close();
    await clock.advance(600_000);
    expect(told.toSorted()).toEqual(["record error", "table error", "total error"]);
    expect(table.state).toMatchObject({ kind: "error", error: { code: "closed" } });
    expect([table.rowCount, table.row(0), record.row]).toEqual([0, undefined, undefined]);
    for (const call of [() => dio.tableScenery(), () => dio.recordScenery("a"), () => dio.valueScenery()])
      expect(failure(call).code).toBe("closed");
  });

  test("D44 a cache that keeps nothing has none to show", async () => {
    const { dio } = await openDio({}, (builder) => builder.cacheSource(createNoCache()));
    for (const call of [() => dio.tableScenery(), () => dio.recordScenery("a"), () => dio.valueScenery()])
      expect(failure(call).code).toBe("unsupported");
  });

  test("D37 D44 views and handles are told in the diagnostics, and let go of", async () => {
    const { dio, clock } = await openDio();
    const table = await dio.tableScenery({ orderBy: "price" }).open();
    expect(dio.diagnostics().views).toMatchObject({ open: 1, idle: 0, sceneries: 1 });
    expect(dio.diagnostics().views.sizeBytes).toBeGreaterThan(0);
    table.close();
    expect(dio.diagnostics().views).toMatchObject({ open: 0, idle: 1, sceneries: 0 });
    await clock.advance(120_000);
    expect(dio.diagnostics().views).toEqual({ open: 0, idle: 0, sizeBytes: 0, sceneries: 0 });
  });
});

describe("the facade and the views", () => {
  test("D45 a Scenery and the facade stand on one view, kept for a while after the last use", async () => {
    const { dio, clock } = await openDio({}, (builder) => builder.onStart(seedFromMaster));
    const query = dio.vista().where("category", "tarts").orderBy("price", "desc");
    expect([...(await query.list()).keys()]).toEqual(["c", "a"]);
    const table = await dio
      .tableScenery({ where: ["category", "=", "tarts"], orderBy: ["price", "desc"] })
      .open();
    expect(dio.diagnostics().views.open).toBe(1);
    await dio.cache.insert("e", expensive);
    expect([...(await query.fetchPage(2, 1)).rows.keys(), table.row(1)?.id]).toEqual(["c", "c"]);
    expect((await query.fetchWindow(1, 2)).total).toBe(3);
    const { rows, token } = await query.fetchNext(undefined, 2);
    expect([...rows.keys(), ...(await query.fetchNext(token, 2)).rows.keys()]).toEqual(["e", "c", "a"]);
    table.close();
    expect(await query.count()).toBe(3);
    // The order, and the count.
    expect(dio.diagnostics().views).toMatchObject({ open: 0, idle: 2 });
    await clock.advance(120_000);
    expect(dio.diagnostics().views.idle).toBe(0);
  });

  test("D2 D45 a read in the middle of a stretch sees what was written in it", async () => {
    const { dio } = await openDio();
    const table = await dio.tableScenery({ orderBy: ["price", "desc"] }).open();
    const effects: string[] = [];
    table.subscribe(() => effects.push(`${table.rowCount} ${table.row(0)?.id}`));
    const written = dio.cache.insert("e", expensive);
    expect([table.row(0)?.id, table.rowCount, effects]).toEqual(["e", 5, []]);
    const again = dio.cache.insert("e", { ...expensive, price: 1_000 });
    expect(table.row(0)?.row.price).toBe(1_000);
    await Promise.all([written, again]);
    expect(effects).toEqual(["5 e"]);
  });
});
