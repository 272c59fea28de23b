import { expect, test } from "vitest";
import type { DioramaError } from "../../src/base/index.ts";
import { blankMeta } from "../../src/cache/index.ts";
import { toEntryId } from "../../src/live/entry-id.ts";
import { KeyTables, MAX_OPEN_TABLES } from "../../src/live/key-tables.ts";
import { createManualClock, type ManualClock } from "../../src/testing/index.ts";
import { entry } from "../../src/testing/live-cache-rows.ts";
import { type WatchedBackend, watchedBackend } from "./watched-backend.ts";

interface Rig {
  readonly backend: WatchedBackend;
  readonly clock: ManualClock;
  readonly tables: KeyTables;
  readonly told: DioramaError[];
}

/** The tables of a FileCache over a watched memory cache; over the same one, as after a restart. */
function createRig(backend: WatchedBackend = watchedBackend()): Rig {
  const told: DioramaError[] = [];
  const clock = createManualClock();
  const tables = new KeyTables({ backend, clock, onDamage: (error) => told.push(error) });
  return { backend, clock, tables, told };
}

/** How many rows the table holds, dropped ones included. */
async function storedRows({ backend, tables }: Rig, cacheKey: string): Promise<number> {
  await tables.close();
  const table = await backend.openTable(`__vlive__${cacheKey}`);
  const { rowCount } = table;
  await table.close();
  return rowCount;
}

test("LT45 what arrives together is one transaction, and of two puts of a key the later counts", async () => {
  const { backend, tables } = createRig();
  const table = tables.of("clients");
  await table.put("page_0", entry(0));
  const before = backend.batches.length;
  const calls = Array.from({ length: 40 }, (_, n) => table.put(`page_${n % 20}`, entry(n)));
  await Promise.all([...calls, table.delete("page_0"), table.drop("page_1")]);
  expect(backend.batches.length - before).toBe(1);
  expect(await table.get("page_0")).toBeUndefined();
  expect(await table.get("page_1")).toBeUndefined();
  expect((await table.get("page_5"))?.fetchedAt).toBe(entry(25).fetchedAt);
});

test("LT45 a put is answered when its batch is committed, not before", async () => {
  const { backend, tables } = createRig();
  const table = tables.of("clients");
  const letGo = backend.hold();
  let isAnswered = false;
  const putting = table.put("page_1", entry(1)).then(() => (isAnswered = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isAnswered).toBe(false);
  letGo();
  await putting;
  expect(backend.batches.flatMap(({ puts }) => puts ?? []).map(({ id }) => id)).toEqual(["/page_1"]);
});

test("LT45 of a batch that finds no room each call has its own outcome", async () => {
  const { backend, tables } = createRig();
  const table = tables.of("clients");
  backend.failNext("full", "full");
  const calls = await Promise.allSettled([table.put("page_1", entry(1)), table.put("page_2", entry(2))]);
  expect(calls.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("LT47 a drop is one note, whatever it drops; a sweep removes it later in bounded batches", async () => {
  const rig = createRig();
  const { backend, clock, tables } = rig;
  const table = tables.of("clients");
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => table.put(`page_${n}`, entry(n, 1))));
  await table.put("id/1", entry(1));
  backend.batches.length = 0;
  await table.drop("page_");
  expect(backend.batches.map(({ puts, deletes, clear }) => [puts, deletes, clear])).toEqual([
    [[], [], undefined],
  ]);
  expect(await table.get("page_7")).toBeUndefined();
  await table.put("page_7", entry(7));
  expect(backend.scanned).toEqual([]);
  backend.batches.length = 0;
  await clock.advance(1_000);
  await tables.close();
  expect(backend.scanned).toEqual([64]);
  const sizes = backend.batches.map(({ deletes = [] }) => deletes.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(64);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(999);
  expect(await storedRows(rig, "clients")).toBe(2);
  const again = createRig(backend);
  expect((await again.tables.of("clients").get("page_7"))?.fetchedAt).toBe(entry(7).fetchedAt);
  expect((await again.tables.of("clients").get("id/1"))?.fetchedAt).toBe(entry(1).fetchedAt);
  expect(await again.tables.of("clients").get("page_8")).toBeUndefined();
});

test("LT47 what is put while a sweep goes on stays, and other calls pass", async () => {
  const rig = createRig();
  const { clock, tables } = rig;
  const table = tables.of("clients");
  await Promise.all(Array.from({ length: 2_000 }, (_, n) => table.put(`page_${n}`, entry(n, 1))));
  await table.drop(undefined);
  const passing = (async (): Promise<void> => {
    for (let n = 1_999; n >= 0; n -= 50) {
      await table.put(`page_${n}`, entry(n + 1, 1));
      expect((await table.get(`page_${n}`))?.fetchedAt).toBe(entry(n + 1).fetchedAt);
    }
  })();
  await Promise.all([clock.advance(5_000), passing]);
  for (let n = 1_999; n >= 0; n -= 50) {
    expect((await table.get(`page_${n}`))?.fetchedAt).toBe(entry(n + 1).fetchedAt);
  }
  await clock.advance(5_000);
  expect(await storedRows(rig, "clients")).toBe(40);
});

test("LT47 what a sweep has read as dropped and is put meanwhile stays, in this batch or the one before", async () => {
  const rig = createRig();
  const { backend, clock, tables } = rig;
  const table = tables.of("clients");
  for (const n of [1, 2, 3]) await table.put(`page_${n}`, entry(n));
  await table.drop(undefined);
  const letGo = backend.holdScans();
  await clock.advance(1_000);
  expect(backend.scanned.length).toBe(1);
  await table.put("page_1", entry(11));
  const putting = table.put("page_2", entry(12));
  letGo();
  await putting;
  await clock.advance(5_000);
  expect((await table.get("page_1"))?.fetchedAt).toBe(entry(11).fetchedAt);
  expect((await table.get("page_2"))?.fetchedAt).toBe(entry(12).fetchedAt);
  expect(await storedRows(rig, "clients")).toBe(2);
});

test("LT47 what is dropped while a sweep goes on stays dropped when it ends", async () => {
  const { backend, clock, tables } = createRig();
  const table = tables.of("clients");
  await table.put("page_1", entry(1));
  await table.drop("page_");
  const letGo = backend.holdScans();
  await clock.advance(1_000);
  await table.put("id/1", entry(2));
  const letWrite = backend.hold();
  const dropping = table.drop("id/");
  letGo();
  letWrite();
  await dropping;
  // The first sweep has ended, and the next one waits for its time.
  await clock.advance(500);
  expect(await table.get("id/1")).toBeUndefined();
  await tables.close();
  expect(await createRig(backend).tables.of("clients").get("id/1")).toBeUndefined();
});

test("LT32 two sub-keys whose hashes meet are told apart: one is a miss, and never the other's rows", async () => {
  const first = createRig();
  const [one, other] = [`${"x".repeat(2_000)}1`, `${"x".repeat(2_000)}2`];
  await first.tables.of("clients").put(one, entry(1));
  await first.tables.close();
  const table = await first.backend.openTable("__vlive__clients");
  const [stored] = await table.get([toEntryId(one)]);
  await table.apply({ puts: [{ id: toEntryId(other), row: stored?.row ?? {}, fetchedAt: 1 }] });
  await table.close();
  const { tables, told } = createRig(first.backend);
  expect(await tables.of("clients").get(other)).toBeUndefined();
  expect((await tables.of("clients").get(one))?.fetchedAt).toBe(entry(1).fetchedAt);
  expect(told).toEqual([]);
});

test("LT48 a sweep that was cut short goes on after the next opening", async () => {
  const first = createRig();
  const table = first.tables.of("clients");
  await Promise.all(Array.from({ length: 300 }, (_, n) => table.put(`page_${n}`, entry(n, 1))));
  await table.put("id/1", entry(1));
  await table.drop("page_");
  // Before its time has come.
  expect(await storedRows(first, "clients")).toBe(301);
  const second = createRig(first.backend);
  expect(await second.tables.of("clients").get("page_1")).toBeUndefined();
  await second.clock.advance(1_000);
  expect(await storedRows(second, "clients")).toBe(1);
  // Nothing is left to be swept.
  const third = createRig(first.backend);
  first.backend.scanned.length = 0;
  await third.tables.of("clients").get("id/1");
  await third.clock.advance(10_000);
  expect(first.backend.scanned).toEqual([]);
});

test("LT48 over 256 prefixes that were not swept yet, the whole key is dropped", async () => {
  const rig = createRig();
  const { clock, tables } = rig;
  const table = tables.of("clients");
  await table.put("id/1", entry(1));
  for (let n = 0; n < 256; n++) await table.drop(`page ${n}/`);
  // One again is none more.
  await table.drop("page 7/");
  expect((await table.get("id/1"))?.fetchedAt).toBe(entry(1).fetchedAt);
  await table.drop("one more");
  expect(await table.get("id/1")).toBeUndefined();
  await table.put("id/1", entry(2));
  await clock.advance(1_000);
  for (let n = 0; n < 256; n++) await table.drop(`page ${n}/`);
  expect((await table.get("id/1"))?.fetchedAt).toBe(entry(2).fetchedAt);
  await tables.close();
});

test("LT49 what another version wrote is a miss, is told, and goes", async () => {
  const { backend, tables, told } = createRig();
  for (const [name, meta] of [
    ["__vlive__none", blankMeta],
    ["__vlive__later", { ...blankMeta, notes: { format: 99 } }],
  ] as const) {
    const table = await backend.openTable(name);
    await table.apply({ puts: [{ id: "/page_1", row: { price: 5 }, fetchedAt: 1 }], meta });
    await table.close();
  }
  for (const key of ["none", "later"]) {
    expect(await tables.of(key).get("page_1")).toBeUndefined();
    await tables.of(key).put("page_1", entry(1));
    expect((await tables.of(key).get("page_1"))?.fetchedAt).toBe(entry(1).fetchedAt);
  }
  expect(told.map(({ code }) => code)).toEqual(["corrupt", "corrupt"]);
});

test("LT49 a row that is no entry is a miss, told once, and goes", async () => {
  const first = createRig();
  await first.tables.of("clients").put("page_1", entry(1));
  await first.tables.close();
  const table = await first.backend.openTable("__vlive__clients");
  const [stored] = await table.get(["/page_1"]);
  const packed = stored?.row["packed"] ?? null;
  const wrong = [
    {},
    { generation: 0 },
    { generation: 0, packed: new Uint8Array([1, 2, 3]) },
    { generation: 5, packed },
    { generation: "0", packed },
    { generation: 0, packed: packed instanceof Uint8Array ? packed.slice(0, -1) : null },
  ];
  await table.apply({
    puts: wrong.map((broken, n) => ({ id: `/page_${n + 2}`, row: broken, fetchedAt: 1 })),
  });
  await table.close();
  const { tables, told } = createRig(first.backend);
  for (const [n] of wrong.entries()) {
    const found = await Promise.all([
      tables.of("clients").get(`page_${n + 2}`),
      tables.of("clients").get(`page_${n + 2}`),
      tables.of("clients").get("page_1"),
    ]);
    expect(found.map((rows) => rows?.fetchedAt)).toEqual([undefined, undefined, entry(1).fetchedAt]);
    expect(await tables.of("clients").get(`page_${n + 2}`)).toBeUndefined();
    expect(told.length).toBe(n + 1);
  }
  await tables.close();
});

test("LT49 damage that a write meets is told, and the write is done", async () => {
  const { backend, tables, told } = createRig();
  const table = tables.of("clients");
  await table.put("page_1", entry(1));
  backend.failNext("corrupt");
  await Promise.all([table.drop("page_2"), table.put("page_2", entry(2))]);
  expect(told.map(({ code }) => code)).toEqual(["corrupt"]);
  expect(await table.get("page_1")).toBeUndefined();
  expect((await table.get("page_2"))?.fetchedAt).toBe(entry(2).fetchedAt);
  // As after a restart: the notes are there again.
  await tables.close();
  const again = createRig(backend);
  expect((await again.tables.of("clients").get("page_2"))?.fetchedAt).toBe(entry(2).fetchedAt);
  expect(again.told).toEqual([]);
});

test("LT49 damage that an opening meets is told, and the table opens; an outage is told to who calls", async () => {
  const { backend, tables, told } = createRig();
  backend.failNextOpening("corrupt");
  const table = tables.of("clients");
  expect(await table.get("page_1")).toBeUndefined();
  expect(told.map(({ code }) => code)).toEqual(["corrupt"]);
  backend.failNextOpening("unavailable");
  await expect(tables.of("orders").get("page_1")).rejects.toMatchObject({ code: "unavailable" });
  // The next call tries again.
  await tables.of("orders").put("page_1", entry(1));
  expect((await tables.of("orders").get("page_1"))?.fetchedAt).toBe(entry(1).fetchedAt);
  expect(told.length).toBe(1);
});

test.each(["full", "unavailable"] as const)(
  "LT51 an invalidation that is %s is rejected, holds all the same, and is stored with the next write",
  async (code) => {
    const { backend, tables } = createRig();
    const table = tables.of("clients");
    await table.put("page_1", entry(1));
    backend.failNext(code);
    await expect(table.drop("page_")).rejects.toMatchObject({ code });
    expect(await table.get("page_1")).toBeUndefined();
    await table.put("page_2", entry(2));
    expect((await table.get("page_2"))?.fetchedAt).toBe(entry(2).fetchedAt);
    await tables.close();
    const again = createRig(backend).tables.of("clients");
    expect(await again.get("page_1")).toBeUndefined();
    expect((await again.get("page_2"))?.fetchedAt).toBe(entry(2).fetchedAt);
  },
);

test("LT53 however many cache keys are in use, a bounded number of tables is open", async () => {
  const { backend, tables } = createRig();
  const keys = Array.from({ length: 3 * MAX_OPEN_TABLES }, (_, n) => `clients of ${n}`);
  for (const [n, key] of keys.entries()) await tables.of(key).put("page_1", entry(n));
  for (const [n, key] of keys.entries()) {
    expect((await tables.of(key).get("page_1"))?.fetchedAt).toBe(entry(n).fetchedAt);
  }
  expect(backend.mostOpenTables).toBeLessThanOrEqual(MAX_OPEN_TABLES + 1);
  // All at once: none is idle, and all are answered.
  const found = await Promise.all(keys.map((key) => tables.of(key).get("page_1")));
  expect(found.map((rows) => rows?.fetchedAt)).toEqual(keys.map((_, n) => entry(n).fetchedAt));
  await tables.of("one more").get("page_1");
  await tables.of("another").get("page_1");
  expect(backend.openTables).toBeLessThanOrEqual(MAX_OPEN_TABLES + 1);
  await tables.close();
  expect(backend.openTables).toBe(0);
});
