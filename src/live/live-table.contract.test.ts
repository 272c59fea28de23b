import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { createCapabilities, memory, type Capabilities, type Row, type Source } from "vantage-diorama";
import {
  type Cache,
  FileCache,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  NoCache,
} from "vantage-diorama/live";
import {
  type ContractData,
  createFaultySource,
  sourceContract,
  type SourceSubject,
} from "vantage-diorama/testing";
import { afterAll, beforeAll, describe, test } from "vitest";

const seed = Number(process.env["DIORAMA_SEED"] ?? 1);

const nothing = createCapabilities({});

const createMemory = (data: ContractData, capabilities: Partial<Capabilities> = {}) =>
  memory<Row>(data.name, { id: data.id, columns: data.columns, rows: data.rows, capabilities }).source;

const masters: readonly [string, Partial<Capabilities>][] = [
  ["everything", {}],
  ["reading alone", nothing],
  ["reading, and all writes", { ...nothing, canInsert: true, canUpdate: true, canDelete: true }],
  ["a walk alone", { ...nothing, canFetchNext: true, canCount: true }],
  ["windows, no pages, no count", { canFetchPage: false, canCount: false }],
];

const caches: readonly [string, () => Cache][] = [
  ["NoCache", () => new NoCache()],
  // It forgets most of what it was told to keep.
  ["a MemCache of two entries", () => new MemCache({ maxEntries: 2 })],
];

function liveSubject(
  capabilities: Partial<Capabilities>,
  createCache: () => Cache,
  options: LiveTableOptions<Row> = {},
  wrap: (source: Source) => Source = (source) => source,
): SourceSubject {
  return {
    seed,
    knowsOps: true,
    create: (data) => {
      const source = createMemory(data, capabilities);
      const live = new LiveTable<Row>(wrap(source), data.name, createCache(), options);
      return {
        source: live,
        // Another user's change is heard of by the stream alone.
        ...(live.capabilities.canSubscribe && {
          set: async (id: string, row: Row) => {
            // A wrapped source listens a little later than it is asked to.
            await turn();
            source.set(id, row);
          },
        }),
      };
    },
  };
}

describe.each(masters)(`LT1 a LiveTable over a master that has %s (seed ${seed})`, (_name, capabilities) => {
  sourceContract(
    test,
    liveSubject(capabilities, () => new MemCache(), { pageSize: 7 }),
  );
});

describe.each(caches)(`LT1 a LiveTable with %s (seed ${seed})`, (_name, createCache) => {
  sourceContract(test, liveSubject(nothing, createCache, { pageSize: 20 }));
  sourceContract(test, liveSubject({}, createCache, { pageSize: 20 }));
});

describe(`LT1 a LiveTable over a faulty source without faults (seed ${seed})`, () => {
  sourceContract(
    test,
    liveSubject(
      {},
      () => new MemCache(),
      {},
      (source) => createFaultySource(source),
    ),
  );
});

describe(`LT1 a LiveTable that is told by a stream (seed ${seed})`, () => {
  sourceContract(test, {
    seed,
    knowsOps: true,
    create: (data) => {
      const source = createMemory(data);
      const stream = new ManualLiveStream();
      return {
        source: new LiveTable<Row>(source, data.name, new MemCache(), { pageSize: 1, stream }),
        set: (id, row) => {
          source.set(id, row);
          stream.emit({ type: "updated", id });
        },
      };
    },
  });
});

describe(`LT1 a LiveTable over a LiveTable (seed ${seed})`, () => {
  sourceContract(
    test,
    liveSubject(
      {},
      () => new MemCache(),
      { pageSize: 10 },
      (source) => new LiveTable<Row>(source, "inner", new MemCache(), { pageSize: 4 }),
    ),
  );
});

describe(`LT1 a LiveTable with a FileCache (seed ${seed})`, () => {
  const opened: FileCache[] = [];
  const folders: string[] = [];
  let tables = 0;
  beforeAll(async () => {
    folders.push(await mkdtemp(path.join(tmpdir(), "live-contract-")));
    opened.push(await FileCache.open(folders[0] ?? ""));
  });
  afterAll(async () => {
    for (const cache of opened) await cache.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  sourceContract(test, {
    seed,
    knowsOps: true,
    create: (data) => {
      const source = createMemory(data);
      const cache = opened[0] ?? new NoCache();
      const live = new LiveTable<Row>(source, `table ${(tables += 1)}`, cache, { pageSize: 25 });
      return { source: live, set: (id, row) => source.set(id, row) };
    },
  });
});
