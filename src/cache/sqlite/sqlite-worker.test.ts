import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { silentLogger, systemClock } from "../../base/index.ts";
import { FolderLock, Turns } from "../../sqlite/index.ts";
import { createManualClock } from "../../testing/index.ts";
import { blankMeta, type CacheTable, type StoredRow } from "../index.ts";
import { BatchCursor } from "./batch-cursor.ts";
import { RowPacker } from "./row-packer.ts";
import { createCacheLink } from "./durable-cache.ts";
import { openDurableCache } from "./index.ts";
import { SqliteCache } from "./sqlite-cache.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-worker-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const rowsOf = (count: number, text = "x"): StoredRow[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `row ${index}`,
    row: { index, text, other: "some text that takes room" },
    fetchedAt: 1_764_000_000_000,
  }));

async function scanAll(table: CacheTable): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  for await (const batch of table.scan(1_000)) found.push(...batch);
  return found;
}

test("C26 a batch beyond maxSizeBytes is full; nothing of it is kept, reads go on, room makes it pass", async () => {
  const cache = await openDurableCache(join(root, "full"), { maxSizeBytes: 1_048_576 });
  const table = await cache.openTable("products");
  const small = rowsOf(1_000);
  await table.apply({ puts: small, meta: { ...blankMeta, total: 1 } });
  const wide = rowsOf(4_000, "y".repeat(200)).map((row) => ({ ...row, id: `wide ${row.id}` }));
  for (let time = 0; time < 3; time++) {
    await expect(table.apply({ puts: wide, meta: { ...blankMeta, total: 2 } })).rejects.toMatchObject({
      code: "full",
      message: expect.stringContaining("maxSizeBytes"),
    });
    expect([table.rowCount, table.meta.total, await scanAll(table)]).toEqual([1_000, 1, small]);
  }
  await expect(table.apply({ clear: true, puts: wide.slice(0, 2_000) })).resolves.toBeUndefined();
  expect(await scanAll(table)).toEqual(wide.slice(0, 2_000));
  await cache.close();
});

test("C27 a row that can't be encoded makes its batch invalid, and nothing of it is kept", async () => {
  const cache = await openDurableCache(join(root, "invalid"));
  const table = await cache.openTable("products");
  await table.apply({ puts: rowsOf(10) });
  const bad: StoredRow[] = rowsOf(20_000, "changed");
  bad.push({ id: "bad", row: { text: "half a pair \ud800" }, fetchedAt: 1 });
  await expect(table.apply({ clear: true, puts: bad })).rejects.toMatchObject({ code: "invalid" });
  expect([table.rowCount, await scanAll(table)]).toEqual([10, rowsOf(10)]);
  await table.apply({ puts: bad.slice(0, 20_000) });
  expect(table.rowCount).toBe(20_000);
  await cache.close();
});

test("C28 a large batch is encoded in parts of bounded size and time", () => {
  const puts = rowsOf(30_000, "z".repeat(100));
  const deletes = puts.slice(0, 10_000).map(({ id }) => id);
  const cursor = new BatchCursor({ clear: true, deletes, puts }, new RowPacker());
  let parts = 0;
  let packed = 0;
  const tookMs: number[] = [];
  for (let last = false; !last; parts++) {
    const from = performance.now();
    const part = cursor.next();
    tookMs.push(performance.now() - from);
    last = part.last;
    packed += (part.packet?.ends.length ?? 0) / 2;
    expect(part.packet?.rows.length ?? 0).toBeLessThan(600_000);
    expect([part.first, part.clear]).toEqual([parts === 0, parts === 0]);
  }
  expect(packed).toBe(30_000);
  expect(parts).toBeGreaterThan(8);
  // A part takes 5 ms. On a busy machine some take longer, but not most of them.
  const half = tookMs.toSorted((a, b) => a - b)[Math.floor(tookMs.length / 2)];
  expect(half).toBeLessThan(20);
});

test("C28 timers go off while a large batch is on its way and a large answer is read", async () => {
  const cache = await openDurableCache(join(root, "turns"));
  const table = await cache.openTable("products");
  const puts = rowsOf(30_000);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await table.apply({ puts });
  const whileWriting = ticks;
  await table.get(puts.map(({ id }) => id));
  clearInterval(timer);
  await cache.close();
  expect(whileWriting).toBeGreaterThan(3);
  expect(ticks - whileWriting).toBeGreaterThan(3);
});

test("C29 when the worker dies its calls are unavailable, and a new one serves what was committed", async () => {
  const folder = join(root, "dies");
  const open = await openDurableCache(folder);
  await open.close();
  const lock = FolderLock.take(folder, systemClock);
  // The pause before a new worker ends when the test says so, however busy the machine is.
  const clock = createManualClock();
  const link = createCacheLink({ folder, maxSizeBytes: undefined }, clock, silentLogger);
  let transactions = 0;
  const host = {
    link,
    writes: new Turns(),
    packer: new RowPacker(),
    nextTransaction: () => ++transactions,
  };
  const cache = new SqliteCache(folder, host, () => lock.release());
  const table = await cache.openTable("products");
  const other = await cache.openTable("other");
  await table.apply({ puts: rowsOf(100), meta: { ...blankMeta, complete: true } });
  await other.apply({ puts: rowsOf(3) });
  const applying = table.apply({ puts: rowsOf(50_000, "changed") });
  const reading = other.get(["row 1"]);
  await link.terminate();
  const [applied, read] = await Promise.allSettled([applying, reading]);
  const unavailable = { status: "rejected", reason: expect.objectContaining({ code: "unavailable" }) };
  expect(applied).toEqual(unavailable);
  // It may have been answered just before.
  const answered = { status: "fulfilled", value: rowsOf(2).slice(1) };
  expect(read).toEqual(read.status === "rejected" ? unavailable : answered);
  await expect(table.get(["row 1"])).rejects.toMatchObject({ code: "unavailable" });
  await clock.advance(999);
  await expect(table.get(["row 1"])).rejects.toMatchObject({ code: "unavailable" });
  await clock.advance(1);
  expect(await scanAll(table)).toEqual(rowsOf(100));
  expect(await other.get(["row 1"])).toEqual(rowsOf(2).slice(1));
  await table.apply({ puts: rowsOf(200, "changed") });
  expect(await scanAll(table)).toEqual(rowsOf(200, "changed"));
  await link.terminate();
  await cache.close();
  const again = await openDurableCache(folder);
  expect((await again.openTable("products")).rowCount).toBe(200);
  await again.close();
});

test("C30 an idle cache keeps no process alive, a batch on its way does", () => {
  const folder = join(root, "alive");
  const script = `
    const { openDurableCache } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const cache = await openDurableCache(${JSON.stringify(folder)});
    const table = await cache.openTable("products");
    if (table.rowCount === 0) {
      const puts = Array.from({ length: 20_000 }, (_, n) => ({ id: "row " + n, row: { n }, fetchedAt: 1 }));
      void table.apply({ puts }).then(() => console.log("stored"));
    } else console.log(table.rowCount);
  `;
  for (const expected of ["stored", "20000"]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 15_000,
    });
    expect([status, stdout.trim(), stderr]).toEqual([0, expected, ""]);
  }
});
