import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../base/index.ts";
import { sourceContract } from "../testing/index.ts";
import { createSchema, vista } from "../vista/index.ts";
import { createDemoFile } from "./demo-file.ts";
import { createDistantSource } from "./distant-source.ts";
import { DemoMaster, openDemoMaster, seedDemoMaster } from "./demo-master.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-demo-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let files = 0;
const newPath = (): string => join(root, `${++files}.db`);

function seeded(rows: number = 100, seed: number = 1): string {
  const path = newPath();
  seedDemoMaster(path, { rows, seed });
  return path;
}

describe("CLI30 the demo master is a source in all that it claims", () => {
  sourceContract(test, {
    seed: 1,
    types: ["text", "integer", "number"],
    create: (data) => {
      const schema = createSchema({ id: data.id, columns: data.columns });
      const path = newPath();
      createDemoFile(path, schema, data.rows.values());
      const other = new DemoMaster(path, schema);
      return {
        source: new DemoMaster(path, schema),
        set: async (id, row) => void (await other.replace(id, row)),
        close: () => other.close(),
      };
    },
  });
});

describe("CLI34 a demo master that is far away is as good a source", () => {
  sourceContract(test, {
    seed: 2,
    types: ["text", "integer", "number"],
    create: (data) => {
      const schema = createSchema({ id: data.id, columns: data.columns });
      const path = newPath();
      createDemoFile(path, schema, data.rows.values());
      const master = new DemoMaster(path, schema);
      return { source: createDistantSource(master, 1, systemClock), close: () => master.close() };
    },
  });
});

describe("the demo master", () => {
  test("CLI30 the same seed gives the same rows, in a file that only its owner reads", async () => {
    const [one, same, other] = await Promise.all(
      [seeded(50, 7), seeded(50, 7), seeded(50, 8)].map(async (path) => {
        expect(statSync(path).mode & 0o777).toBe(0o600);
        const master = openDemoMaster(path);
        const rows = await vista(master).list();
        await master.close();
        return [...rows.values()];
      }),
    );
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    expect(one).toHaveLength(50);
    expect(one?.[0]).toMatchObject({ id: "p00001", price: expect.any(Number), stock: expect.any(Number) });
  });

  test("CLI30 what it can't keep exactly is refused, and a write that fails leaves nothing", async () => {
    const master = openDemoMaster(seeded(3));
    const table = vista(master);
    const before = await master.version();
    for (const stock of [2n ** 64n, -(2n ** 63n) - 1n]) {
      await expect(table.insert("x", { name: "x", price: 1, stock })).rejects.toMatchObject({
        code: "invalid",
      });
    }
    for (const price of [Number.NaN, 2n ** 60n + 1n]) {
      await expect(table.patch("p00001", { price })).rejects.toMatchObject({ code: "invalid" });
    }
    await expect(table.insert("p00001", { name: "x", price: 1 })).rejects.toMatchObject({ code: "conflict" });
    await expect(table.insert("y", { price: 1 })).rejects.toMatchObject({ code: "invalid" });
    expect(await table.count()).toBe(3);
    expect(await master.version()).toBe(before);
    const row = { id: "a/b c 😀\0", name: "näme", price: 0.1, category: null, stock: 2n ** 62n };
    expect(await table.insert(row.id, row)).toEqual(row);
    expect(await table.get(row.id)).toEqual(row);
    expect(await master.version()).not.toBe(before);
    await master.close();
    await expect(table.count()).rejects.toMatchObject({ code: "closed" });
  });

  test("CLI30 two that have the file open see each other's writes", async () => {
    const path = seeded(3);
    const [one, other] = [openDemoMaster(path), openDemoMaster(path)];
    await one.delete("p00002");
    expect([...(await vista(other).list()).keys()]).toEqual(["p00001", "p00003"]);
    expect(await other.version()).toBe(await one.version());
    await Promise.all([one.close(), other.close()]);
  });
});

describe("a file that is no demo master", () => {
  test("CLI31 a missing one says how to make it, and is not made by asking", () => {
    const path = newPath();
    expect(() => openDemoMaster(path)).toThrowError(
      expect.objectContaining({ code: "notFound", message: expect.stringContaining("live local seed") }),
    );
    expect(() => statSync(path)).toThrowError();
    expect(() => seedDemoMaster(join(root, "no", "where.db"), { rows: 1, seed: 1 })).toThrowError(
      expect.objectContaining({ code: "invalid", message: expect.stringContaining("where.db") }),
    );
  });

  test("CLI31 another file is neither read nor overwritten", () => {
    const text = newPath();
    writeFileSync(text, "id,name\n1,somebody's own\n".repeat(20));
    const database = newPath();
    const own = new DatabaseSync(database);
    own.exec("CREATE TABLE products (id TEXT); INSERT INTO products VALUES ('mine')");
    own.close();
    const empty = newPath();
    writeFileSync(empty, "");
    for (const path of [text, database, empty, root]) {
      const before = path === root ? undefined : readFileSync(path);
      const refusal = expect.objectContaining({ code: "invalid", message: expect.stringContaining(path) });
      expect(() => openDemoMaster(path)).toThrowError(refusal);
      expect(() => seedDemoMaster(path, { rows: 1, seed: 1 })).toThrowError(refusal);
      if (before !== undefined) expect(readFileSync(path)).toEqual(before);
    }
  });

  test("CLI31 a damaged one is told as such by every call, and seeding it anew mends it", async () => {
    const path = seeded(2_000);
    const bytes = readFileSync(path);
    for (const [from, to] of [
      [4_096, bytes.length],
      [100, 4_096],
      [8_192, 20_000],
    ] as const) {
      writeFileSync(
        path,
        Buffer.concat([bytes.subarray(0, from), Buffer.alloc(to - from, 0xa5), bytes.subarray(to)]),
      );
      const work = async (): Promise<unknown> => {
        const master = openDemoMaster(path);
        try {
          return (await vista(master).orderBy("price").list()).size;
        } finally {
          await master.close();
        }
      };
      await expect(work()).rejects.toMatchObject({
        code: "corrupt",
        message: expect.stringContaining("seed"),
      });
      expect(seedDemoMaster(path, { rows: 2_000, seed: 1 })).toBe(2_000);
      expect(await work()).toBe(2_000);
    }
  });

  test("CLI31 a seed that fails leaves the old file, and no other", () => {
    const path = seeded(3);
    const before = readFileSync(path);
    const broken = function* (): Generator<{ id: string }> {
      yield { id: "a" };
      throw new Error("no more");
    };
    const schema = createSchema({ id: "id", columns: { id: "text" } });
    expect(() => createDemoFile(path, schema, broken())).toThrowError();
    expect(readFileSync(path)).toEqual(before);
    expect(() => statSync(`${path}-journal`)).toThrowError();
  });
});
