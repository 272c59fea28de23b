import { test } from "node:test";
import { createCapabilities, createMemoryCache, createSchema, type Row, type Source } from "vantage-diorama";
import { cacheContract, type ContractData, sourceContract } from "vantage-diorama/testing";

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
