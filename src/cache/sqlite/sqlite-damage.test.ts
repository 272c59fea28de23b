import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { rowChecksum } from "../../record/index.ts";
import { blankMeta, type CacheBackend, type CacheTable, type StoredRow } from "../index.ts";
import { openDurableCache } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-damage-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const newFolder = (): string => join(root, `folder-${++folders}`);

const rowsOf = (table: string, count = 500): StoredRow[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `${table} ${index}`,
    row: { text: `text of ${table} ${index}`, index },
    fetchedAt: 1_764_000_000_000 + index,
  }));

async function scanAll(table: CacheTable): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  for await (const batch of table.scan(100)) found.push(...batch);
  return found;
}

/** A folder with two closed tables of 500 rows. */
async function filledFolder(): Promise<string> {
  const folder = newFolder();
  const cache = await openDurableCache(folder);
  for (const name of ["products", "clients"]) {
    const table = await cache.openTable(name);
    await table.apply({ puts: rowsOf(name), meta: { ...blankMeta, complete: true } });
  }
  await cache.close();
  return folder;
}

const file = (folder: string): string => join(folder, "cache.db");
const setAside = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^cache\.db\.damaged-\d{8}T\d{9}Z(-\d+)?$/.test(name));

/** Changes a byte of the file wherever this text stands (pages may have old copies). */
function spoil(folder: string, text: string, offset = 0): void {
  const bytes = readFileSync(file(folder));
  expect(bytes.indexOf(text)).toBeGreaterThan(0);
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + text.length)) {
    bytes[at + offset] = (bytes[at + offset] ?? 0) ^ 1;
  }
  writeFileSync(file(folder), bytes);
}

/** Zeroes the root page of a table, found through the file's own list. */
function spoilPage(folder: string, sqlTable: string): void {
  const database = new DatabaseSync(file(folder));
  const page = database.prepare("SELECT rootpage FROM sqlite_master WHERE name = ?").get(sqlTable)?.[
    "rootpage"
  ];
  database.close();
  const bytes = readFileSync(file(folder));
  bytes.fill(0xee, (Number(page) - 1) * 8_192, Number(page) * 8_192);
  writeFileSync(file(folder), bytes);
}

/** What stands in a table, looked at in its own order. */
function rowsWithoutIndex(folder: string, number: number): unknown[] {
  const database = new DatabaseSync(file(folder));
  const rows = database.prepare(`SELECT * FROM rows_${number} NOT INDEXED ORDER BY n`).all();
  database.close();
  return rows;
}

async function isEmptyAndUsable(cache: CacheBackend, table: CacheTable): Promise<void> {
  expect([table.rowCount, table.meta, await scanAll(table)]).toEqual([0, blankMeta, []]);
  await table.apply({ puts: rowsOf("again", 50), meta: { ...blankMeta, total: 50 } });
  expect(await scanAll(table)).toEqual(rowsOf("again", 50));
  expect(table.rowCount).toBe(50);
  expect(cache.kind).toBe("sqlite");
}

const unusable: readonly [what: string, spoilFile: (path: string) => void][] = [
  ["empty", (path) => truncateSync(path, 0)],
  ["cut off in its head", (path) => truncateSync(path, 50)],
  ["no database", (path) => writeFileSync(path, "id,name\n1,a\n".repeat(2_000))],
  ["all zeros", (path) => writeFileSync(path, new Uint8Array(40_960))],
  [
    "a database of another program",
    (path) => {
      rmSync(path);
      const other = new DatabaseSync(path);
      other.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
      other.close();
    },
  ],
  [
    "of another format",
    (path) => {
      const ours = new DatabaseSync(path);
      ours.exec("PRAGMA user_version = 999");
      ours.close();
    },
  ],
  [
    "a folder",
    (path) => {
      rmSync(path);
      mkdirSync(path);
      writeFileSync(join(path, "something"), "in it");
    },
  ],
];

for (const [what, spoilFile] of unusable) {
  test(`C23 a cache file that is ${what} is given up, and its tables say why`, async () => {
    const folder = await filledFolder();
    spoilFile(file(folder));
    const cache = await openDurableCache(folder);
    const table = await cache.openTable("products");
    expect(table.lost).toContain(file(folder));
    await isEmptyAndUsable(cache, table);
    await cache.close();
    expect(setAside(folder)).toHaveLength(what === "empty" ? 0 : 1);
    const again = await openDurableCache(folder);
    const kept = await again.openTable("products");
    expect([kept.lost, kept.rowCount]).toEqual([undefined, 50]);
    await again.close();
  });
}

test("C23 three files that were set aside are kept, the newest", async () => {
  const folder = await filledFolder();
  for (let time = 0; time < 5; time++) {
    writeFileSync(file(folder), `no database ${time} `.repeat(1_000));
    await (await openDurableCache(folder)).close();
  }
  const kept = setAside(folder).map((name) => readFileSync(join(folder, name), "utf8").slice(0, 13));
  expect(new Set(kept)).toEqual(new Set(["no database 2", "no database 3", "no database 4"]));
});

test("C24 C25 a changed byte of a row makes the read corrupt, and the table is empty and usable", async () => {
  const folder = await filledFolder();
  spoil(folder, "text of products 250");
  const cache = await openDurableCache(folder);
  const table = await cache.openTable("products");
  expect(await table.get(["products 3"])).toEqual(rowsOf("products").slice(3, 4));
  await expect(table.get(["products 250"])).rejects.toMatchObject({
    code: "corrupt",
    place: { vista: "products" },
  });
  await isEmptyAndUsable(cache, table);
  const other = await cache.openTable("clients");
  expect(await scanAll(other)).toEqual(rowsOf("clients"));
  await cache.close();
});

test("C24 C25 a scan shows what was stored and then rejects, on a changed byte and on a missing row", async () => {
  for (const damage of ["byte", "row", "twice"] as const) {
    const folder = await filledFolder();
    if (damage === "byte") spoil(folder, "text of products 499");
    else {
      const database = new DatabaseSync(file(folder));
      database.exec("DELETE FROM rows_1 WHERE id = 'products 7'");
      if (damage === "twice") database.exec("UPDATE rows_1 SET id = 'products 7' WHERE id = 'products 8'");
      database.close();
    }
    const cache = await openDurableCache(folder);
    const table = await cache.openTable("products");
    const expected = new Map(rowsOf("products").map((row) => [row.id, row]));
    const scanning = (async () => {
      for await (const batch of table.scan(100)) {
        for (const row of batch) expect(row).toEqual(expected.get(row.id));
      }
    })();
    await expect(scanning).rejects.toMatchObject({ code: "corrupt" });
    await isEmptyAndUsable(cache, table);
    await cache.close();
  }
});

test("C25 a row that is sound and of an earlier state is found by the sum of the checksums", async () => {
  const folder = await filledFolder();
  const [now] = rowsOf("products").slice(7, 8);
  const stored = (): Record<string, SQLOutputValue> => {
    const database = new DatabaseSync(file(folder));
    const found = database.prepare("SELECT * FROM rows_1 WHERE id = 'products 7'").get();
    database.close();
    return found ?? {};
  };
  const { bytes = null, crc = null } = stored();
  const cache = await openDurableCache(folder);
  await (
    await cache.openTable("products")
  ).apply({ puts: now === undefined ? [] : [{ ...now, row: { text: "newer" } }] });
  await cache.close();
  expect(stored()["crc"]).not.toBe(crc);
  const database = new DatabaseSync(file(folder));
  database.prepare("UPDATE rows_1 SET bytes = ?, crc = ? WHERE id = 'products 7'").run(bytes, crc);
  database.close();
  const again = await openDurableCache(folder);
  const table = await again.openTable("products");
  await expect(scanAll(table)).rejects.toMatchObject({ code: "corrupt" });
  await isEmptyAndUsable(again, table);
  await again.close();
});

test("C25 a scan finds that the index of ids does not fit, before a read by id misses a row for good", async () => {
  const folder = await filledFolder();
  const sound = rowsWithoutIndex(folder, 1);
  expect(sound).toHaveLength(500);
  // An entry of the index: the id as text of 12 characters (type 37), then the row's place in one byte (type 1).
  spoil(folder, "\u0025\u0001products 123", 6);
  // Nothing else is damaged: the table alone gives every row, with the checksum that it was stored with.
  expect(rowsWithoutIndex(folder, 1)).toEqual(sound);
  const cache = await openDurableCache(folder);
  const table = await cache.openTable("products");
  await expect(scanAll(table)).rejects.toMatchObject({
    code: "corrupt",
    message: expect.stringContaining("the index of ids does not fit the rows"),
  });
  await isEmptyAndUsable(cache, table);
  await cache.close();
});

test("C24 damage of the whole file sets it aside, and every open table is corrupt once", async () => {
  const folder = await filledFolder();
  spoilPage(folder, "rows_1");
  const cache = await openDurableCache(folder);
  const products = await cache.openTable("products");
  const clients = await cache.openTable("clients");
  expect(await clients.get(["clients 1"])).toEqual(rowsOf("clients").slice(1, 2));
  await expect(scanAll(products)).rejects.toMatchObject({ code: "corrupt" });
  expect(setAside(folder)).toHaveLength(1);
  await isEmptyAndUsable(cache, products);
  await expect(clients.apply({ puts: rowsOf("lost", 1) })).rejects.toMatchObject({ code: "corrupt" });
  await isEmptyAndUsable(cache, clients);
  await cache.close();
});

test("C24 a scan that is given up leaves the damage it met to the next call", async () => {
  const folder = await filledFolder();
  spoil(folder, "text of products 150");
  const cache = await openDurableCache(folder);
  const table = await cache.openTable("products");
  for await (const batch of table.scan(100)) {
    expect(batch).toEqual(rowsOf("products").slice(0, 100));
    break;
  }
  await expect(table.apply({ puts: rowsOf("lost", 1) })).rejects.toMatchObject({ code: "corrupt" });
  await isEmptyAndUsable(cache, table);
  await cache.close();
});

test("C23 a table whose entry is damaged opens empty and says so, the others are whole", async () => {
  const folder = await filledFolder();
  const database = new DatabaseSync(file(folder));
  database.exec("UPDATE tables SET row_count = 499 WHERE number = 1");
  database.close();
  const cache = await openDurableCache(folder);
  const products = await cache.openTable("products");
  expect(products.lost).toMatch(/checksum/);
  await isEmptyAndUsable(cache, products);
  const clients = await cache.openTable("clients");
  expect([clients.lost, await scanAll(clients)]).toEqual([undefined, rowsOf("clients")]);
  await cache.close();
});

test("C23 damage that shows only where a new table is made sets the file aside, and the table says so", async () => {
  const folder = await filledFolder();
  const bytes = readFileSync(file(folder));
  // The file's head names a free page that is not there: nobody asks for one before the file grows.
  bytes.writeUInt32BE(0x00ff_ffff, 32);
  bytes.writeUInt32BE(1, 36);
  writeFileSync(file(folder), bytes);
  const cache = await openDurableCache(folder);
  const table = await cache.openTable("another");
  expect(table.lost).toContain("malformed");
  expect(setAside(folder)).toHaveLength(1);
  await isEmptyAndUsable(cache, table);
  await cache.close();
});

test("C25 the checksum of a row is that of its table, id, and time with bytes", async () => {
  const folder = await filledFolder();
  const database = new DatabaseSync(file(folder));
  const stored = database.prepare("SELECT * FROM rows_1 WHERE id = 'products 7'").get();
  database.close();
  const { fetched_at: fetchedAt, bytes, crc } = stored ?? {};
  const timed = new Uint8Array([
    ...timeBytes(Number(fetchedAt)),
    ...(bytes instanceof Uint8Array ? bytes : []),
  ]);
  expect(crc).toBe(rowChecksum("products", "products 7", timed, crc32));
});

function timeBytes(time: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, time);
  return bytes;
}
