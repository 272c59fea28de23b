import { DioramaError, type Logger } from "vantage-diorama";
import { describe, expect, test } from "vitest";
import { createStage, idOf, rowOf, settle, type Stage } from "./setup.ts";

function createLog(): { readonly logger: Logger; readonly errors: string[] } {
  const errors: string[] = [];
  const ignore = (): void => undefined;
  return { logger: { error: (message) => errors.push(message), info: ignore, debug: ignore }, errors };
}

const change = (stage: Stage, number: number, price: number): void =>
  stage.rows.set(idOf(number), { ...rowOf(number), price });

const priceOf = async (stage: Stage, number: number): Promise<unknown> =>
  (await stage.vista.get(idOf(number)))?.["price"];

describe("older than ttl", () => {
  test("LT13 rows are served at once and read again behind, once", async () => {
    const stage = createStage({ ttl: "1m" });
    expect(await priceOf(stage, 1)).toBe(1);
    change(stage, 1, 100);
    await stage.clock.advance(60_000);
    expect(await priceOf(stage, 1)).toBe(1);
    expect(stage.source.calls("get")).toBe(1);
    await stage.clock.advance(1);
    stage.source.setFaults({ latencyMs: [50, 50] });
    expect(await Promise.all([priceOf(stage, 1), priceOf(stage, 1)])).toEqual([1, 1]);
    expect(await priceOf(stage, 1)).toBe(1);
    expect(stage.source.calls("get")).toBe(2);
    await stage.clock.advance(50);
    await settle();
    expect(await priceOf(stage, 1)).toBe(100);
    expect(stage.source.calls("get")).toBe(2);
    const hits = stage.steps.flatMap((step) => (step.kind === "hit" ? [[step.ageMs, step.isStale]] : []));
    expect(hits).toEqual([
      [60_000, false],
      [60_001, true],
      [60_001, true],
      [60_001, true],
      [50, false],
    ]);
  });

  test("LT13 pages, counts, the first row and lists too", async () => {
    const stage = createStage({ ttl: 1_000, count: 15 });
    const { vista: table, rows, clock } = stage;
    const shown = async () => [
      (await table.fetchPage(2, 10)).rows.size,
      await table.count(),
      (await table.list()).size,
      (await table.fetchWindow(0, 15)).rows.size,
    ];
    expect(await shown()).toEqual([5, 15, 15, 15]);
    rows.remove(idOf(14));
    await clock.advance(1_001);
    stage.source.setFaults({ latencyMs: [50, 50] });
    expect(await shown()).toEqual([5, 15, 15, 15]);
    await clock.advance(50);
    await settle();
    expect(await shown()).toEqual([4, 14, 14, 14]);
  });

  test("LT13 a failure behind is told once, and the old rows are served on", async () => {
    const { logger, errors } = createLog();
    const stage = createStage({ ttl: 1_000, logger });
    await stage.vista.fetchPage(1, 10);
    await stage.vista.list();
    await stage.clock.advance(2_000);
    stage.source.goDown();
    for (let turn = 0; turn < 3; turn++) {
      expect((await stage.vista.fetchPage(1, 10)).rows.size).toBe(10);
      expect((await stage.vista.list()).size).toBe(95);
      await settle();
    }
    expect(errors).toEqual([expect.stringContaining("the source is down")]);
    expect(stage.told("fetchFailed").length).toBe(6);
    stage.source.heal();
    await stage.vista.fetchPage(1, 10);
    await settle();
    stage.source.goDown();
    await stage.clock.advance(2_000);
    await stage.vista.fetchPage(1, 10);
    await settle();
    expect(errors).toHaveLength(2);
  });

  test("LT13 a clock that was set back makes no entry immortal", async () => {
    const stage = createStage({ ttl: "1m" });
    await priceOf(stage, 1);
    change(stage, 1, 100);
    stage.clock.jumpWall(-3_600_000);
    expect(await priceOf(stage, 1)).toBe(1);
    await settle();
    expect(await priceOf(stage, 1)).toBe(100);
  });

  test("LT13 without ttl nothing is ever too old", async () => {
    const stage = createStage();
    await priceOf(stage, 1);
    change(stage, 1, 100);
    await stage.clock.advance(10 * 365 * 86_400_000);
    expect(await priceOf(stage, 1)).toBe(1);
  });
});

describe("older than ttl and staleFor together", () => {
  test("LT14 a read waits for the master, one flight for all", async () => {
    const stage = createStage({ ttl: "1m", staleFor: "1m" });
    await priceOf(stage, 1);
    await stage.vista.list();
    change(stage, 1, 100);
    await stage.clock.advance(120_001);
    expect(await Promise.all([priceOf(stage, 1), priceOf(stage, 1)])).toEqual([100, 100]);
    expect(stage.source.calls("get")).toBe(2);
    expect((await stage.vista.list()).get(idOf(1))).toMatchObject({ price: 100 });
    expect(stage.source.calls("read")).toBe(2);
  });

  test("LT14 it gets the old rows where the master fails, and the failure is told", async () => {
    const { logger, errors } = createLog();
    const stage = createStage({ ttl: "1m", staleFor: 0, logger });
    await priceOf(stage, 1);
    await stage.vista.list();
    await stage.clock.advance(60_001);
    stage.source.failNext("get", new DioramaError("unavailable", "down (made up)"));
    stage.source.failNext("read", new DioramaError("unavailable", "down (made up)"));
    expect(await priceOf(stage, 1)).toBe(1);
    expect((await stage.vista.list()).size).toBe(95);
    expect(errors).toEqual(["down (made up)"]);
    expect(stage.steps.findLast(({ kind }) => kind === "hit")).toMatchObject({ isStale: true });
  });

  test("LT14 an aborted reader and a closed table get no old rows", async () => {
    const stage = createStage({ ttl: "1m", staleFor: 0 });
    await priceOf(stage, 1);
    await stage.vista.list();
    await stage.clock.advance(60_001);
    stage.source.setFaults({ hangRate: 1 });
    const aborted = new AbortController();
    const call = { signal: aborted.signal };
    const left = [stage.vista.get(idOf(1), call), stage.vista.list(call)].map((read) =>
      read.catch((error: unknown) => error),
    );
    const waiting = [stage.vista.get(idOf(1)), stage.vista.list()].map((read) =>
      read.catch((error: unknown) => error),
    );
    await settle();
    aborted.abort(new Error("enough"));
    for (const read of left) expect(await read).toMatchObject({ message: "enough" });
    await stage.live.close();
    for (const read of waiting) expect(await read).toMatchObject({ code: "closed" });
  });
});
