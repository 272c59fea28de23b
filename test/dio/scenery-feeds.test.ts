import { Lens, type LensBuilder, memory, type Range, type LoadSink, seedFromMaster } from "vantage-diorama";
import { createFaultySource, createManualClock } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { openLens, settle } from "./setup.ts";

interface Part {
  readonly id: string;
  readonly rank: number;
}

const parts: readonly Part[] = Array.from({ length: 300 }, (_, rank) => ({
  id: `p${String(rank).padStart(4, "0")}`,
  rank,
}));

const tokensOnly = { canFetchPage: false, canFetchWindow: false, canCount: false } as const;

async function openParts(
  configure: (builder: LensBuilder<Lens>, asked: string[]) => LensBuilder<Lens>,
  capabilities: object = {},
) {
  const clock = createManualClock();
  const backend = memory<Part>("parts", { id: "id", rows: parts, capabilities });
  const source = createFaultySource(backend.source, { clock });
  const asked: string[] = [];
  const lens = await openLens({ builder: configure(Lens.builder().clock(clock), asked), clock });
  return { clock, source, backend, asked, dio: await lens.makeDio<Part>(source) };
}

const paged = (builder: LensBuilder<Lens>, asked: string[]): LensBuilder<Lens> =>
  builder
    .totalProvider(() => Promise.resolve(parts.length))
    .onLoadChunk(async (_dio, range: Range, sink: LoadSink, query) => {
      asked.push(`${range.start}..${range.end}`);
      const isDown = query.order[0]?.direction === "desc";
      const rows = isDown ? parts.toReversed() : parts;
      for (let index = range.start; index < range.end; index++) {
        const part = rows[index];
        if (part !== undefined) sink.push(index, part.id, { ...part });
      }
    })
    .pageSize(20)
    .viewportDebounce(10);

describe("a table follows how its query is fed", () => {
  test("S40 paged, then the cache becomes complete: all rows are there in one step, what is shown stays", async () => {
    const { dio, asked, clock } = await openParts((builder, log) =>
      paged(builder, log).onRefresh(async (each, call) => {
        await seedFromMaster(each, call);
        return { complete: true };
      }),
    );
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    const other = await dio.tableScenery({ orderBy: "rank" }).open();
    table.setViewport(0, 20);
    await clock.advance(10);
    await settle();
    expect([table.state.kind, table.row(250), asked]).toEqual(["partial", undefined, ["0..20"]]);
    const before = table.row(3);
    const told: unknown[] = [];
    table.subscribe(({ ranges }) => told.push([table.state.kind, ranges, table.row(250)?.id]));
    const heard: unknown[] = [];
    other.subscribe(() => heard.push(other.rows(0, Infinity).filter((row) => row !== undefined).length));
    await dio.refresh();
    await settle();
    expect([table.state.kind, table.rowCount, table.row(250)?.id, table.hasMore]).toEqual([
      "complete",
      300,
      "p0250",
      false,
    ]);
    expect(told).toEqual([["complete", [], "p0250"]]);
    expect(heard.at(-1)).toBe(300);
    expect(table.row(3)).toBe(before);
    await dio.cache.insert("p0000a", { id: "p0000a", rank: 0.5 });
    expect([table.row(1)?.id, other.indexOf("p0000a"), table.rowCount]).toEqual(["p0000a", 1, 301]);
    table.setViewport(200, 220);
    await clock.advance(1_000);
    await settle();
    const count = asked.length;
    table.setViewport(100, 120);
    await clock.advance(1_000);
    await settle();
    expect([asked.length, table.row(100)?.id]).toEqual([count, "p0099"]);
    table.close();
    other.close();
    expect(dio.diagnostics().views.sceneries).toBe(0);
  });

  test("S40 eager, then the cache is cleared: it is paged where there is onLoadChunk, and the master not read", async () => {
    const { dio, asked, source, clock } = await openParts((builder, log) =>
      paged(builder, log).onStart(async (each, call) => {
        await seedFromMaster(each, call);
        return { complete: true };
      }),
    );
    const table = await dio.tableScenery({ orderBy: ["rank", "desc"] }).open();
    table.setViewport(0, 5);
    expect([table.state.kind, table.rowCount, asked]).toEqual(["complete", 300, []]);
    const told: string[] = [];
    table.subscribe(() => told.push(`${table.state.kind} ${table.rowCount} ${table.row(0)?.id}`));
    await dio.cache.clear();
    expect(table.total).toEqual({ value: undefined, kind: "unknown" });
    await clock.advance(10);
    await settle();
    expect([table.state.kind, table.rowCount, table.row(0)?.id]).toEqual(["partial", 300, "p0299"]);
    expect([asked, source.calls("read")]).toEqual([["0..20"], 1]);
    // What the first block brings into the cache, the old model shows too.
    expect(told.filter((each) => !each.startsWith("partial"))).toEqual([]);
    expect(told).toContain("partial 0 undefined");
    expect(told.at(-1)).toBe("partial 300 p0299");
  });

  test("S40 eager, then cleared without onLoadChunk: read through again, or walked where that is all there is", async () => {
    const { dio, source } = await openParts((builder) => builder.onStart(seedFromMaster));
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    await dio.cache.clear();
    await settle();
    expect([table.state.kind, table.rowCount, source.calls("read") > 1]).toEqual(["complete", 300, true]);

    const walked = await openParts((builder) => builder.onStart(seedFromMaster).pageSize(20), tokensOnly);
    const list = await walked.dio.tableScenery({ orderBy: "rank" }).open();
    expect([list.state.kind, list.rowCount]).toEqual(["complete", 300]);
    await walked.dio.cache.clear();
    await settle();
    expect([list.state.kind, list.rowCount, list.hasMore]).toEqual(["partial", 20, true]);
  });

  test("S40 sequential, then the whole is read: complete in one step", async () => {
    const { dio } = await openParts((builder) => builder.pageSize(20), tokensOnly);
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    expect([table.state.kind, table.rowCount, table.hasMore]).toEqual(["partial", 20, true]);
    const told: number[] = [];
    table.subscribe(() => told.push(table.rowCount));
    await dio.vista().list();
    await settle();
    expect(dio.cache.complete).toBe(true);
    expect([table.state.kind, table.rowCount, told.at(-1)]).toEqual(["complete", 300, 300]);
  });

  test("S40 a table opened on a seed that then does not complete the cache is paged, and reads nothing whole", async () => {
    const gate = Promise.withResolvers<void>();
    const { dio, asked, source } = await openParts((builder, log) =>
      paged(builder, log)
        .onStartBlocking(false)
        .onStart(() => gate.promise),
    );
    const opening = dio.tableScenery({ orderBy: "rank" }).open();
    await settle();
    expect(asked).toEqual([]);
    gate.resolve();
    const table = await opening;
    await settle();
    expect([table.row(0)?.id, table.rowCount, asked, source.calls("read")]).toEqual([
      "p0000",
      300,
      ["0..20"],
      0,
    ]);
  });

  test("S40 a setter that is under way when the cache becomes complete ends with all rows of its own query", async () => {
    const { dio } = await openParts((builder, log) =>
      paged(builder, log).onRefresh(async (each, call) => {
        await seedFromMaster(each, call);
        return { complete: true };
      }),
    );
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    const ordered = table.setOrder(["rank", "desc"]);
    await Promise.all([ordered, dio.refresh()]);
    await settle();
    expect([table.row(0)?.id, table.row(299)?.id, table.state.kind]).toEqual(["p0299", "p0000", "complete"]);
  });
});
