import { DioramaError, Lens, memory } from "vantage-diorama";
import { createFaultySource } from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { generationOf, playReads, playRefreshes } from "./bad-source-battery.ts";

const SEEDS = process.env["DIORAMA_SEED"] === undefined ? 100 : 1;
const FIRST_SEED = Number(process.env["DIORAMA_SEED"] ?? 1);
const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);

describe("a bad source harms only itself", () => {
  test.for(seeds)("P12 refreshes, seed %i", async (seed) => {
    expect((await playRefreshes(seed))["calls"]).toBe(19);
  });

  test.for(seeds)("P12 pages, counts and rows of an incomplete cache, seed %i", async (seed) => {
    expect((await playReads(seed))["calls"]).toBe(26);
  });

  test("P12 a source that throws what is no Error is named, and the next call works", async () => {
    const backend = memory("cells", { id: "id", rows: generationOf(0).slice(0, 3) });
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
