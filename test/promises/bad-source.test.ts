import { createActivity, type Dio, DioramaError, Lens, memory, seedFromMaster } from "vantage-diorama";
import {
  createFaultySource,
  createManualClock,
  createRandom,
  type FaultySource,
  type ManualClock,
} from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";

interface Cell {
  readonly id: string;
  readonly generation: number;
  readonly group: string;
}

const ROWS = 2_500;
const SEEDS = process.env["DIORAMA_SEED"] === undefined ? 100 : 1;
const FIRST_SEED = Number(process.env["DIORAMA_SEED"] ?? 1);

/** Every row of one generation: a view that shows two generations at once is torn. */
function generationOf(generation: number): Cell[] {
  return Array.from({ length: ROWS }, (_, n) => ({
    id: `r${n}`,
    generation,
    group: n % 2 === 0 ? "even" : "odd",
  }));
}

/** The outcome of a call while the clock is moved on; it must come within so many milliseconds of its time. */
async function within<T>(
  clock: ManualClock,
  limitMs: number,
  work: Promise<T>,
): Promise<{ value: T } | { error: unknown }> {
  let outcome: { value: T } | { error: unknown } | undefined;
  work.then(
    (value) => (outcome = { value }),
    (error: unknown) => (outcome = { error }),
  );
  for (let passedMs = 0; passedMs <= limitMs && outcome === undefined; passedMs += 1_000)
    await clock.advance(1_000);
  return outcome ?? expect.fail(`no answer within ${limitMs} ms`);
}

interface Play {
  readonly dio: Dio<Cell>;
  readonly source: FaultySource<Cell>;
  readonly clock: ManualClock;
}

/** Runs one call; what it may cost the source is bounded, and its failure is one that programs can tell. */
async function call<T>(play: Play, budget: number, work: () => Promise<T>): Promise<T | undefined> {
  const before = play.source.calls();
  const outcome = await within(play.clock, 120_000, work());
  expect(play.source.calls() - before).toBeLessThanOrEqual(budget);
  if ("value" in outcome) return outcome.value;
  expect(outcome.error).toBeInstanceOf(Error);
  return undefined;
}

describe("a bad source harms only itself", () => {
  test.for(Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index))("P12 seed %i", async (seed) => {
    const random = createRandom(seed);
    const clock = createManualClock();
    const backend = memory<Cell>("cells", { id: "id", rows: generationOf(0) });
    const source = createFaultySource(backend.source, { seed, clock });
    const lens = await Lens.builder().clock(clock).deadline("30s").build();
    const dio = await lens.makeDio(source, { onStart: seedFromMaster });
    const play: Play = { dio, source, clock };

    const torn: number[][] = [];
    const look = async (): Promise<void> => {
      const shown = new Set([...(await dio.cache.list()).values()].map((row) => row.generation));
      if (shown.size > 1) torn.push([...shown]);
    };
    for (const type of ["invalidated", "recordChanged", "refreshFailed"] as const) dio.on(type, look);

    source.setFaults({
      latencyMs: [0, 2_000],
      errorRate: 0.3,
      nonErrorRate: 0.05,
      hangRate: 0.05,
      duplicatedIdRate: 0.1,
      partialPageRate: 0.2,
      duplicatedPageRate: 0.2,
      lyingTotalRate: 0.3,
      deafToAbort: random.chance(0.5),
    });
    for (let step = 1; step <= 6; step++) {
      backend.source.replaceAll(generationOf(step));
      const shownBefore = (await dio.vista().get("r0"))?.generation;
      const failedBefore = await call(play, 2, () => dio.refresh().then(() => "refreshed"));
      const shownAfter = (await dio.vista().get("r0"))?.generation;
      expect(shownAfter).toBe(failedBefore === "refreshed" ? step : shownBefore);
      // A complete cache asks nobody, whatever state the source is in.
      expect(await call(play, 0, () => dio.vista().where("group", "odd").count())).toBe(ROWS / 2);
      expect((await call(play, 0, () => dio.vista().orderBy("id").fetchPage(2, 10)))?.rows.size).toBe(10);
    }
    source.heal();
    expect(await call(play, 2, () => dio.refresh().then(() => "refreshed"))).toBe("refreshed");
    expect((await dio.vista().get("r0"))?.generation).toBe(6);
    expect(torn).toEqual([]);
    const closed = await within(clock, 60_000, lens.close());
    expect(closed).toEqual({ value: undefined });
  });

  test.for(Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index))(
    "P12 pages, counts and rows of an incomplete cache, seed %i",
    async (seed) => {
      const clock = createManualClock();
      const backend = memory<Cell>("cells", { id: "id", rows: generationOf(0).slice(0, 200) });
      const source = createFaultySource(backend.source, {
        seed,
        clock,
        latencyMs: [0, 2_000],
        errorRate: 0.3,
        nonErrorRate: 0.05,
        hangRate: 0.05,
        duplicatedIdRate: 0.1,
        lyingTotalRate: 0.3,
      });
      const lens = await Lens.builder().clock(clock).deadline("30s").activity(createActivity()).build();
      const play: Play = { dio: await lens.makeDio(source), source, clock };
      const vista = play.dio.vista();
      for (let step = 0; step < 8; step++) {
        const row = await call(play, 1, () => vista.get(`r${step}`));
        if (row !== undefined)
          expect(row).toEqual({ id: `r${step}`, generation: 0, group: step % 2 === 0 ? "even" : "odd" });
        const page = await call(play, 1, () => vista.orderBy("id").fetchPage(step + 1, 5));
        if (page !== undefined) expect(page.rows.size).toBeLessThanOrEqual(5);
        const odd = await call(play, 1, () => vista.where("group", "odd").list());
        if (odd !== undefined) expect([...odd.values()].every((each) => each.group === "odd")).toBe(true);
      }
      source.heal();
      expect(await call(play, 1, () => vista.where("group", "odd").count())).toBe(100);
      expect((await call(play, 2, () => vista.list()))?.size).toBe(200);
      await within(clock, 60_000, lens.close());
    },
  );

  test("P12 a source that throws what is no Error is named, and the next call works", async () => {
    const backend = memory<Cell>("cells", { id: "id", rows: generationOf(0).slice(0, 3) });
    const source = createFaultySource(backend.source);
    const lens = await Lens.builder().build();
    const dio = await lens.makeDio(source);
    source.failNext("read", "just a text");
    await expect(dio.vista().list()).rejects.toThrow(/cells, read: just a text/);
    source.failNext("read", undefined);
    await expect(dio.vista().list()).rejects.toBeInstanceOf(Error);
    source.failNext("read", new DioramaError("rejected", "no such table"));
    await expect(dio.vista().list()).rejects.toMatchObject({ code: "rejected" });
    expect((await dio.vista().list()).size).toBe(3);
    await lens.close();
  });
});
