import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lens } from "vantage-diorama";
import { createRandom } from "vantage-diorama/testing";
import { expect, onTestFinished, test } from "vitest";
import { blankMeta, type CacheBackend, type CacheTable, type StoredRow } from "../../src/cache/index.ts";
import { openDurableCache } from "../../src/cache/sqlite/index.ts";
import { openDurableQueues } from "../../src/queue/sqlite/index.ts";
import { playFullDisk, playSmallDisk } from "./disk-full-battery.ts";

const MEBIBYTE = 1_048_576;
const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

function rowsOf(name: string, count: number): StoredRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${name} ${index}`,
    row: { index, text: `${name} `.repeat(40) },
    fetchedAt: index,
  }));
}

async function idsOf(table: CacheTable): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of table.scan(1_000)) found.push(...batch.map(({ id }) => id));
  return found;
}

/** Fills the cache until it is full, makes room, and goes on with the same batch and the same backend. */
async function fillUp(cache: CacheBackend, makeRoom: (table: CacheTable) => Promise<void>): Promise<void> {
  const table = await cache.openTable("products");
  await table.apply({ puts: rowsOf("first", 500), meta: { ...blankMeta, total: 500 } });
  const kept = rowsOf("first", 500).map(({ id }) => id);
  const large = rowsOf("large", 20_000);
  for (let attempt = 0; attempt < 3; attempt++) {
    const from = performance.now();
    await expect(table.apply({ puts: large, meta: { ...blankMeta, total: 20_500 } })).rejects.toMatchObject({
      code: "full",
    });
    expect(performance.now() - from).toBeLessThan(1_000);
    expect([table.rowCount, table.meta.total]).toEqual([500, 500]);
    expect(await idsOf(table)).toEqual(kept);
    expect(await table.get(["first 7"])).toEqual(rowsOf("first", 8).slice(7));
  }
  await makeRoom(table);
  const before = await idsOf(table);
  const again = large.slice(0, 3_000);
  await table.apply({ puts: again, meta: { ...blankMeta, total: 3_500 } });
  expect(await idsOf(table)).toEqual([...before, ...again.map(({ id }) => id)]);
  await cache.close();
}

test("P7 a cache at its own limit is full within 1 s, reads go on, and it works on once there is room", async () => {
  const root = mkdtempSync(join(tmpdir(), "diorama-p7-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const cache = await openDurableCache(root, { maxSizeBytes: 2 * MEBIBYTE });
  await fillUp(cache, (table) => table.apply({ clear: true }));
});

test("P7 a cache on a full disk is full within 1 s, reads go on, and it works on once there is room", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "diorama-p7-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", root], { encoding: "utf8" });
  onTestFinished(() => {
    if (mounted.status === 0) spawnSync("umount", [root]);
    rmSync(root, { recursive: true, force: true });
  });
  if (mounted.status !== 0) return context.skip("a small disk can only be mounted by root");
  writeFileSync(join(root, "filler"), new Uint8Array(8 * MEBIBYTE));
  const cache = await openDurableCache(join(root, "cache"));
  await fillUp(cache, async () => rmSync(join(root, "filler")));
});

test("P7 a queue at its own limit is full within 1 s, and takes writes again when others have been sent", async () => {
  const root = mkdtempSync(join(tmpdir(), "diorama-p7-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const closing: (() => Promise<void>)[] = [];
  const counts = await playFullDisk(seed, createRandom(seed), {
    async open(activity) {
      await Promise.all(closing.splice(0).map((close) => close()));
      const cache = await openDurableCache(join(root, "cache"));
      const queues = await openDurableQueues(join(root, "queue"), { maxSizeBytes: 2 * MEBIBYTE });
      closing.push(
        () => queues.close(),
        () => cache.close(),
      );
      return Lens.builder().cacheSource(cache).queueSource(queues).activity(activity).build();
    },
  });
  await Promise.all(closing.map((close) => close()));
  expect(counts).toMatchObject({ disks: 1, duplicated: 0, lost: 0 });
});

test("P7 a full disk: writes are refused, reads and sending go on, and once there is room so do writes", async (context) => {
  const counts = await playSmallDisk(seed);
  if (counts === undefined) return context.skip("a small disk can only be mounted by root");
  console.log(`P7 DIORAMA_SEED=${seed}:`, counts);
  expect(counts).toMatchObject({ disks: 1, lost: 0 });
});
