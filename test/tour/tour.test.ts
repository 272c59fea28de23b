import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import type { TourReport } from "../../examples/tour/report.ts";
import { runTour } from "./run-tour.ts";
import { digest, reportOf, test } from "./tour-place.ts";

const zipcodes = fileURLToPath(new URL("../data/zipcodes.csv", import.meta.resolve("vega-datasets")));

describe.concurrent("the tour of the data set that comes along", { timeout: 60_000 }, () => {
  test("starts cold, as plain text where the output is no terminal; then warm, here as JSON", async ({
    place,
  }) => {
    const before = digest(zipcodes);
    const cold = await runTour(["--cache", place.cache, "--rows", "3000"]);
    expect({ code: cold.code, stderr: cold.stderr }).toEqual({ code: 0, stderr: "" });
    expect(cold.stdout).not.toMatch(/[^\P{Cc}\n]/u);
    expect(cold.stdout).toContain("A cold start");
    expect(cold.stdout).toMatch(/42,049 rows copied in [\d.]+ (?:ms|s)/);
    expect(cold.stdout).toMatch(/every row .* × (?:faster|slower)/);
    expect(cold.stdout).toContain("can't match by value or id");
    for (const question of ["filter state = ", "order by city", "page 100 by ", 'search "']) {
      expect(cold.stdout).toContain(question);
    }
    expect(cold.stdout).toContain("onWrite has it");
    expect(cold.stdout).toMatch(/queued on disk after [\d.]+\s\S+/);
    expect(cold.stdout).toMatch(/recordChanged "00544"/);
    expect(cold.stdout).toMatch(/A live table: [^]*3,000 rows, made in [^]*median +99 of 100\n/);
    checkReport(await place.report(), place.cache);
    expect(digest(zipcodes)).toBe(before);
  });

  function checkReport(report: TourReport, cache: string): void {
    const { tour, source, start, reads, questions, write: written, kept, upstream } = report;
    expect(tour).toBe("diorama");
    expect(source).toMatchObject({ package: "vega-datasets", id: ["zip_code"], sizeBytes: 2_018_388 });
    expect(start).toMatchObject({ kind: "warm", folder: cache, rows: 42_049, fileRead: false });
    expect(reads.map(({ what }) => what)).toEqual(["every row", expect.stringMatching(/^the row "/)]);
    expect(questions.answers.map(({ kind }) => kind)).toEqual(["filter", "order", "page", "search"]);
    expect(questions.left).toEqual([]);
    for (const { fileMs, copyMs, copyFirstMs, fileRounds, copyRounds } of [...reads, ...questions.answers]) {
      expect(Math.min(fileMs, copyMs, copyFirstMs, fileRounds, copyRounds)).toBeGreaterThan(0);
    }
    expect(written).toMatchObject({ rows: 42_049, whole: true, id: "00501", column: "city" });
    expect(kept).toMatchObject({ id: "00501", keptMs: expect.any(Number), foundMs: expect.any(Number) });
    expect(upstream).toMatchObject({ edits: { length: 3 } });
    expect("events" in upstream ? upstream.events.map(({ type }) => type).toSorted() : []).toEqual([
      "invalidated",
      "recordChanged",
      "recordInserted",
      "recordRemoved",
      "refreshing",
    ]);
    // The working copy and the kept write are gone with their folders, and nothing was written here.
    expect(readdirSync(cache).toSorted()).toEqual(["cache.db", "lock.db", "orders"]);
  }

  test("ends with a live table, whose changes and jumps are timed", async ({ place }) => {
    const { live } = reportOf(await runTour(["--json", "--cache", place.cache, "--rows", "3000"]));
    expect(live).toMatchObject({ wanted: 3_000, rows: 3_000, search: "lemon" });
    if ("skipped" in live) return;
    expect(live.seconds).toBeGreaterThanOrEqual(4);
    expect(live.changes).toBeGreaterThan(3_000);
    expect(live.repaints).toBeGreaterThan(0);
    expect(live.repaints).toBeLessThan(live.changes);
    expect(live.matches).toBeGreaterThan(0);
    for (const { median, p99 } of [live.changeMs, live.jumpMs]) {
      expect(median).toBeGreaterThan(0);
      expect(p99).toBeGreaterThanOrEqual(median);
    }
  });

  test("makes fewer rows where half of the heap holds no more, and says so", async ({ place }) => {
    const env = { NODE_OPTIONS: "--max-old-space-size=80" };
    const { code, stdout } = await runTour(["--cache", place.cache, "--rows", "1_000_000"], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ rows \(not 1,000,000: half of /);
  });

  test("npm start builds, and passes on options, output and exit code", async () => {
    const helped = await runTour(["--help"], { script: "start.mjs" });
    expect(helped).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("--skip-bad-rows") });
    expect((await runTour(["--never"], { script: "start.mjs" })).code).toBe(2);
  });
});
