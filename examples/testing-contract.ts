import { test } from "node:test";
import { createCapabilities, createMemoryCache, createSchema, type Row, type Source } from "vantage-diorama";
import { type Cache, type CachedRows } from "vantage-diorama/live";
import { cacheContract, type ContractData, liveCacheContract, sourceContract } from "vantage-diorama/testing";

// #region source
/** A driver of one's own: it can be read whole and asked for one row. */
function createMapSource({ name, id, columns, rows }: ContractData): Source<Row> {
  return {
    name,
    schema: createSchema({ id, columns }),
    capabilities: createCapabilities({}),
    fingerprint: () => `map of ${name}`,
    async *read() {
      yield [...rows];
    },
    get: async (key) => rows.get(key),
  };
}

sourceContract(test, { create: (data) => ({ source: createMapSource(data) }), seed: 1 });
// #endregion

// #region cache
cacheContract(test, { durable: false, keeps: true, open: async () => createMemoryCache(), seed: 1 });
// #endregion

// #region live
/** A page cache of one's own: a Map. */
function createMapCache(entries = new Map<string, CachedRows>()): Cache {
  return {
    get: async (key) => entries.get(key),
    put: async (key, rows) => void entries.set(key, rows),
    async invalidatePrefix(prefix) {
      const isMeant = (key: string): boolean =>
        prefix.includes("/") ? key.startsWith(prefix) : key.split("/", 1)[0] === prefix;
      for (const key of entries.keys()) if (isMeant(key)) entries.delete(key);
    },
  };
}

liveCacheContract(test, { durable: false, keeps: true, open: async () => createMapCache(), seed: 1 });
// #endregion
