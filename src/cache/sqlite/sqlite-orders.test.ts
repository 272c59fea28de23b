import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { createRandom } from "../../testing/index.ts";
import { blankMeta, type CacheTable, type OrderStore, type StoredRow } from "../index.ts";
import { openDurableCache } from "./index.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
const root = mkdtempSync(join(tmpdir(), "diorama-orders-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const rows: readonly StoredRow[] = Array.from({ length: 50 }, (_, index) => ({
  id: `row ${index}`,
  row: { index },
  fetchedAt: 1,
}));

const blocks = (): Uint8Array<ArrayBuffer>[] =>
  Array.from({ length: 5 }, (_, block) =>
    Uint8Array.from({ length: 200 + block }, (__, index) => (index * 31 + block * 57) & 0xff),
  );

async function* eachOf<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

function ordersOf(table: CacheTable): OrderStore {
  if (table.orders === undefined) throw new Error("the table keeps orders");
  return table.orders;
}

function readOrder(table: CacheTable, name: string, block: number): Promise<Uint8Array | undefined> {
  const orders = ordersOf(table);
  return orders.read(name, orders.edition, block);
}

async function folderWithOrder(name: string): Promise<string> {
  const folder = join(root, name);
  const cache = await openDurableCache(folder);
  const table = await cache.openTable("products");
  await table.apply({ puts: rows, meta: { ...blankMeta, complete: true } });
  const orders = ordersOf(table);
  expect(await orders.write("by price", orders.edition, eachOf(blocks()))).toBe(true);
  await cache.close();
  return folder;
}

function orderFile(folder: string): string {
  const files = readdirSync(join(folder, "orders"));
  expect(files).toHaveLength(1);
  return join(folder, "orders", files[0] ?? "");
}

async function scanAll(table: CacheTable): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  for await (const batch of table.scan(100)) found.push(...batch);
  return found;
}

test("C20 orders are files of 0600 in a folder of 0700", async () => {
  const folder = await folderWithOrder("modes");
  expect(statSync(join(folder, "orders")).mode & 0o777).toBe(0o700);
  expect(statSync(orderFile(folder)).mode & 0o777).toBe(0o600);
});

test(`C36 a changed byte, wherever it is, makes blocks missing and never different (DIORAMA_SEED=${seed})`, async () => {
  const folder = await folderWithOrder("bytes");
  const path = orderFile(folder);
  const sound = readFileSync(path);
  const random = createRandom(seed);
  const cache = await openDurableCache(folder);
  const table = await cache.openTable("products");
  const spoiled: Buffer[] = [];
  for (let at = 0; at < sound.length; at += random.integer(1, 7)) {
    const bytes = Buffer.from(sound);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
    spoiled.push(bytes);
  }
  for (let cut = 0; cut < 20; cut++) spoiled.push(sound.subarray(0, random.integer(0, sound.length - 1)));
  spoiled.push(
    Buffer.alloc(sound.length),
    Buffer.from("DioOrd01"),
    Buffer.concat([sound, sound.subarray(9)]),
  );
  let missing = 0;
  for (const bytes of spoiled) {
    writeFileSync(path, bytes);
    for (const [index, wanted] of blocks().entries()) {
      const found = await readOrder(table, "by price", index);
      if (found === undefined) missing += 1;
      else expect(found).toEqual(wanted);
    }
  }
  expect(missing).toBeGreaterThanOrEqual(spoiled.length);
  rmSync(path);
  expect(await readOrder(table, "by price", 0)).toBeUndefined();
  expect(await scanAll(table)).toEqual(rows);
  const orders = ordersOf(table);
  expect(await orders.write("by price", orders.edition, eachOf(blocks()))).toBe(true);
  expect(await readOrder(table, "by price", 4)).toEqual(blocks()[4]);
  await cache.close();
});

test("C36 an order under another's name, or of another table's rows, is missing", async () => {
  const folder = await folderWithOrder("moved");
  const bytes = readFileSync(orderFile(folder));
  const cache = await openDurableCache(folder);
  const [products, other] = [await cache.openTable("products"), await cache.openTable("other")];
  await other.apply({ puts: rows });
  for (const [table, name] of [
    [products, "by name"],
    [other, "by price"],
  ] as const) {
    const orders = ordersOf(table);
    expect(await orders.write(name, orders.edition, eachOf(blocks()))).toBe(true);
    for (const file of readdirSync(join(folder, "orders")))
      writeFileSync(join(folder, "orders", file), bytes);
    expect(await readOrder(table, name, 0)).toBeUndefined();
    expect(await orders.names()).not.toContain(name);
  }
  expect(await readOrder(products, "by price", 1)).toEqual(blocks()[1]);
  await cache.close();
});

test("C32 an order that stands beside a cache file that was put back is missing", async () => {
  const folder = await folderWithOrder("put-back");
  const file = join(folder, "cache.db");
  const old = readFileSync(file);
  const change = async (id: string, name: string): Promise<void> => {
    const cache = await openDurableCache(folder);
    const table = await cache.openTable("products");
    await table.apply({ puts: [{ id, row: { id }, fetchedAt: 2 }] });
    const orders = ordersOf(table);
    expect(await orders.write(name, orders.edition, eachOf(blocks()))).toBe(true);
    await cache.close();
  };
  await change("a", "of a");
  writeFileSync(file, old);
  await change("b", "of b");
  const cache = await openDurableCache(folder);
  expect(await ordersOf(await cache.openTable("products")).names()).toEqual(["of b"]);
  await cache.close();
});

test("C34 an order that is too large is not kept", async () => {
  const cache = await openDurableCache(join(root, "large"), { maxSizeBytes: 200_000 });
  const table = await cache.openTable("products");
  await table.apply({ puts: rows });
  const orders = ordersOf(table);
  const large = Array.from({ length: 30 }, () => new Uint8Array(10_000));
  expect(await orders.write("by price", orders.edition, eachOf(large))).toBe(false);
  expect(await orders.names()).toEqual([]);
  expect(readdirSync(join(root, "large", "orders"))).toEqual([]);
  await cache.close();
});

test("C36 where the folder of orders can't be made, writing one fails and rows are kept", async () => {
  const folder = join(root, "in-the-way");
  const cache = await openDurableCache(folder);
  writeFileSync(join(folder, "orders"), "a file");
  const table = await cache.openTable("products");
  await table.apply({ puts: rows });
  const orders = ordersOf(table);
  await expect(orders.write("by price", orders.edition, eachOf(blocks()))).rejects.toMatchObject({
    code: "unavailable",
  });
  expect(await readOrder(table, "by price", 0)).toBeUndefined();
  expect(await orders.names()).toEqual([]);
  expect(await scanAll(table)).toEqual(rows);
  await cache.close();
});

test("C38 a file of format 1 opens with its rows, and keeps orders from its first change on", async () => {
  const folder = join(root, "format-1");
  const first = await openDurableCache(folder);
  const filled = await first.openTable("products");
  const meta = { ...blankMeta, complete: true, clean: false };
  await filled.apply({ puts: rows, meta });
  await first.close();
  const database = new DatabaseSync(join(folder, "cache.db"));
  const entry = database.prepare("SELECT number, row_count, checksum, meta FROM tables").get();
  const { number, row_count: count, checksum, meta: encoded } = entry ?? {};
  const head = new TextEncoder().encode(`${String(number)}:${String(count)}:${String(checksum)}:1:products`);
  const crc = crc32(encoded instanceof Uint8Array ? encoded : new Uint8Array(), crc32(head));
  database.exec(`ALTER TABLE tables DROP COLUMN edition; PRAGMA user_version=1`);
  database.prepare("UPDATE tables SET crc = ?").run(crc);
  database.close();
  for (const session of ["the first", "the second"]) {
    const cache = await openDurableCache(folder);
    const table = await cache.openTable("products");
    expect([session, table.lost, table.meta]).toEqual([session, undefined, meta]);
    expect(await scanAll(table)).toEqual(rows);
    const orders = ordersOf(table);
    expect(await orders.write("early", orders.edition, eachOf(blocks()))).toBe(false);
    await cache.close();
  }
  const cache = await openDurableCache(folder);
  const table = await cache.openTable("products");
  await table.apply({ meta: { ...meta, clean: true } });
  const orders = ordersOf(table);
  expect(await orders.write("by price", orders.edition, eachOf(blocks()))).toBe(true);
  expect(await readOrder(table, "by price", 3)).toEqual(blocks()[3]);
  await cache.close();
});
