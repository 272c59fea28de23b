import type { Cache, CachedRows } from "../live/index.ts";
import { awkwardNames, awkwardRows } from "./awkward-values.ts";
import { type ContractTest, same } from "./contract-check.ts";
import { checkLiveCacheAgainstMap } from "./live-cache-model.ts";
import { entry, holdsEntry, isMiss } from "./live-cache-rows.ts";
import type { LiveCacheSubject, LiveCacheUnderTest } from "./live-cache-subject.ts";

type Prove = (title: string, body: (cache: LiveCacheUnderTest, place: string) => Promise<void>) => void;

/** Proves the contract of Cache: one test a rule of docs/spec/live.md. */
export function liveCacheContract(test: ContractTest, subject: LiveCacheSubject): void {
  let places = 0;
  const prove: Prove = (title, body) => {
    const place = `live-${++places}`;
    test(title, async () => {
      const cache = await subject.open(place);
      try {
        await body(cache, place);
      } finally {
        await cache.close?.();
      }
    });
  };
  if (!subject.keeps) return proveNothingKept(prove);
  proveEntries(prove);
  proveInvalidation(prove);
  proveOrderOfCalls(prove);
  proveKept(prove, subject);
}

function proveEntries(prove: Prove): void {
  prove(
    "LT30 a miss before the put, then the rows in order, exact, with their time and total",
    async (cache) => {
      await isMiss(cache, "clients/page_1");
      const rows: CachedRows = {
        rows: new Map(awkwardRows().map((row, index) => [`${9 - index} 😀/${index}`, row])),
        fetchedAt: 1_764_000_000_000.25,
        total: 10_001,
      };
      await cache.put("clients/page_1", rows);
      await holdsEntry(cache, "clients/page_1", rows);
      // Again: an entry is not used up.
      await holdsEntry(cache, "clients/page_1", rows);
      await cache.put("clients/page_2", entry(0));
      same((await cache.get("clients/page_2"))?.total, undefined, "a total that was not said");
    },
  );

  prove("LT31 put replaces all of an entry, and an entry may hold no rows", async (cache) => {
    await cache.put("clients/page_1", entry(1, 5));
    const backwards = entry(2, 3);
    const replaced = { ...backwards, rows: new Map([...backwards.rows].toReversed()) };
    await cache.put("clients/page_1", replaced);
    await holdsEntry(cache, "clients/page_1", replaced);
    await cache.put("clients/page_1", entry(3, 0));
    await holdsEntry(cache, "clients/page_1", entry(3, 0));
  });

  prove("LT32 any text is a cache key and any text a sub-key, and they share nothing", async (cache) => {
    const cacheKeys = awkwardNames.map((name) => name.replaceAll("/", "|"));
    const subKeys = [...awkwardNames, "/", "//", "x".repeat(5_000), `${"x".repeat(4_999)}y`, "ä".repeat(600)];
    const keys = new Set([
      ...cacheKeys.flatMap((name) => [name, `${name}/`, `${name}/page_1`]),
      ...subKeys.map((subKey) => `clients/${subKey}`),
    ]);
    const wanted = [...keys].map((key, index) => ({ key, rows: entry(index, 1) }));
    await Promise.all(wanted.map(({ key, rows }) => cache.put(key, rows)));
    for (const { key, rows } of wanted) await holdsEntry(cache, key, rows);
    if (cache.delete === undefined) return;
    const gone = wanted.filter((_, index) => index % 2 === 0);
    for (const { key } of gone) await cache.delete(key);
    for (const { key } of gone) await isMiss(cache, key);
    for (const { key, rows } of wanted.filter((_, index) => index % 2 === 1))
      await holdsEntry(cache, key, rows);
  });
}

function proveInvalidation(prove: Prove): void {
  const keys = [
    "clients",
    "clients/",
    "clients/page_1",
    "clients/page_10",
    "clients/id/a/b",
    "clients/Page_1",
  ];
  const others = [
    "clients_old/page_1",
    "client/page_1",
    "Clients/page_1",
    "/clients/page_1",
    "clients\0/page_1",
  ];

  /** The keys that are gone after the prefix was invalidated. */
  const goneAfter = async (cache: Cache, prefix: string): Promise<string[]> => {
    for (const [index, key] of [...keys, ...others].entries()) await cache.put(key, entry(index));
    await cache.invalidatePrefix(prefix);
    const gone: string[] = [];
    for (const [index, key] of [...keys, ...others].entries()) {
      if ((await cache.get(key)) === undefined) gone.push(key);
      else await holdsEntry(cache, key, entry(index));
    }
    return gone;
  };

  const sameKeys = (found: readonly string[], expected: readonly string[], prefix: string): void =>
    same(JSON.stringify(found), JSON.stringify(expected), `gone after ${JSON.stringify(prefix)}`);

  prove("LT33 a prefix without / drops all of that cache key and nothing of another", async (cache) => {
    sameKeys(await goneAfter(cache, "clients"), keys, "clients");
    sameKeys(await goneAfter(cache, "never"), [], "never");
    sameKeys(await goneAfter(cache, ""), ["/clients/page_1"], "");
  });

  prove("LT34 a prefix with / drops what begins so, as text", async (cache) => {
    const expected: readonly (readonly [string, readonly string[]])[] = [
      ["clients/page_1", ["clients/page_1", "clients/page_10"]],
      ["clients/page_10", ["clients/page_10"]],
      ["clients/id/a", ["clients/id/a/b"]],
      ["clients/", keys.slice(1)],
      ["clients/page%1", []],
      ["clients/*", []],
      ["clients/_age", []],
      ["/clients", ["/clients/page_1"]],
    ];
    for (const [prefix, gone] of expected) sameKeys(await goneAfter(cache, prefix), gone, prefix);
  });

  prove("LT35 delete drops this one entry", async (cache) => {
    if (cache.delete === undefined) return;
    for (const key of keys) await cache.put(key, entry(1));
    await cache.delete("clients/page_1");
    await cache.delete("clients/never");
    await cache.delete("never/page_1");
    for (const key of keys) {
      if (key === "clients/page_1") await isMiss(cache, key);
      else await holdsEntry(cache, key, entry(1));
    }
    await cache.put("clients/page_1", entry(2));
    await holdsEntry(cache, "clients/page_1", entry(2));
  });
}

function proveOrderOfCalls(prove: Prove): void {
  prove("LT36 calls take effect in their order, awaited or not", async (cache) => {
    for (const prefix of ["clients", "clients/page"]) {
      const calls = [
        cache.put("clients/page_1", entry(1)),
        cache.put("clients/page_2", entry(2)),
        cache.get("clients/page_1"),
        cache.invalidatePrefix(prefix),
        cache.get("clients/page_1"),
        cache.put("clients/page_1", entry(3)),
        cache.get("clients/page_1"),
        cache.get("clients/page_2"),
      ];
      const found = await Promise.all(calls);
      const shown = [found[2], found[4], found[6], found[7]].map((rows) => rows?.fetchedAt);
      const expected = [entry(1).fetchedAt, undefined, entry(3).fetchedAt, undefined];
      same(JSON.stringify(shown), JSON.stringify(expected), `what was read around ${prefix}`);
    }
  });

  prove("LT36 of many calls at once the last one stays", async (cache) => {
    const calls = Array.from({ length: 500 }, (_, index) => cache.put("clients/page_1", entry(index, 1)));
    await Promise.all(calls);
    await holdsEntry(cache, "clients/page_1", entry(499, 1));
  });
}

function proveKept(prove: Prove, subject: LiveCacheSubject): void {
  prove("LT37 after any sequence of calls a cache equals a Map", (cache, place) =>
    checkLiveCacheAgainstMap(subject, cache, place),
  );

  /** What the same place shows when the cache was closed and is opened again. */
  const reopened = async (
    cache: LiveCacheUnderTest,
    place: string,
    body: (again: Cache) => Promise<void>,
  ): Promise<void> => {
    await cache.close?.();
    const again = await subject.open(place);
    try {
      await body(again);
    } finally {
      await again.close?.();
    }
  };
  if (subject.durable) {
    prove(
      "LT38 what is opened again has its entries, and not those that were dropped",
      async (cache, place) => {
        for (const key of ["a/page_1", "a/page_2", "a/id/x", "b/page_1"]) await cache.put(key, entry(1));
        await cache.invalidatePrefix("a/page_");
        await cache.invalidatePrefix("b");
        await cache.put("a/page_2", entry(2));
        await reopened(cache, place, async (again) => {
          await isMiss(again, "a/page_1");
          await holdsEntry(again, "a/page_2", entry(2));
          await holdsEntry(again, "a/id/x", entry(1));
          await isMiss(again, "b/page_1");
        });
      },
    );
  } else {
    prove("LT39 a cache that isn't durable starts empty", async (cache, place) => {
      await cache.put("a/page_1", entry(1));
      await reopened(cache, place, (again) => isMiss(again, "a/page_1"));
    });
  }
}

function proveNothingKept(prove: Prove): void {
  prove("LT40 a cache that keeps nothing takes every call, and every get is a miss", async (cache) => {
    await cache.put("clients/page_1", entry(1));
    await isMiss(cache, "clients/page_1");
    await cache.invalidatePrefix("clients");
    await cache.delete?.("clients/page_1");
    await Promise.all([cache.put("clients/page_1", entry(1)), isMiss(cache, "clients/page_1")]);
  });
}
