import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { QueuedOp } from "../queue/index.ts";
import { openDurable } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "diorama-durable-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const op: QueuedOp = {
  sequence: 1,
  op: { opId: "op", enqueuedAt: 1, attempt: 0, kind: "delete", id: "a" },
  state: "queued",
  nextAttemptAt: 0,
  outcomeUnknown: false,
};

test("U26 a folder's cache and queues are opened under one lock, and closed together", async () => {
  const folder = join(root, "both");
  const stores = await openDurable(folder);
  await expect(openDurable(folder)).rejects.toMatchObject({ code: "inUse" });
  const table = await stores.cache.openTable("products");
  const queue = await stores.queues.openQueue("products");
  await table.apply({ puts: [{ id: "a", row: { n: 1 }, fetchedAt: 1 }] });
  // On its way when everything is closed.
  const applied = queue.apply({ puts: [op] });
  await Promise.all([stores.close(), stores.close(), applied]);
  await expect(queue.apply({})).rejects.toMatchObject({ code: "closed" });
  await expect(table.get(["a"])).rejects.toMatchObject({ code: "closed" });
  expect(readdirSync(folder).toSorted()).toEqual(["cache.db", "lock.db", "queue.db"]);
  const again = await openDurable(folder);
  expect((await again.queues.openQueue("products")).kept).toEqual([op]);
  expect((await again.cache.openTable("products")).rowCount).toBe(1);
  await again.close();
});

test("U26 where the queue is refused the cache is closed and the folder is free; a damaged cache leaves the queue alone", async () => {
  const folder = join(root, "refused");
  const first = await openDurable(folder);
  await (await first.queues.openQueue("products")).apply({});
  await first.close();
  const path = join(folder, "queue.db");
  const before = readFileSync(path);
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA user_version=${0x7f_7f_7f_7f}`);
  database.close();
  await expect(openDurable(folder)).rejects.toMatchObject({ code: "unsupported" });
  writeFileSync(path, before);
  writeFileSync(join(folder, "cache.db"), "no database ".repeat(1_000));
  const stores = await openDurable(folder);
  await (await stores.queues.openQueue("products")).apply({ puts: [op] });
  await stores.close();
  const again = await openDurable(folder);
  const { kept, lost } = await again.queues.openQueue("products");
  expect([kept, lost]).toEqual([[op], []]);
  await again.close();
});
