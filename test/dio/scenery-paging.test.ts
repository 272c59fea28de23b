import { type DioEvent, Lens, type LensBuilder, type LoadSink, memory, type Range } from "vantage-diorama";
import { createFaultySource, createManualClock } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { openLens, recordEvents, settle } from "./setup.ts";

interface Part {
  readonly id: string;
  readonly rank: number;
}

const parts: readonly Part[] = Array.from({ length: 1_000 }, (_, rank) => ({
  id: `p${String(rank).padStart(4, "0")}`,
  rank,
}));

const tokensOnly = {
  canFetchPage: false,
  canFetchWindow: false,
} as const;

async function openParts(
  configure: (builder: LensBuilder<Lens>) => LensBuilder<Lens>,
  capabilities: object = {},
) {
  const clock = createManualClock();
  const backend = memory<Part>("parts", { id: "id", rows: parts, capabilities });
  const source = createFaultySource(backend.source, { clock });
  const lens = await openLens({ builder: configure(Lens.builder().clock(clock)), clock });
  return { clock, source, backend, lens, dio: await lens.makeDio<Part>(source) };
}

/** What was asked, and how each load ends. */
function createLoader() {
  const ranges: string[] = [];
  const loader = {
    ranges,
    fail: undefined as Error | undefined,
    load: async (range: Range, sink: LoadSink<Part>): Promise<void> => {
      ranges.push(`${range.start}..${range.end}`);
      for (const part of parts.slice(range.start, range.end)) sink.push(part.rank, part.id, part);
      if (loader.fail !== undefined) throw loader.fail;
    },
  };
  return loader;
}

describe("blocks", () => {
  test("D43 L12 are loaded by onLoadChunk, into the cache, and told", async () => {
    const loader = createLoader();
    const { dio, clock } = await openParts((builder) =>
      builder
        .totalProvider(() => Promise.resolve(1_000))
        .onLoadChunk((_dio, range, sink) => loader.load(range, sink as never))
        .pageSize(20)
        .viewportDebounce(10),
    );
    const events = recordEvents(dio);
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    await settle();
    expect([table.rowCount, table.row(0)?.id, dio.cache.complete]).toEqual([1_000, "p0000", false]);
    table.setViewport(500, 510);
    await clock.advance(10);
    await settle();
    expect([table.row(500)?.id, await dio.cache.get("p0500"), loader.ranges.at(-1)]).toEqual([
      "p0500",
      parts[500],
      "500..520",
    ]);
    const told = (type: DioEvent["type"]): number => events.filter((event) => event.type === type).length;
    expect([told("rangeLoaded") > 0, told("viewportChanged") > 0, told("loadFailed")]).toEqual([
      true,
      true,
      0,
    ]);
  });

  test("D43 of a load that failed nothing is kept, and it is told", async () => {
    const loader = createLoader();
    loader.fail = new TypeError("made up");
    const { dio } = await openParts((builder) =>
      builder
        .totalProvider(() => Promise.resolve(1_000))
        .onLoadChunk((_dio, range, sink) => loader.load(range, sink as never)),
    );
    const events = recordEvents(dio);
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    await settle();
    expect([table.state.kind, await dio.cache.count()]).toEqual(["error", 0]);
    expect(events.filter(({ type }) => type === "loadFailed").length).toBeGreaterThan(0);
  });

  test("D43 a loader that pushes after its end is ignored", async () => {
    let late: (() => void) | undefined;
    const { dio } = await openParts((builder) =>
      builder
        .totalProvider(() => Promise.resolve(2))
        .onLoadChunk(async (_dio, _range, sink) => {
          sink.push(0, "a", { id: "a" });
          late = () => sink.push(1, "b", { id: "b" });
        }),
    );
    const table = await dio.tableScenery().open();
    await settle();
    late?.();
    await settle();
    expect([table.row(0)?.id, table.row(1), await dio.cache.get("a")]).toEqual(["a", undefined, { id: "a" }]);
    expect(await dio.cache.count()).toBe(1);
  });

  test("D43 a bad total is none", async () => {
    const { dio } = await openParts((builder) => builder.totalProvider(() => Promise.resolve(-1)));
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    await settle();
    expect([table.total.kind === "stated", table.row(0)?.id]).toEqual([false, "p0000"]);
  });

  test.for([
    ["windows", {}, "window"],
    ["pages", { canFetchWindow: false }, "page"],
  ] as const)("D43 without onLoadChunk come from the master's %s", async ([, capabilities, call]) => {
    const { dio, clock, source } = await openParts(
      (builder) => builder.totalProvider((each) => each.master.count()),
      capabilities,
    );
    const table = await dio.tableScenery({ orderBy: ["rank", "desc"] }).open();
    table.setViewport(500, 520);
    await clock.advance(50);
    await settle();
    expect([table.row(500)?.id, table.rowCount, source.calls("read")]).toEqual(["p0499", 1_000, 0]);
    expect(source.calls(call)).toBeGreaterThan(0);
  });
});

describe("tokens", () => {
  test("D41 D43 a master with nothing else is walked", async () => {
    const { dio, source } = await openParts((builder) => builder.pageSize(300), tokensOnly);
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    expect([table.rowCount >= 300, table.hasMore, table.row(299)?.id]).toEqual([true, true, "p0299"]);
    for (let left = 5; left > 0 && table.hasMore; left--) await table.loadMore();
    expect([table.rowCount, table.hasMore, await dio.cache.count()]).toEqual([1_000, false, 1_000]);
    expect([source.calls("read"), dio.cache.complete]).toEqual([0, false]);
  });
});
