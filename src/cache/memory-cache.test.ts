import { expect, test } from "vitest";
import { createMemoryCache, type StoredRow } from "./index.ts";

test("C18 the memory cache holds the row objects that it was given", async () => {
  const table = await createMemoryCache().openTable("products");
  const stored: StoredRow = { id: "a", row: { n: 1 }, fetchedAt: 1 };
  await table.apply({ puts: [stored] });
  expect((await table.get(["a"]))[0]?.row).toBe(stored.row);
  for await (const batch of table.scan(10)) expect(batch[0]?.row).toBe(stored.row);
});

test("C28 timers go off while the memory cache takes a large batch", async () => {
  const table = await createMemoryCache().openTable("products");
  const puts = Array.from({ length: 200_000 }, (_, n): StoredRow => ({
    id: `${n}`,
    row: { n },
    fetchedAt: 1,
  }));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  await table.apply({ puts });
  clearInterval(timer);
  expect([table.rowCount, ticks > 1]).toEqual([200_000, true]);
});
