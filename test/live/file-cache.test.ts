import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { Lens, memory, seedFromMaster } from "vantage-diorama";
import type { DioramaError } from "../../src/base/index.ts";
import { entry, holdsEntry, isMiss } from "../../src/testing/live-cache-rows.ts";
import { FileCache } from "../../src/live/index.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-live-file-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let places = 0;
const newFolder = (): string => join(root, `place-${++places}`);

test("LT42 the folder is made 0700 and its files 0600", async () => {
  const folder = join(newFolder(), "deep", "er");
  const cache = await FileCache.open(folder);
  await cache.put("clients/page_1", entry(1));
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const files = readdirSync(folder).filter((file) => !file.endsWith("-wal"));
  expect(files.toSorted()).toEqual(["vlive.db", "vlive.holder.json", "vlive.lock.db"]);
  for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  await cache.close();
  expect(readdirSync(folder).toSorted()).toEqual(["vlive.db", "vlive.lock.db"]);
});

test("LT42 a path that is a file, or a folder that can't be made, is invalid", async () => {
  const file = newFolder();
  writeFileSync(file, "a file");
  for (const path of [file, join(file, "below")]) {
    await expect(FileCache.open(path)).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringContaining(path),
    });
  }
});

const wrongOptions: readonly (readonly [string, unknown, object])[] = [
  ["folder", "", {}],
  ["folder", 5, {}],
  ["did you mean onDamage?", "x", { ondamage: () => undefined }],
  ["onDamage must be a function", "x", { onDamage: "tell" }],
  ["logger must have error, info, debug", "x", { logger: { error: () => undefined } }],
  ["clock must have now, monotonic, setTimer", "x", { clock: 5 }],
];

test.each(wrongOptions)("LT42 a wrong option is invalid and named: %s", async (message, folder, options) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as a program without types would
  const opening = FileCache.open(folder as string, options);
  await expect(opening).rejects.toMatchObject({ code: "invalid", message: expect.stringContaining(message) });
});

test("LT43 a folder has one open FileCache; a second one names the holder", async () => {
  const folder = newFolder();
  const first = await FileCache.open(folder);
  const error: DioramaError = await FileCache.open(folder).then(
    () => expect.unreachable(),
    (refused) => refused,
  );
  expect(error.code).toBe("inUse");
  expect(error.message).toContain(`this process, ${process.pid} on ${hostname()}`);
  await first.put("clients/page_1", entry(1));
  await first.close();
  const second = await FileCache.open(folder);
  await holdsEntry(second, "clients/page_1", entry(1));
  await second.close();
});

test("LT44 a FileCache and a Lens live in one folder and leave each other's files alone", async () => {
  const folder = newFolder();
  const rows = [{ id: "t1", price: 5 }];
  const openLens = (): Promise<Lens> => Lens.builder().cacheAt(folder).onStart(seedFromMaster).build();
  for (const round of [1, 2]) {
    const [lens, cache] = await Promise.all([openLens(), FileCache.open(folder)]);
    const dio = await lens.makeDio(memory("products", { id: "id", rows }));
    // The very table that the FileCache would call its own.
    const same = await lens.makeDio(memory("__vlive__clients", { id: "id", rows }));
    if (round === 1) await cache.put("clients/page_1", entry(1));
    await holdsEntry(cache, "clients/page_1", entry(1));
    expect(await dio.vista().count()).toBe(1);
    expect(await same.vista().count()).toBe(1);
    await Promise.all([lens.close(), cache.close()]);
  }
  // One of them damaged leaves the other whole.
  writeFileSync(join(folder, "cache.db"), "no database ".repeat(1_000));
  const lens = await openLens();
  const cache = await FileCache.open(folder);
  await holdsEntry(cache, "clients/page_1", entry(1));
  await cache.close();
  await lens.close();
});

test("LT45 an entry that can't be stored fails alone", async () => {
  const cache = await FileCache.open(newFolder());
  const broken = { rows: new Map([["a", { text: "half \ud800" }]]), fetchedAt: 1 };
  const calls = await Promise.allSettled([
    cache.put("clients/page_1", entry(1)),
    cache.put("clients/page_2", broken),
    cache.put("clients/page_3", entry(3)),
    cache.put("clients/page_4", { ...entry(4), fetchedAt: Number.NaN }),
  ]);
  expect(calls.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
  expect(calls.map((call) => (call.status === "rejected" ? call.reason.code : ""))).toEqual([
    "",
    "invalid",
    "",
    "invalid",
  ]);
  await holdsEntry(cache, "clients/page_1", entry(1));
  await isMiss(cache, "clients/page_2");
  await holdsEntry(cache, "clients/page_3", entry(3));
  await cache.close();
});

test("LT49 a file that can't be used is set aside and told, and the cache works on", async () => {
  const folder = newFolder();
  const first = await FileCache.open(folder);
  for (const key of ["clients", "orders"]) await first.put(`${key}/page_1`, entry(1));
  await first.close();
  writeFileSync(join(folder, "vlive.db"), "no database ".repeat(1_000));
  const told: DioramaError[] = [];
  const logged: string[] = [];
  const log = (message: string): number => logged.push(message);
  const logger = { error: log, info: () => undefined, debug: () => undefined };
  const cache = await FileCache.open(folder, { logger, onDamage: (error) => told.push(error) });
  for (const key of ["clients", "orders"]) await isMiss(cache, `${key}/page_1`);
  expect(told.map(({ code }) => code)).toEqual(["corrupt"]);
  expect(told[0]?.message).toContain("vlive.db.damaged-");
  expect(logged).toEqual(told.map(({ message }) => message));
  await cache.put("clients/page_1", entry(2));
  await holdsEntry(cache, "clients/page_1", entry(2));
  await cache.close();
});

test("LT49 a damaged entry is a miss, told once, whoever is told throws, and put again it is there", async () => {
  const folder = newFolder();
  const first = await FileCache.open(folder);
  await first.put("clients/page_1", entry(1));
  await first.put("orders/page_1", entry(1));
  await first.close();
  const database = new DatabaseSync(join(folder, "vlive.db"));
  const { number } = database.prepare("SELECT number FROM tables WHERE name LIKE '%clients%'").get() ?? {};
  database.exec(`UPDATE rows_${String(number)} SET fetched_at = fetched_at + 1`);
  database.close();
  const told: string[] = [];
  const onDamage = ({ message }: DioramaError): void => {
    told.push(message);
    throw new Error("from onDamage");
  };
  const cache = await FileCache.open(folder, { onDamage });
  const found = await Promise.all([cache.get("clients/page_1"), cache.get("clients/page_1")]);
  expect(found).toEqual([undefined, undefined]);
  expect(told).toEqual([expect.stringContaining('"clients"')]);
  await holdsEntry(cache, "orders/page_1", entry(1));
  await cache.put("clients/page_1", entry(2));
  await holdsEntry(cache, "clients/page_1", entry(2));
  expect(told.length).toBe(1);
  await cache.close();
});

test("LT52 close waits for what is under way, then every call is closed", async () => {
  const folder = newFolder();
  const cache = await FileCache.open(folder);
  const calls = Array.from({ length: 100 }, (_, n) => cache.put(`clients/page_${n}`, entry(n)));
  await Promise.all([cache.close(), cache.close()]);
  await Promise.all(calls);
  for (const call of [
    cache.get("clients/page_1"),
    cache.put("clients/page_1", entry(1)),
    cache.invalidatePrefix("clients"),
    cache.delete("clients/page_1"),
  ]) {
    await expect(call).rejects.toMatchObject({ code: "closed" });
  }
  await cache[Symbol.asyncDispose]();
  const again = await FileCache.open(folder);
  for (let n = 0; n < 100; n++) await holdsEntry(again, `clients/page_${n}`, entry(n));
  await again.close();
});

test("LT52 an open cache without work keeps no process alive, and one with work until it is done", async () => {
  const folder = newFolder();
  const program = `
    import { FileCache } from "vantage-diorama/live";
    const cache = await FileCache.open(process.argv[1]);
    await cache.put("clients/page_1", { rows: new Map([["a", { n: 1 }]]), fetchedAt: 1 });
    await cache.invalidatePrefix("clients/page_2");
    cache.put("clients/page_3", { rows: new Map([["b", { n: 2 }]]), fetchedAt: 2 });`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program, folder], {
    encoding: "utf8",
    timeout: 30_000,
  });
  expect([status, stderr]).toEqual([0, ""]);
  const cache = await FileCache.open(folder);
  expect((await cache.get("clients/page_1"))?.rows.get("a")).toEqual({ n: 1 });
  expect((await cache.get("clients/page_3"))?.rows.get("b")).toEqual({ n: 2 });
  await cache.close();
});
