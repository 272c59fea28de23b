import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeAll, describe, expect, test } from "vitest";
import { createActivity } from "../../src/base/index.ts";
import { openDurable } from "../../src/durable/index.ts";
import { Lens } from "../../src/lens/index.ts";
import { memory } from "../../src/vista/index.ts";
import { openCliFolder, runInTerminal, type CliOutcome } from "./recording-terminal.ts";

const folder = openCliFolder();
let count = 0;
const newPath = (what: string): string => join(folder.path, `${what}-${++count}`);
const run = (...argv: string[]): Promise<CliOutcome> => runInTerminal(argv);

const teas = folder.write("teas.csv", "sku,name\nt1,Green\nt2,Black\nt3,White\n");
const coffees = folder.write("coffees.csv", "sku,name\nc1,Espresso\n");

const kept = newPath("kept");
beforeAll(async () => {
  for (const file of [teas, coffees]) expect((await run("query", file, "--cache", kept)).code).toBe(0);
});

/** What a query of each file leaves behind, below a folder of its own. */
function keep(...files: readonly string[]): string {
  const cache = newPath("cache");
  cpSync(kept, cache, { recursive: true });
  for (const path of foldersIn(cache)) {
    const { location } = JSON.parse(readFileSync(join(path, "source.json"), "utf8"));
    if (!files.includes(location)) rmSync(path, { recursive: true });
  }
  return cache;
}

const foldersIn = (cache: string): string[] =>
  readdirSync(cache)
    .filter((name) => name !== "folder-key")
    .map((name) => join(cache, name));

/** Puts writes into the folder's queue, some of them dead letters. */
async function queueIn(path: string, states: readonly ("queued" | "failed")[]): Promise<void> {
  const stores = await openDurable(path);
  const queue = await stores.queues.openQueue("teas");
  await queue.apply({
    puts: states.map((state, at) => ({
      sequence: at + 1,
      op: { opId: `op-${at + 1}`, enqueuedAt: 1, attempt: 1, kind: "delete", id: "t1" },
      state,
      nextAttemptAt: 0,
      outcomeUnknown: false,
    })),
  });
  await stores.close();
}

/** Every file that is more than a lock, byte for byte. */
function bytesIn(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: "utf8" });
  const files = names.filter(
    (name) => /\.(?:db|db-wal|db-shm|json|ready)$/.test(name) && !/lock|holder/.test(name),
  );
  const digest = (name: string): string =>
    createHash("sha256")
      .update(readFileSync(join(path, name)))
      .digest("hex");
  return Object.fromEntries(files.toSorted().map((name) => [name, digest(name)]));
}

function change(file: string, ...statements: readonly string[]): void {
  const database = new DatabaseSync(file);
  for (const statement of statements) database.exec(statement);
  database.close();
}

describe("cache ls", () => {
  test("CLI50 shows what is kept of each source", async () => {
    const cache = keep(teas, coffees);
    await queueIn(foldersIn(cache).find((path) => path.includes("teas")) ?? "", ["queued", "failed"]);
    const { code, out, err } = await run("cache", "ls", "--cache", cache);
    expect([code, err]).toEqual([0, ""]);
    const [header = "", , first = "", second = ""] = out.split("\n");
    expect(header.split(/ {2,}/).map((name) => name.trim())).toEqual([
      "source",
      "rows",
      "complete",
      "seeded",
      "size",
      "queued",
      "dead letters",
      "state",
    ]);
    expect(first).toMatch(/coffees\.csv {2,}1 {2}yes {2,}\d+s ago {2}\d+ kB {2,}0 {2,}0$/);
    expect(second).toMatch(/teas\.csv {2,}3 {2}yes {2,}\d+s ago {2}\d+ kB {2,}1 {2,}1$/);
    const listed = JSON.parse((await run("cache", "ls", "--cache", cache, "--json")).out);
    expect(listed[1]).toMatchObject({
      source: teas,
      rows: 3,
      complete: true,
      seededAt: expect.stringMatching(/^\d{4}-.*Z$/),
      queued: 1,
      failed: 1,
      heldBy: null,
      damaged: false,
    });
    expect(listed[1].sizeBytes).toBeGreaterThan(10_000);
  });

  test("CLI50 pages of a live: source are counted as pages; where nothing is kept that is said", async () => {
    const cache = newPath("cache");
    expect((await run("cache", "ls", "--cache", cache)).err).toBe("nothing is kept\n");
    expect((await run("cache", "ls", "--cache", cache, "--json")).out).toBe("[]\n");
    await run("query", `live:${teas}`, "--cache", cache, "--page", "1");
    const [listed] = JSON.parse((await run("cache", "ls", "--cache", cache, "--json")).out);
    expect(listed).toMatchObject({ source: `live:${teas}`, complete: false });
    expect(listed.pages).toBeGreaterThan(0);
    expect((await run("cache", "ls", "--cache", cache)).out).toMatch(/ \d+ pages? /);
    // A write that waits is beside them.
    await queueIn(foldersIn(cache)[0] ?? "", ["queued"]);
    const [after] = JSON.parse((await run("cache", "ls", "--cache", cache, "--json")).out);
    expect(after).toMatchObject({ pages: listed.pages, queued: 1 });
  });

  test("CLI51 --at shows each table of an application's folder", async () => {
    const path = newPath("app");
    const lens = await Lens.builder().cacheAt(path).build();
    const people = memory("people", { id: "id", rows: [{ id: "a" }, { id: "b" }] });
    const dio = await lens.makeDio(people);
    await dio.vista().list();
    await lens.close();
    await queueIn(path, ["failed"]);
    const { out, code } = await run("cache", "ls", "--at", path, "--json");
    expect(code).toBe(0);
    const [first, second] = JSON.parse(out);
    expect(first).toMatchObject({
      source: "people",
      folder: path,
      rows: 2,
      complete: true,
      queued: 0,
      failed: 0,
    });
    expect(second).toMatchObject({ source: "teas", rows: 0, queued: 0, failed: 1 });
    expect((await run("cache", "verify", "--at", path)).out).toContain(
      ": sound, 2 rows, 1 write in the queue",
    );
  });

  test("CLI51 a folder that isn't there, or holds nothing of ours, is notFound and stays as it is", async () => {
    const missing = newPath("missing");
    const foreign = newPath("foreign");
    mkdirSync(foreign);
    writeFileSync(join(foreign, "notes.txt"), "x");
    for (const command of [
      ["cache", "ls"],
      ["cache", "verify"],
      ["queue", "ls"],
    ]) {
      const none = await run(...command, "--at", missing);
      expect([none.code, none.out]).toEqual([1, ""]);
      expect(none.err).toMatch(/^diorama: the folder .* can't be read .* \(notFound\)\n$/);
      const other = await run(...command, "--at", foreign);
      expect(other.code).toBe(1);
      expect(other.err).toMatch(/^diorama: .* holds no cache and no queue; .* \(notFound\)\n$/);
    }
    expect(existsSync(missing)).toBe(false);
    expect(readdirSync(foreign)).toEqual(["notes.txt"]);
    const both = await run("cache", "verify", teas, "--at", foreign);
    expect([both.code, both.err]).toEqual([2, "diorama: SOURCE and --at FOLDER don't go together\n"]);
    expect((await run("cache", "ls", "--cache", "none")).code).toBe(2);
  });

  test("CLI52 a folder that is held is listed with its holder; whoever named it gets inUse", async () => {
    const cache = keep(teas, coffees);
    const path = foldersIn(cache).find((name) => name.includes("teas")) ?? "";
    const lens = await Lens.builder().cacheAt(path).build();
    try {
      const [free, held] = JSON.parse((await run("cache", "ls", "--cache", cache, "--json")).out);
      expect(free).toMatchObject({ rows: 1, heldBy: null });
      expect(held.heldBy).toContain(`process ${process.pid} on `);
      expect(held).not.toHaveProperty("rows");
      for (const command of [
        ["cache", "verify", teas, "--cache", cache],
        ["cache", "rm", teas, "--cache", cache, "--force"],
        ["queue", "ls", teas, "--cache", cache],
        ["queue", "ls", "--at", path],
        ["queue", "discard", teas, "--all", "--cache", cache],
      ]) {
        const { code, err } = await run(...command);
        expect([command[1], code]).toEqual([command[1], 1]);
        expect(err).toContain(`is in use by this process, ${process.pid}`);
      }
      const all = await run("queue", "ls", "--cache", cache);
      expect(all.code).toBe(0);
      expect(all.err).toContain("is in use by");
      expect(readdirSync(path)).toContain("cache.db");
    } finally {
      await lens.close();
    }
  });
});

describe("cache rm", () => {
  test("CLI53 removes what is kept of a source, named by itself or by its folder, and tells what went", async () => {
    const cache = keep(teas, coffees);
    const gone = await run("cache", "rm", teas, "--cache", cache);
    expect([gone.code, gone.err]).toEqual([0, ""]);
    expect(gone.out).toMatch(/^removed .*teas\.csv: 3 rows, \d+ kB\n$/);
    const [left = ""] = foldersIn(cache);
    const byName = await run("cache", "rm", left.slice(cache.length + 1), "--cache", cache, "--json");
    expect(JSON.parse(byName.out)).toEqual([
      { source: coffees, folder: left, rows: 1, lostWrites: 0, sizeBytes: expect.any(Number) },
    ]);
    expect(foldersIn(cache)).toEqual([]);
    const none = await run("cache", "rm", teas, "--cache", cache);
    expect(none.code).toBe(1);
    expect(none.err).toMatch(/^diorama: nothing is kept of .*teas\.csv in .* \(notFound\)\n$/);
    expect((await run("cache", "rm", "--all", "--cache", cache)).err).toBe("there is nothing to remove\n");
  });

  test("CLI53 --older-than spares what a command has opened since", async () => {
    const cache = keep(teas, coffees);
    const old = new Date(Date.now() - 40 * 86_400_000);
    for (const path of foldersIn(cache)) utimesSync(join(path, "source.json"), old, old);
    await run("count", coffees, "--cache", cache);
    const { out } = await run("cache", "rm", "--all", "--older-than", "30d", "--cache", cache);
    expect(out).toMatch(/^removed .*teas\.csv: .*\n$/);
    expect(foldersIn(cache)).toHaveLength(1);
  });

  test("CLI53 without a source and without --all, or with both, it is wrong usage", async () => {
    const cache = newPath("cache");
    for (const argv of [[], [teas, "--all"]]) {
      const { code, err } = await run("cache", "rm", ...argv, "--cache", cache);
      expect([code, err]).toEqual([2, "diorama: name a SOURCE, or say --all\n"]);
    }
  });

  test("CLI54 refuses what holds writes, removes the others, and --force tells how many writes went", async () => {
    const cache = keep(teas, coffees);
    const path = foldersIn(cache).find((name) => name.includes("teas")) ?? "";
    await queueIn(path, ["queued", "queued", "failed"]);
    const refused = await run("cache", "rm", "--all", "--cache", cache);
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/^removed .*coffees\.csv: .*\n$/);
    expect(refused.err).toMatch(
      /^diorama: .*teas\.csv has 2 queued writes and 1 dead letter; .*--force.*\n$/,
    );
    expect(foldersIn(cache)).toEqual([path]);
    const forced = await run("cache", "rm", teas, "--cache", cache, "--force");
    expect(forced.out).toMatch(/^removed .*teas\.csv: 3 rows, \d+ kB, with 3 writes that had not arrived\n$/);
    expect(foldersIn(cache)).toEqual([]);
  });

  test("CLI54 refuses a queue that is damaged: it may hold writes", async () => {
    const cache = keep(teas);
    const [path = ""] = foldersIn(cache);
    await queueIn(path, ["queued"]);
    writeFileSync(join(path, "queue.db"), "no queue at all ".repeat(500));
    const refused = await run("cache", "rm", teas, "--cache", cache);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("is damaged and may hold writes");
    expect((await run("cache", "rm", teas, "--cache", cache, "--force")).code).toBe(0);
  });
});

describe("cache verify", () => {
  test("CLI55 CLI56 tells each damaged place, ends with 1, and changes nothing", async () => {
    const cache = keep(teas, coffees);
    const path = foldersIn(cache).find((name) => name.includes("teas")) ?? "";
    expect((await run("cache", "verify", "--cache", cache)).code).toBe(0);
    change(
      join(path, "cache.db"),
      "UPDATE rows_1 SET bytes = x'a0' WHERE n = 2",
      "UPDATE rows_1 SET bytes = 'text' WHERE n = 3",
    );
    const before = bytesIn(path);
    const { code, out, err } = await run("cache", "verify", "--cache", cache);
    expect(code).toBe(1);
    expect(out).toMatch(/coffees\.csv: sound, 1 row, 0 writes in the queue\n/);
    expect(out).toMatch(/teas\.csv: cache\.db, table "teas", row 2, id "2": its checksum does not fit\n/);
    expect(out).toMatch(/teas\.csv: cache\.db, table "teas", row 3, id "3": it has values of another type\n/);
    expect(err).toMatch(/^diorama: 2 damaged places; nothing was changed: .* \(corrupt\)\n$/);
    const asJson = await run("cache", "verify", teas, "--cache", cache, "--json");
    expect(JSON.parse(asJson.out)).toMatchObject([
      { source: teas, rows: 3, ops: 0, damage: [{ file: "cache.db" }, { file: "cache.db" }] },
    ]);
    expect(bytesIn(path)).toEqual(before);
  });

  test.each([
    ["a row that is gone", "DELETE FROM rows_1 WHERE n = 2", "its rows: there are 2, and 3 were stored"],
    ["a time that is another", "UPDATE rows_1 SET fetched_at = 5 WHERE n = 1", "row 1, id"],
    ["a list that says otherwise", "UPDATE tables SET row_count = 2", "its rows|the table's own entry"],
    ["a table that the list lacks", "DELETE FROM tables", "its list does not name the tables"],
    ["another format", "PRAGMA user_version=77", "its format is 77"],
    ["another program's", "PRAGMA application_id=1", "it is no cache of this library"],
  ])("CLI55 CLI56 %s is found", async (_what, statement, found) => {
    const cache = keep(teas);
    const [path = ""] = foldersIn(cache);
    change(join(path, "cache.db"), statement);
    const before = bytesIn(path);
    const { code, out } = await run("cache", "verify", "--cache", cache);
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`teas\\.csv: cache\\.db, .*(?:${found})`));
    expect(bytesIn(path)).toEqual(before);
    const listed = await run("cache", "ls", "--cache", cache);
    expect(listed.code).toBe(0);
    expect(bytesIn(path)).toEqual(before);
  });

  test("CLI55 CLI56 a damaged op is told by its sequence, and the others are still listed", async () => {
    const cache = keep(teas);
    const [path = ""] = foldersIn(cache);
    await queueIn(path, ["queued", "queued", "queued"]);
    change(
      join(path, "queue.db"),
      "UPDATE ops SET record = substr(record, 1, 60) || x'ffffffff' || substr(record, 65) WHERE key & 255 = 2",
    );
    const before = bytesIn(path);
    const { code, out } = await run("cache", "verify", "--cache", cache);
    expect(code).toBe(1);
    expect(out).toMatch(/teas\.csv: queue\.db, .*the op that stood here can't be read/);
    const listed = await run("queue", "ls", "--cache", cache, "--json");
    expect(JSON.parse(listed.out).map(({ op }: { op: string }) => op)).toEqual(["op-1", "op-3"]);
    expect(listed.err).toContain("is damaged");
    expect(bytesIn(path)).toEqual(before);
  });

  test("CLI56 after an unclean end what stands in the logs counts, and the logs stay", async () => {
    const live = newPath("running");
    const copied = newPath("killed");
    const activity = createActivity("active");
    const lens = await Lens.builder().cacheAt(live).activity(activity).build();
    const dio = await lens.makeDio(memory("people", { id: "id", rows: [{ id: "a" }, { id: "b" }] }));
    await dio.vista().list();
    activity.set("offline");
    await dio.vista().insert("c", { id: "c" });
    await lens.flush();
    // As a kill would leave it.
    cpSync(live, copied, { recursive: true });
    await lens.close();
    const before = bytesIn(copied);
    expect(Object.keys(before)).toContain("cache.db-wal");
    const [listed] = JSON.parse((await run("cache", "ls", "--at", copied, "--json")).out);
    expect(listed).toMatchObject({ source: "people", rows: 2, queued: 1, failed: 0, heldBy: null });
    const verified = await run("cache", "verify", "--at", copied);
    expect([verified.code, verified.err]).toEqual([0, ""]);
    expect(verified.out).toContain("sound, 2 rows, 1 write in the queue");
    expect((await run("queue", "ls", "--at", copied)).out).toContain("insert");
    expect(bytesIn(copied)).toEqual(before);
  });
});
