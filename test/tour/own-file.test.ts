import { appendFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { runTour } from "./run-tour.ts";
import { digest, reportOf, test } from "./tour-place.ts";

describe.concurrent("the tour of a file of one's own", { timeout: 60_000 }, () => {
  test("numbers the rows without --id, says so, and never writes to the file", async ({ place }) => {
    const file = place.write("sales.csv", "item,price\ntea,4\ncoffee,7\nscones,12\n");
    const before = digest(file);
    const { code, stdout } = await runTour(["sales.csv", "--cache", place.cache, "--rows", "0"], {
      cwd: place.folder,
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ids +their numbers \(give --id <column>/);
    expect(stdout).toContain("file     sales.csv, 36 bytes");
    expect(stdout).toMatch(/recordChanged "2"[^]*recordInserted "4"/);
    expect(digest(file)).toBe(before);
  });

  test("finds the file from where npm was called", async ({ place }) => {
    place.write("sales.csv", "item,price\ntea,4\n");
    const env = { npm_lifecycle_event: "start", INIT_CWD: place.folder };
    const outcome = await runTour(["sales.csv", "--json", "--cache", "kept", "--rows", "0"], { env });
    expect(reportOf(outcome).start).toMatchObject({ rows: 1, folder: join(place.folder, "kept") });
  });

  test("serves the kept rows when the file has changed, and refreshes behind", async ({ place }) => {
    const file = place.write("sales.csv", "item,price\ntea,4\ncoffee,7\n");
    expect((await place.report(file, "--id", "item")).start).toMatchObject({ kind: "cold", rows: 2 });
    appendFileSync(file, "scones,12\n");
    const { start } = await place.report(file, "--id", "item");
    expect(start).toMatchObject({ kind: "stale", rows: 3, refresh: { changes: 1 } });
    expect((await place.report(file, "--id", "item")).start).toMatchObject({ kind: "warm", rows: 3 });
  });

  test("copies again with --fresh", async ({ place }) => {
    const file = place.write("sales.csv", "item,price\ntea,4\n");
    await place.report(file);
    expect((await place.report(file, "--fresh")).start.kind).toBe("cold");
    const { stdout } = await runTour([file, "--cache", place.cache, "--rows", "0"]);
    expect(stdout).toContain("A warm start: the copy is there already");
    expect(stdout).toContain("the file was not read but for its first rows");
  });

  test("keeps two files of one name apart", async ({ place }) => {
    const file = place.write("sales.csv", "item,price\ntea,4\n");
    const other = join(mkdtempSync(join(place.folder, "other-")), "sales.csv");
    writeFileSync(other, "item,price\ntea,4\ncoffee,7\n");
    await place.report(file);
    await place.report(other);
    expect((await place.report(file)).start).toMatchObject({ kind: "warm", rows: 1 });
    expect((await place.report(other)).start).toMatchObject({ kind: "warm", rows: 2 });
  });

  test("with an id of several columns, a declared type and bad rows left out", async ({ place }) => {
    const file = place.write("sales.csv", "year;month;zip\n2024;1;00123\n2024;2\n2024;3;777\n");
    const args = ["--id", "year", "--id", "month", "--type", "zip=text", "--skip-bad-rows"];
    const { source, start, upstream } = await place.report(file, ...args);
    expect(source.id).toEqual(["year", "month"]);
    expect(source.columns.at(-1)).toEqual({ name: "zip", type: "text" });
    expect(start).toMatchObject({ rows: 2, skippedRows: 1 });
    expect(upstream).not.toHaveProperty("skipped");
  });

  test("without rows has nothing to compare and says so", async ({ place }) => {
    const report = await place.report(place.write("none.csv", "item,price\n"));
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
  test.for(Object.keys(odd))("takes %s", async (kind, { place }) => {
    const [text, ...args] = odd[kind] ?? [""];
    const file = place.write("odd.csv", text);
    expect((await place.report(file, ...args)).start.rows).toBeGreaterThan(0);
  });

  test("shows no control characters of a file, in its names and cells", async ({ place }) => {
    const file = place.write("a\u001b[31m.csv", "n\u001b]0;x\u0007,t\u009b\n1,\u001b[2Jred\n2,\u202eblue\n");
    const { code, stdout, stderr } = await runTour([file, "--cache", place.cache, "--rows", "0"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    expect(stdout).toContain("\\u001b");
  });
});
