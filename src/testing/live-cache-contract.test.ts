import { expect, test } from "vitest";
import { type Cache, MemCache } from "../live/index.ts";
import { liveCacheContract } from "./index.ts";

type Wrong = (inner: MemCache) => Partial<Cache>;

/** Caches that break one part of the contract each, and the rules that tell so. */
const wrongCaches: readonly (readonly [what: string, rules: readonly string[], wrong: Wrong])[] = [
  ["shows nothing", ["LT30"], () => ({ get: async () => undefined })],
  [
    "forgets the order of rows",
    ["LT31"],
    (inner) => ({
      get: async (key) => {
        const found = await inner.get(key);
        return found && { ...found, rows: new Map([...found.rows].toSorted(([a], [b]) => (a < b ? -1 : 1))) };
      },
    }),
  ],
  [
    "forgets the total",
    ["LT30"],
    (inner) => ({ put: (key, { rows, fetchedAt }) => inner.put(key, { rows, fetchedAt }) }),
  ],
  [
    "knows no case",
    ["LT32", "LT34"],
    (inner) => ({
      get: (key) => inner.get(key.toLowerCase()),
      put: (key, rows) => inner.put(key.toLowerCase(), rows),
      invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix.toLowerCase()),
    }),
  ],
  [
    "cuts keys",
    ["LT32"],
    (inner) => ({
      get: (key) => inner.get(key.slice(0, 1_000)),
      put: (key, rows) => inner.put(key.slice(0, 1_000), rows),
    }),
  ],
  ["drops nothing", ["LT33", "LT34", "LT37"], () => ({ invalidatePrefix: async () => undefined })],
  [
    "drops too much",
    ["LT34", "LT37"],
    (inner) => ({ invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix.split("/")[0] ?? "") }),
  ],
  ["deletes what begins so", ["LT35", "LT37"], (inner) => ({ delete: (key) => inner.invalidatePrefix(key) })],
  [
    "puts late",
    ["LT36", "LT37"],
    (inner) => ({
      put: async (key, rows) => {
        await Promise.resolve();
        await inner.put(key, rows);
      },
    }),
  ],
];

/** The rules that the suite finds broken. */
async function brokenRules(wrong: Wrong): Promise<string[]> {
  const bodies: (readonly [string, () => Promise<void>])[] = [];
  liveCacheContract((title, body) => bodies.push([title, body]), {
    durable: false,
    keeps: true,
    seed: 1,
    open: async () => {
      const inner = new MemCache();
      const right: Required<Cache> = {
        get: (key) => inner.get(key),
        put: (key, rows) => inner.put(key, rows),
        invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
        delete: (key) => inner.delete(key),
      };
      return { ...right, ...wrong(inner) };
    },
  });
  const broken: string[] = [];
  for (const [title, body] of bodies) {
    await body().catch(() => broken.push(title.slice(0, 4)));
  }
  return broken;
}

test.each(wrongCaches)("T37 the page cache contract finds a cache that %s", async (_, rules, wrong) => {
  expect(await brokenRules(wrong)).toEqual(expect.arrayContaining([...rules]));
});

test("T37 the page cache contract finds nothing in a cache that keeps it", async () => {
  expect(await brokenRules(() => ({}))).toEqual([]);
});
