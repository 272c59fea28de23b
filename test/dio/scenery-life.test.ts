import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createActivity, type DioramaError, Lens, type LensBuilder, memory } from "vantage-diorama";
import { createFaultySource, createManualClock } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { openLens, recordEvents, settle } from "./setup.ts";

interface Part {
  readonly id: string;
  readonly rank: number;
}

const parts: readonly Part[] = Array.from({ length: 1_000 }, (_, rank) => ({ id: `p${rank}`, rank }));

async function openParts(
  configure: (builder: LensBuilder<Lens>) => LensBuilder<Lens> = (builder) => builder,
  capabilities: object = {},
) {
  const clock = createManualClock();
  const backend = memory<Part>("parts", { id: "id", rows: parts, capabilities });
  const source = createFaultySource(backend.source, { clock });
  const lens = await openLens({ builder: configure(Lens.builder().clock(clock)), clock });
  return { clock, source, backend, lens, dio: await lens.makeDio<Part>(source) };
}

interface Asked {
  readonly range: string;
  readonly signal: AbortSignal;
  answer(): void;
}

/** A loader that answers when the test says so. */
function createHeldLoader() {
  const asked: Asked[] = [];
  const configure = (builder: LensBuilder<Lens>): LensBuilder<Lens> =>
    builder
      .totalProvider(async () => parts.length)
      .pageSize(20)
      .onLoadChunk(async (...[, { start, end }, sink, , { signal }]) => {
        await new Promise<void>((resolve) =>
          asked.push({ range: `${start}..${end}`, signal, answer: resolve }),
        );
        for (const part of parts.slice(start, end)) sink.push(part.rank, part.id, { ...part });
      });
  return { asked, configure };
}

const byWindow = (builder: LensBuilder<Lens>): LensBuilder<Lens> =>
  builder.totalProvider(async () => parts.length).pageSize(20);

describe("blocks of a Dio", () => {
  test("S25 S26 L12 a burst of viewports loads the last only, and the signals reach the callback", async () => {
    const { asked, configure } = createHeldLoader();
    const { dio, clock } = await openParts((builder) => configure(builder).viewportDebounce(40));
    const events = recordEvents(dio);
    const opening = dio.tableScenery({ orderBy: "rank" }).open();
    await settle();
    asked[0]?.answer();
    const table = await opening;
    for (let at = 1; at <= 10; at++) {
      table.setViewport(at * 50, at * 50 + 10);
      await clock.advance(39);
    }
    expect(asked.length).toBe(1);
    await clock.advance(1);
    await settle();
    expect(asked.map(({ range }) => range)).toEqual(["0..20", "500..520"]);
    table.setViewport(700, 710);
    await clock.advance(39);
    expect(asked[1]?.signal.aborted).toBe(false);
    await clock.advance(1);
    await settle();
    expect([asked[1]?.signal.aborted, asked[2]?.range]).toEqual([true, "700..720"]);
    asked[2]?.answer();
    asked[1]?.answer();
    await settle();
    expect([table.row(705)?.id, table.row(505), await dio.cache.get("p505")]).toEqual([
      "p705",
      undefined,
      undefined,
    ]);
    expect(events.flatMap((event) => (event.type === "viewportChanged" ? [event.range.start] : []))).toEqual([
      500, 700,
    ]);
  });

  test("S28 D35 D43 a call of the master that hangs fails its load after the deadline, and is made again", async () => {
    const { dio, source, clock } = await openParts((builder) => byWindow(builder).deadline("5s"));
    const events = recordEvents(dio);
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    source.setFaults({ latencyMs: { window: [1e9, 1e9] } });
    table.setViewport(100, 110);
    await clock.advance(50);
    await settle();
    await clock.advance(4_999);
    expect(table.state.kind).toBe("partial");
    await clock.advance(1);
    await settle();
    expect(table.state).toMatchObject({ kind: "error", error: { code: "timeout" } });
    expect([table.row(0)?.id, table.row(100)]).toEqual(["p0", undefined]);
    expect(events.some(({ type }) => type === "loadFailed")).toBe(true);
    source.heal();
    await clock.advance(60_000);
    await settle();
    expect([table.state.kind, table.row(100)?.id]).toEqual(["partial", "p100"]);
  });

  test("S28 D35 offline nothing is asked for, what is shown stays, and it comes when there is a line again", async () => {
    const activity = createActivity();
    const { dio, source, clock } = await openParts((builder) => byWindow(builder).activity(activity));
    const table = await dio.tableScenery({ orderBy: "rank" }).open();
    activity.set("offline");
    const calls = source.calls("window");
    table.setViewport(100, 110);
    await clock.advance(50);
    await settle();
    expect(table.state).toMatchObject({ kind: "error", error: { code: "unavailable" } });
    expect([table.row(0)?.id, source.calls("window")]).toEqual(["p0", calls]);
    activity.set("active");
    await clock.advance(60_000);
    await settle();
    expect([table.state.kind, table.row(100)?.id]).toEqual(["partial", "p100"]);
  });

  test("S26 S39 the last handle of a table takes its loads and timers with it", async () => {
    const { asked, configure } = createHeldLoader();
    const { dio, clock } = await openParts(configure);
    const opening = dio.tableScenery({ orderBy: "rank" }).open();
    await settle();
    asked[0]?.answer();
    const table = await opening;
    const timers = clock.timerCount;
    table.setViewport(500, 510);
    await clock.advance(50);
    await settle();
    const other = await dio.tableScenery({ orderBy: "rank" }).open();
    table.close();
    expect(asked.at(-1)?.signal.aborted).toBe(true);
    other.setViewport(300, 310);
    other.close();
    await settle();
    expect([clock.timerCount <= timers, dio.diagnostics().views.sceneries]).toEqual([true, 0]);
  });
});

describe("handles", () => {
  test("S17 a handle ends with its block, where it is used", async () => {
    const { dio } = await openParts();
    {
      using table = await dio.tableScenery({ orderBy: "rank" }).open();
      using record = await dio.recordScenery("p1").open();
      using count = await dio.valueScenery().count().open();
      using sums = dio.valueScenery({ groupBy: "rank" }).sum("rank");
      using size = await dio
        .valueScenery()
        .reduce((sum) => sum + 1, 0)
        .open();
      expect([table.rowCount, record.exists, count.value, sums.value?.size, size.value]).toEqual([
        1_000,
        true,
        1_000,
        1_000,
        1_000,
      ]);
      expect(dio.diagnostics().views.sceneries).toBe(5);
    }
    expect(dio.diagnostics().views.sceneries).toBe(0);
  });
});

describe("the end of a Dio", () => {
  test.for([
    ["the Dio", "dio"],
    ["the Lens", "lens"],
  ] as const)("S2 S17 D44 opens and loads that are under way when %s closes", async ([, what]) => {
    const { asked, configure } = createHeldLoader();
    const opened = await openParts(configure);
    const { dio, clock } = opened;
    const outcome = (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => "opened",
        (error: DioramaError) => error.code,
      );
    const first = dio.tableScenery({ orderBy: "rank" }).open();
    await settle();
    asked[0]?.answer();
    const table = await first;
    table.setViewport(500, 510);
    await clock.advance(50);
    await settle();
    opened.source.setFaults({ latencyMs: { read: [1e6, 1e6], get: [1e6, 1e6] } });
    const told: string[] = [];
    table.subscribe(() => told.push(table.state.kind));
    const waiting = [
      outcome(dio.tableScenery({ orderBy: ["rank", "desc"] }).open()),
      outcome(dio.recordScenery("p900").open()),
      outcome(dio.valueScenery().sum("rank").open()),
      outcome(table.loadMore()),
      outcome(table.setOrder(["rank", "desc"])),
    ];
    const closing = opened[what].close();
    expect(await Promise.all(waiting)).toEqual(["closed", "closed", "closed", "opened", "opened"]);
    await closing;
    for (const load of asked) {
      expect(load.signal.aborted || load === asked[0]).toBe(true);
      load.answer();
    }
    await clock.advance(600_000);
    await settle();
    expect([told, table.state]).toMatchObject([["error"], { kind: "error", error: { code: "closed" } }]);
    expect(clock.timerCount).toBe(0);
    table.close();
    await expect(table.setOrder("rank")).rejects.toMatchObject({ code: "closed" });
    expect(() => table.setViewport(0, 5)).toThrow(expect.objectContaining({ code: "closed" }));
  });
});

describe("a process with Sceneries", () => {
  const leaver = fileURLToPath(new URL("./scenery-leaver.ts", import.meta.url));

  test.for([
    ["closes", ["closed", "0 partial error partial undefined"]],
    ["leaves", ["0 partial error partial true"]],
  ] as const)("S17 S39 D36 ends by itself where it %s them", async ([mode, said]) => {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [leaver, mode], { timeout: 20_000 });
    expect(stdout.trim().split("\n")).toEqual(said);
  });
});
