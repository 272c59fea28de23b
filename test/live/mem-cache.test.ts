import { expect, test } from "vitest";
import { entry, holdsEntry, isMiss } from "../../src/testing/live-cache-rows.ts";
import { MemCache } from "../../src/live/index.ts";

test("LT41 MemCache hands out what it was given", async () => {
  const cache = new MemCache();
  const rows = entry(1);
  await cache.put("clients/page_1", rows);
  expect(await cache.get("clients/page_1")).toBe(rows);
});

test("LT41 with maxEntries the entry that was used longest ago goes", async () => {
  const cache = new MemCache({ maxEntries: 3 });
  for (const n of [1, 2, 3]) await cache.put(`clients/page_${n}`, entry(n));
  await cache.get("clients/page_1");
  await cache.put("orders/page_1", entry(4));
  await isMiss(cache, "clients/page_2");
  // Replacing is no further entry.
  await cache.put("orders/page_1", entry(5));
  for (const n of [1, 3]) await holdsEntry(cache, `clients/page_${n}`, entry(n));
  await holdsEntry(cache, "orders/page_1", entry(5));
});

test("LT41 what was dropped counts no more", async () => {
  const cache = new MemCache({ maxEntries: 3 });
  for (const n of [1, 2, 3]) await cache.put(`clients/page_${n}`, entry(n));
  await cache.invalidatePrefix("clients/page_2");
  await cache.delete("clients/page_3");
  for (const n of [4, 5]) await cache.put(`clients/page_${n}`, entry(n));
  for (const n of [1, 4, 5]) await holdsEntry(cache, `clients/page_${n}`, entry(n));
  await cache.invalidatePrefix("clients");
  for (const n of [6, 7, 8]) await cache.put(`orders/page_${n}`, entry(n));
  for (const n of [6, 7, 8]) await holdsEntry(cache, `orders/page_${n}`, entry(n));
});

test.each([0, -1, 1.5, Number.NaN, "3"])("LT41 maxEntries of %s is invalid", (maxEntries) => {
  const options: object = { maxEntries };
  expect(() => new MemCache(options)).toThrow(
    expect.objectContaining({ code: "invalid", message: expect.stringContaining("maxEntries") }),
  );
});

test("LT41 an unknown option is invalid and says what was meant", () => {
  const options: object = { maxEntrys: 3 };
  expect(() => new MemCache(options)).toThrow(
    expect.objectContaining({
      code: "invalid",
      message: expect.stringContaining("did you mean maxEntries?"),
    }),
  );
});
