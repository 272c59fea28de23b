import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { networkFileSystem } from "../../sqlite/index.ts";
import { openDurableCache } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-folder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test("C20 folders are made 0700 and files 0600, also under a generous umask", async () => {
  const before = process.umask(0);
  try {
    const folder = join(root, "deep", "er", "cache");
    const cache = await openDurableCache(folder);
    const table = await cache.openTable("products");
    await table.apply({ puts: [{ id: "a", row: { n: 1 }, fetchedAt: 1 }] });
    const files = readdirSync(folder).toSorted();
    expect(files).toEqual(["cache.db", "cache.db-wal", "holder.json", "lock.db"]);
    expect(files.map((name) => modeOf(join(folder, name)))).toEqual(["600", "600", "600", "600"]);
    expect([modeOf(join(root, "deep")), modeOf(folder)]).toEqual(["700", "700"]);
    await cache.close();
    expect(readdirSync(folder).toSorted()).toEqual(["cache.db", "lock.db"]);
  } finally {
    process.umask(before);
  }
});

test("C21 a second backend of a folder is inUse and names the holder, by any path, until it is closed", async () => {
  const folder = join(root, "once");
  const other = join(root, "another-way");
  const since = Date.now();
  const cache = await openDurableCache(folder);
  symlinkSync(folder, other);
  for (const path of [folder, other, join(folder, "..", "once")]) {
    const from = performance.now();
    const error: unknown = await openDurableCache(path).catch((reason: unknown) => reason);
    expect(performance.now() - from).toBeLessThan(1_000);
    expect(error).toMatchObject({ code: "inUse" });
    const message = error instanceof Error ? error.message : "";
    expect(message).toContain(`${process.pid} on ${hostname()} since `);
    const told = /since (\S+);/.exec(message)?.[1] ?? "";
    expect(Math.abs(Date.parse(told) - since)).toBeLessThan(20_000);
  }
  // The refused ones took nothing from the holder.
  const table = await cache.openTable("products");
  await table.apply({ puts: [{ id: "a", row: { n: 1 }, fetchedAt: 1 }] });
  await cache.close();
  const next = await openDurableCache(other);
  expect((await next.openTable("products")).rowCount).toBe(1);
  await next.close();
});

test("C21 a lock file with something in it is no lock, and a damaged holder file only has no name", async () => {
  const folder = join(root, "scribbled");
  mkdirSync(folder);
  writeFileSync(join(folder, "lock.db"), "no database ".repeat(500));
  const cache = await openDurableCache(folder);
  for (const text of ["", "{", "null", '{"pid":"1"}', '{"pid":1}']) {
    writeFileSync(join(folder, "holder.json"), text);
    await expect(openDurableCache(folder)).rejects.toMatchObject({
      code: "inUse",
      message: expect.stringContaining("another process"),
    });
  }
  await cache.close();
});

test("C22 network file systems are known by their type", () => {
  const types = [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x517b, -11_317_950, 0xef53, 0x0102_1994, 0x9123_683e];
  expect(types.map(networkFileSystem)).toEqual([
    "NFS",
    "CIFS",
    "SMB2",
    "SMB",
    "CIFS",
    undefined,
    undefined,
    undefined,
  ]);
});

test("C22 a folder that can't be made is invalid and named", async () => {
  const file = join(root, "a-file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "below")]) {
    await expect(openDurableCache(path)).rejects.toMatchObject({
      code: "invalid",
      message: expect.stringContaining(path),
    });
  }
  expect(readFileSync(file, "utf8")).toBe("");
});
