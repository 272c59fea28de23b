import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { TourReport } from "../../examples/tour/report.ts";
import { type Outcome, runTour } from "./run-tour.ts";

const zipcodes = fileURLToPath(new URL("../data/zipcodes.csv", import.meta.resolve("vega-datasets")));
const all = mkdtempSync(join(tmpdir(), "diorama-tour-"));
let folder = "";
let cache = "";

beforeEach(() => {
  folder = mkdtempSync(join(all, "test-"));
  cache = join(folder, "cache");
});
afterAll(() => rmSync(all, { recursive: true, force: true }));

const digest = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function reportOf({ code, stdout, stderr }: Outcome): TourReport {
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as TourReport;
}

/** Without the live table, which has a test of its own. */
const runJson = async (...args: string[]): Promise<TourReport> =>
  reportOf(await runTour(["--json", "--cache", cache, "--rows", "0", ...args]));

describe("the tour of the data set that comes along", { timeout: 60_000 }, () => {
  test("starts cold, as plain text where the output is no terminal; then warm, here as JSON", async () => {
    const before = digest(zipcodes);
    const cold = await runTour(["--cache", cache, "--rows", "3000"]);
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
    checkReport(await runJson());
    expect(digest(zipcodes)).toBe(before);
  });

  function checkReport(report: TourReport): void {
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
    // The working copy and the kept write are gone with their folders.
    expect(readdirSync(cache).toSorted()).toEqual(["cache.db", "lock.db", "orders", "queue.db"]);
  }

  test("ends with a live table, whose changes and jumps are timed", async () => {
    const { live } = reportOf(await runTour(["--json", "--cache", cache, "--rows", "3000"]));
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

  test("makes fewer rows where half of the heap holds no more, and says so", async () => {
    const env = { NODE_OPTIONS: "--max-old-space-size=80" };
    const { code, stdout } = await runTour(["--cache", cache, "--rows", "1_000_000"], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ rows \(not 1,000,000: half of /);
  });

  test("npm start builds, and passes on options, output and exit code", async () => {
    const helped = await runTour(["--help"], { script: "start.mjs" });
    expect(helped).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("--skip-bad-rows") });
    expect((await runTour(["--never"], { script: "start.mjs" })).code).toBe(2);
  });
});

describe("the tour of a file of one's own", { timeout: 60_000 }, () => {
  test("numbers the rows without --id, says so, and never writes to the file", async () => {
    const file = write("sales.csv", "item,price\ntea,4\ncoffee,7\nscones,12\n");
    const before = digest(file);
    const { code, stdout } = await runTour(["sales.csv", "--cache", cache, "--rows", "0"], { cwd: folder });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ids +their numbers \(give --id <column>/);
    expect(stdout).toContain("file     sales.csv, 36 bytes");
    expect(stdout).toMatch(/recordChanged "2"[^]*recordInserted "4"/);
    expect(digest(file)).toBe(before);
  });

  test("finds the file from where npm was called", async () => {
    write("sales.csv", "item,price\ntea,4\n");
    const env = { npm_lifecycle_event: "start", INIT_CWD: folder };
    const outcome = await runTour(["sales.csv", "--json", "--cache", "kept", "--rows", "0"], { env });
    expect(reportOf(outcome).start).toMatchObject({ rows: 1, folder: join(folder, "kept") });
  });

  test("serves the kept rows when the file has changed, and refreshes behind", async () => {
    const file = write("sales.csv", "item,price\ntea,4\ncoffee,7\n");
    expect((await runJson(file, "--id", "item")).start).toMatchObject({ kind: "cold", rows: 2 });
    appendFileSync(file, "scones,12\n");
    const { start } = await runJson(file, "--id", "item");
    expect(start).toMatchObject({ kind: "stale", rows: 3, refresh: { changes: 1 } });
    expect((await runJson(file, "--id", "item")).start).toMatchObject({ kind: "warm", rows: 3 });
  });

  test("copies again with --fresh", async () => {
    const file = write("sales.csv", "item,price\ntea,4\n");
    await runJson(file);
    expect((await runJson(file, "--fresh")).start.kind).toBe("cold");
    const { stdout } = await runTour([file, "--cache", cache, "--rows", "0"]);
    expect(stdout).toContain("A warm start: the copy is there already");
    expect(stdout).toContain("the file was not read but for its first rows");
  });

  test("keeps two files of one name apart", async () => {
    const file = write("sales.csv", "item,price\ntea,4\n");
    const other = join(mkdtempSync(join(folder, "other-")), "sales.csv");
    writeFileSync(other, "item,price\ntea,4\ncoffee,7\n");
    await runJson(file);
    await runJson(other);
    expect((await runJson(file)).start).toMatchObject({ kind: "warm", rows: 1 });
    expect((await runJson(other)).start).toMatchObject({ kind: "warm", rows: 2 });
  });

  test("with an id of several columns, a declared type and bad rows left out", async () => {
    const file = write("sales.csv", "year;month;zip\n2024;1;00123\n2024;2\n2024;3;777\n");
    const args = ["--id", "year", "--id", "month", "--type", "zip=text", "--skip-bad-rows"];
    const { source, start, upstream } = await runJson(file, ...args);
    expect(source.id).toEqual(["year", "month"]);
    expect(source.columns.at(-1)).toEqual({ name: "zip", type: "text" });
    expect(start).toMatchObject({ rows: 2, skippedRows: 1 });
    expect(upstream).not.toHaveProperty("skipped");
  });

  test("without rows has nothing to compare and says so", async () => {
    const report = await runJson(write("none.csv", "item,price\n"));
    expect(report).toMatchObject({
      start: { rows: 0 },
      reads: [],
      questions: { answers: [] },
      write: { skipped: "the file has no rows" },
      kept: { skipped: "the file has no rows" },
      upstream: { skipped: "the file has no rows" },
    });
  });

  const odd: Readonly<Record<string, [text: string, ...args: string[]]>> = {
    "one column, the id": ["n\n1\n2\n3\n", "--id", "n"],
    "one row": ["a,b\n1,x\n"],
    "true and false only": ["a\ntrue\nfalse\ntrue\n"],
    "days and times": ["day,at\n2024-01-01,2024-01-01T10:00:00Z\n2024-02-01,2024-01-01T09:00:00Z\n"],
    "nothing but null": ["a,b\n,\n,\n"],
    "some null": ["id,n,t\n1,,x\n2,5,\n3,4,y\n4,,\n", "--id", "id"],
    "numbers beyond 2^53": ["n,t\n9007199254740993,a\n-9007199254740993,b\n12,c\n-0,d\n"],
    "characters beyond 16 bits": ["name,x\n😀 grin,1\n\uFF5E wave,2\n𝒜 script,3\nz,4\n", "--id", "name"],
    "quotes and line ends": ['"a ""b""",c\n"1,\n2",x\n"3\r\n4","y ""z"""\n'],
    "names that objects have": ["__proto__,constructor,toString\n1,a,b\n2,c,d\n", "--id", "__proto__"],
    "Greek sigmas": ["t\nΟΔΥΣΣΕΥΣ\nοδυσσεύς\nσοφός\n"],
    "a date as the id": ["day,t\n2024-01-01,a\n2024-01-02,b\n2024-01-03,c\n", "--id", "day"],
    "true and false as the id": ["yes,t\ntrue,a\nfalse,b\n", "--id", "yes"],
    "json and decimals": ['j,d\n"{""a"":1}",0.10\n[],12\n', "--type", "j=json", "--type", "d=decimal"],
  };
  test.each(Object.keys(odd))("takes %s", async (kind) => {
    const [text, ...args] = odd[kind] ?? [""];
    const file = write("odd.csv", text);
    expect((await runJson(file, ...args)).start.rows).toBeGreaterThan(0);
  });

  test("shows no control characters of a file, in its names and cells", async () => {
    const file = write("a\u001b[31m.csv", "n\u001b]0;x\u0007,t\u009b\n1,\u001b[2Jred\n2,\u202eblue\n");
    const { code, stdout, stderr } = await runTour([file, "--cache", cache, "--rows", "0"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    expect(stdout).toContain("\\u001b");
  });
});
