import { mkdirSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDemoMaster } from "../../src/cli/demo-master.ts";
import { FileCache } from "../../src/live/index.ts";
import { openCliFolder, type CliOutcome, runInTerminal } from "./recording-terminal.ts";

const root = openCliFolder();

interface Place {
  readonly path: string;
  /** `diorama live local …` in that folder. */
  run(...argv: readonly string[]): Promise<CliOutcome>;
}

/** A folder of its own with a small demo master. */
async function place(rows: number = 50): Promise<Place> {
  const path = mkdtempSync(join(root.path, "place-"));
  const run = (...argv: readonly string[]) => runInTerminal(["live", "local", ...argv], { folder: path });
  expect(await run("seed", "--rows", String(rows))).toMatchObject({ code: 0, err: "" });
  return { path, run };
}

const lines = (text: string): string[] => text.trimEnd().split("\n");
const objects = (text: string): Record<string, unknown>[] =>
  lines(text).map((line) => JSON.parse(line) as Record<string, unknown>);

describe("seed, list and get", { timeout: 60_000 }, () => {
  test("CLI34 the first list is a miss, the second a hit that tells how the two compare", async () => {
    const { run } = await place();
    const [miss, hit] = [await run("list", "--limit", "2"), await run("list", "--limit", "2")];
    expect([miss.code, hit.code]).toEqual([0, 0]);
    expect(hit.out).toBe(miss.out);
    expect(miss.out).toMatch(/^id {6}name .*\n─.*\np00001 .*\np00002 .*\n$/);
    expect(miss.err).toMatch(/^miss: from the master in [\d.]+ m?s, kept for the next time\n$/);
    expect(hit.err).toMatch(
      /^hit: from the cache in [\d.]+ m?s, (?:[\d.]+ times|no) faster than the miss \([\d.]+ m?s\)\n$/,
    );
  });

  test("CLI34 the hit compares with the time that its own question took, which is kept beside the pages", async () => {
    const { run, path } = await place();
    await run("list");
    const tookMs = 123_456;
    const cache = await FileCache.open(join(path, "demo-cache"));
    const { "cache key": key } = JSON.parse((await run("info", "--json", "--cache", "none")).out) as Record<
      string,
      string
    >;
    const held = await cache.get(`${key}/times`);
    const [[question = "", time = {}] = []] = held?.rows ?? [];
    await cache.put(`${key}/times`, { fetchedAt: 0, rows: new Map([[question, { ...time, tookMs }]]) });
    await cache.close();
    expect((await run("list")).err).toMatch(/faster than the miss \(123\.5 s\)\n$/);
    // Another question of the same page: a hit, with nothing to compare.
    expect((await run("list", "--limit", "5")).err).toMatch(/^hit: from the cache in [\d.]+ m?s\n$/);
  });

  test("CLI34 --latency plays a master that is far away: a miss and a write wait for it, a hit does not", async () => {
    const { run } = await place(5);
    const far = ["--latency", "400ms"];
    const miss = await run("list", ...far);
    const [, time = "", unit = ""] = /^miss: .*master in ([\d.]+) (m?s)/.exec(miss.err) ?? [];
    expect(Number(time) * (unit === "s" ? 1_000 : 1)).toBeGreaterThanOrEqual(400);
    // It would never end if it went there.
    expect((await run("list", "--latency", "24h")).err).toMatch(/^hit: .*faster than the miss/);
    const started = performance.now();
    expect(await run("add", "x", "x", "1", ...far)).toMatchObject({ code: 0 });
    expect(performance.now() - started).toBeGreaterThanOrEqual(400);
    expect((await run("get", "x", "--cache", "none")).out).toContain("price     1\n");
    expect(await run("list", "--latency", "far")).toMatchObject({ code: 2 });
  });

  test("CLI34 get is a miss, then a hit; an id that isn't there ends with 3 both times", async () => {
    const { run } = await place();
    expect((await run("get", "p00007")).err).toMatch(/^miss: /);
    const hit = await run("get", "p00007");
    expect([hit.code, lines(hit.out)[0]]).toEqual([0, "id        p00007"]);
    expect(hit.err).toMatch(/^hit: /);
    for (const id of ["a/b c 😀", "../p00001' or 1=1 --"]) {
      for (const word of ["miss", "hit"]) {
        const { code, out, err } = await run("get", id);
        expect([code, out]).toEqual([3, ""]);
        expect(lines(err)).toEqual([
          expect.stringContaining(`${word}: `),
          `diorama: products has no row ${JSON.stringify(id)}`,
        ]);
      }
    }
  });

  test("CLI33 a demo master that was seeded again, and another one, find nothing of before", async () => {
    const { run } = await place();
    const before = (await run("list")).out;
    expect((await run("seed", "--rows", "50", "--seed", "9")).out).toMatch(
      /^50 products in .*demo-master\.db\n$/,
    );
    const after = await run("list");
    expect(after.err).toMatch(/^miss: /);
    expect(after.out).not.toBe(before);
    await run("seed", "--rows", "5", "--master", "other.db");
    const other = await run("list", "--master", "other.db");
    expect([lines(other.out).length, other.err]).toEqual([7, expect.stringMatching(/^miss: /)]);
    expect(await run("list")).toMatchObject({ out: after.out, err: expect.stringMatching(/^hit: /) });
  });

  test("CLI34 pages, on a terminal with their place; --json and --quiet", async () => {
    const { run, path } = await place();
    const { out, err } = await runInTerminal(["live", "local", "list", "--page", "2"], {
      folder: path,
      isTerminal: true,
    });
    expect(lines(out)[2]).toContain("p00021");
    expect(lines(err)[0]).toBe("rows 21–40 of 50; --page shows more");
    const last = await run("list", "--page", "3", "--json");
    expect((JSON.parse(last.out) as { id: string }[]).map(({ id }) => id)).toEqual(
      Array.from({ length: 10 }, (_, at) => `p000${41 + at}`),
    );
    expect(objects(last.err)).toEqual([{ note: expect.stringMatching(/^miss: /) }]);
    expect(await run("list", "--page", "9", "--quiet", "--json")).toEqual({ code: 0, out: "[]\n", err: "" });
  });

  test("CLI32 in memory a page is read twice; with none every read is a miss and nothing is made", async () => {
    const { run, path } = await place();
    for (const argv of [["list"], ["get", "p00001"]]) {
      const mem = await run(...argv, "--cache", "mem");
      expect(lines(mem.err)).toEqual([
        expect.stringMatching(/^miss: /),
        expect.stringMatching(/^hit: .*faster/),
      ]);
      const none = await run(...argv, "--cache", "none");
      expect(lines(none.err)).toEqual([expect.stringMatching(/^miss: .*nothing is kept$/)]);
    }
    expect(() => statSync(join(path, "demo-cache"))).toThrowError();
  });
});

describe("writes, events and info", { timeout: 60_000 }, () => {
  test("CLI36 add and delete drop what is cached before they end, and the next list shows it", async () => {
    const { run } = await place(5);
    const before = await run("list");
    const added = await run("add", "a/b c 😀", "Desk lamp", "49.90");
    expect(added.code).toBe(0);
    expect(added.out).toContain("price     49.9\n");
    expect(added.err).toMatch(/^invalidated products-[0-9a-f]{8}: the next list asks the master\n$/);
    const shown = await run("list");
    expect(shown.err).toMatch(/^miss: /);
    expect(shown.out).toContain("a/b c 😀");
    expect((await run("get", "a/b c 😀")).out).toContain("Desk lamp");
    const deleted = await run("delete", "a/b c 😀", "--json");
    expect([deleted.code, JSON.parse(deleted.out)]).toEqual([0, { deleted: "a/b c 😀" }]);
    expect((await run("get", "a/b c 😀")).code).toBe(3);
    expect(await run("list")).toMatchObject({ out: before.out, err: expect.stringMatching(/^miss: /) });
  });

  test("CLI36 a write that is refused says why, and changes nothing", async () => {
    const { run } = await place(5);
    const { out } = await run("list", "--cache", "none");
    for (const [argv, code, message] of [
      [["add", "p00001", "x", "1"], 1, /there is such a row already \(conflict\)$/],
      [["delete", "nobody"], 1, /there is no such row \(notFound\)$/],
      [["add", "x", "x", "cheap"], 2, /PRICE is a number/],
      [["add", "x", "x", "1e999"], 2, /PRICE is a number/],
      [["add", "", "x", "1"], 2, /ID is empty/],
      [["delete", ""], 2, /ID is empty/],
      [["add", "x".repeat(1_025), "x", "1"], 1, /1,?024 bytes/],
      [["add", "x"], 2, /missing required argument 'name'/],
    ] as const) {
      const outcome = await run(...argv, "--cache", "mem");
      expect([argv[0], outcome.code, outcome.out]).toEqual([argv[0], code, ""]);
      expect(lines(outcome.err)).toEqual([expect.stringMatching(message)]);
    }
    expect((await run("list", "--cache", "none")).out).toBe(out);
  });

  test("CLI37 an event drops everything, or with an id what may hold it", async () => {
    const { run } = await place();
    const story = async (...argv: readonly string[]) =>
      objects((await run("event-then-list", "--json", ...argv)).out);
    const key = expect.stringMatching(/^products-[0-9a-f]{8}\/?$/) as string;
    const step = (list: string) => ({ list, rows: 20, tookMs: expect.any(Number) as number });
    expect(await story()).toEqual([
      step("miss"),
      { event: { type: "changed" }, invalidated: [key] },
      step("miss"),
    ]);
    expect((await story())[0]).toEqual(step("hit"));
    // In a cache of its own it is known which pages hold the row: page 1 does, and one that isn't cached.
    const [, first, second] = await story("p00003", "--cache", "mem");
    expect(second).toEqual(step("miss"));
    expect(first?.["event"]).toEqual({ type: "updated", id: "p00003" });
    expect(first?.["invalidated"]).toEqual([
      expect.stringMatching(/\/page_1$/),
      expect.stringMatching(/\/id\/p00003$/),
    ]);
    const [, , untouched] = await story("p00033", "--cache", "mem");
    expect(untouched).toEqual(step("hit"));
    const told = await run("event-then-list", "p00003");
    expect(lines(told.out)).toEqual([
      expect.stringMatching(/^list {3}hit: 20 rows from the cache in .*$/),
      expect.stringMatching(/^event {2}updated p00003: invalidated products-[0-9a-f]{8}\/page_/),
      expect.stringMatching(/^list {3}miss: 20 rows from the master in .*$/),
    ]);
  });

  test("CLI37 CLI38 what a list after the event has kept is compared with later, and shown by info", async () => {
    const { run } = await place();
    await run("event-then-list");
    expect((await run("list")).err).toMatch(/^hit: .* faster than the miss/);
    const { cached } = JSON.parse((await run("info", "--json")).out) as { cached: unknown[] };
    expect(cached).toMatchObject([{ key: expect.stringMatching(/\/page_1$/) as string, rows: 20 }]);
  });

  test("CLI38 info shows the wiring and what is cached, and makes no folder", async () => {
    const { run, path } = await place();
    const before = await run("info");
    expect(before.out).toContain("not there yet");
    expect(() => statSync(join(path, "demo-cache"))).toThrowError();
    await run("list", "--limit", "30");
    await run("get", "p00003");
    const { out } = await run("info", "--json");
    const told = JSON.parse(out) as Record<string, unknown>;
    expect(told).toMatchObject({
      master: join(path, "demo-master.db"),
      products: 50,
      cache: join(path, "demo-cache"),
      "page size": 20,
      "can do": expect.stringContaining("Insert, Update, Delete"),
      cached: [
        { key: expect.stringMatching(/\/page_1$/), rows: 20, missMs: null },
        { key: expect.stringMatching(/\/page_2$/), rows: 20, missMs: null },
        { key: expect.stringMatching(/\/id\/p00003$/), rows: 1, missMs: expect.any(Number) },
      ],
    });
    await run("add", "x", "x", "1");
    expect((JSON.parse((await run("info", "--json")).out) as Record<string, unknown>)["cached"]).toEqual([]);
  });

  test("CLI35 --debug tells each step on stderr, without row content, also as JSON", async () => {
    const { run } = await place();
    await run("list");
    const told: string[] = [];
    for (const argv of [
      ["list"],
      ["get", "p00002"],
      ["add", "x", "Secret name", "1"],
      ["event-then-list", "p00001"],
    ]) {
      told.push(...lines((await run(...argv, "--debug")).err).filter((line) => line.startsWith("[live] ")));
    }
    const shape = told.map((line) =>
      line
        .replace(/products-[0-9a-f]{8}/g, "KEY")
        .replace(/opId=[\w-]+/, "opId=OP")
        .replace(/ (took|age)=[\d.a-z]+/, " $1=T"),
    );
    expect(shape).toEqual([
      "[live] hit key=KEY/page_1 page=1 age=T outcome=fresh",
      '[live] miss key=KEY/id/p00002 id="p00002"',
      '[live] fetched key=KEY/id/p00002 id="p00002" rows=1 took=T outcome=kept',
      '[live] queue op=insert id="x" opId=OP outcome=queued',
      "[live] invalidated keys=KEY cause=write",
      '[live] queue op=insert id="x" opId=OP outcome=confirmed',
      "[live] miss key=KEY/page_1 page=1",
      "[live] fetched key=KEY/page_1 page=1 rows=20 took=T outcome=kept",
      '[live] event type=updated id="p00001"',
      "[live] invalidated keys=KEY/page_1,KEY/id/p00001 cause=event",
      "[live] miss key=KEY/page_1 page=1",
      "[live] fetched key=KEY/page_1 page=1 rows=20 took=T outcome=kept",
    ]);
    const refused = await run("add", "p00001", "x", "1", "--debug", "--json", "--quiet");
    expect(objects(refused.err).map((object) => object["step"] ?? object)).toMatchObject([
      { kind: "writeQueued" },
      { kind: "invalidated", cause: "write" },
      { kind: "writeFailed", error: { code: "conflict" } },
      { error: { code: "conflict" } },
    ]);
  });
});

describe("what can't be", { timeout: 60_000 }, () => {
  test("CLI31 a missing, foreign or damaged demo master is one line with what to do", async () => {
    const { run, path } = await place(5);
    writeFileSync(join(path, "notes.db"), "notes ".repeat(100));
    expect(await run("list", "--master", "notes.db")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^diorama: .*notes\.db: this is no demo master; .*\n$/),
    });
    expect(await run("seed", "--master", "notes.db")).toMatchObject({ code: 1, out: "" });
    expect(await run("list", "--master", "none.db")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^diorama: .*`diorama live local seed` makes one \(notFound\)\n$/),
    });
    expect(await run("seed", "--master", "no/where.db")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^diorama: .*\n$/),
    });
    expect(await run("seed", "--rows", "0")).toMatchObject({ code: 2 });
    expect(await run("seed", "--rows", "1000001")).toMatchObject({ code: 2 });
    expect(await run("list", "--master", "")).toMatchObject({ code: 2 });
    expect(await run("list", "--page", "90071992547409", "--limit", "1000")).toMatchObject({ code: 2 });
  });

  test("CLI32 a cache that can't be used is one line, and the folder of another process is named", async () => {
    const { run, path } = await place(5);
    writeFileSync(join(path, "file"), "not a folder");
    for (const cache of ["file", "file/below"]) {
      const { code, out, err } = await run("list", "--cache", cache);
      expect([cache, code, out]).toEqual([cache, 1, ""]);
      expect(lines(err)).toEqual([expect.stringMatching(/^diorama: .*\(invalid\)$/)]);
    }
    expect(await run("list", "--cache", "")).toMatchObject({ code: 2 });
    const held = join(path, "held");
    mkdirSync(held);
    const cache = await FileCache.open(held);
    const { code, err } = await run("list", "--cache", held);
    expect([code, lines(err).length]).toEqual([1, 1]);
    expect(err).toMatch(new RegExp(`${held}.*${process.pid}.*\\(inUse\\)`));
    await cache.close();
    expect(await run("list", "--cache", held)).toMatchObject({ code: 0 });
  });

  test("CLI34 a damaged cache is noted, and the master's rows are printed", async () => {
    const { run, path } = await place(5);
    const { out } = await run("list");
    writeFileSync(join(path, "demo-cache", "vlive.db"), "no database at all ".repeat(500));
    const damaged = await run("list");
    expect([damaged.code, damaged.out]).toEqual([0, out]);
    expect(lines(damaged.err)).toEqual([
      expect.stringMatching(/^the cache: /),
      expect.stringMatching(/^miss: /),
    ]);
    expect(await run("list")).toMatchObject({ out, err: expect.stringMatching(/^hit: /) });
  });

  test("CLI34 a master that somebody else changed is asked only where nothing is cached", async () => {
    const { run, path } = await place(5);
    const before = await run("list");
    const other = openDemoMaster(join(path, "demo-master.db"));
    await other.delete("p00001");
    await other.close();
    expect((await run("list")).out).toBe(before.out);
    await run("event-then-list", "p00001");
    expect((await run("list")).out).not.toContain("p00001");
  });
});
