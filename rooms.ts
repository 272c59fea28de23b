/**
 * The rooms of the house and their doors: the one table that the linter's import rules, the tidy tests and
 * ARCHITECTURE.md follow. A room gets its row with its first real file.
 */

/** Where a room's code must run. "anywhere" imports no `node:` module and touches no host global. */
export type Platform = "anywhere" | "node";

export interface Room {
  readonly name: string;
  /** What the room is for, in a few words; ARCHITECTURE.md shows the same. */
  readonly purpose: string;
  readonly folder: string;
  /** Rooms whose index.ts this room may import; never a cycle. */
  readonly mayImport: readonly string[];
  /** Rooms that it may import types of, and nothing that runs. */
  readonly mayImportTypesOf: readonly string[];
  /** Adapters of those rooms that this room chooses from, as "room/folder"; it imports their index.ts. */
  readonly mayImportAdapters: readonly string[];
  readonly runsIn: Platform;
  /** Prefixes of the numbered rules in docs/spec that this room's tests prove. */
  readonly rulePrefixes: readonly string[];
  /** npm packages that the room itself (not its adapters) may import at run time. */
  readonly packages: readonly string[];
  /** Subfolders that are adapters: each entered by its own index.ts, none importing another. */
  readonly adapters: readonly Adapter[];
}

export interface Adapter {
  readonly folder: string;
  /** Rooms that the adapter may import beyond those of its room. */
  readonly mayImport: readonly string[];
  readonly runsIn: Platform;
  readonly rulePrefixes: readonly string[];
  readonly packages: readonly string[];
}

type Row = Omit<
  Room,
  "folder" | "mayImportTypesOf" | "mayImportAdapters" | "rulePrefixes" | "packages" | "adapters"
> & {
  readonly mayImportTypesOf?: readonly string[];
  readonly mayImportAdapters?: readonly string[];
  readonly rulePrefixes?: readonly string[];
  readonly packages?: readonly string[];
  readonly adapters?: readonly Adapter[];
};

const row = ({
  name,
  mayImportTypesOf = [],
  mayImportAdapters = [],
  rulePrefixes = [],
  packages = [],
  adapters = [],
  ...rest
}: Row): Room => ({
  name,
  folder: `src/${name}`,
  mayImportTypesOf,
  mayImportAdapters,
  rulePrefixes,
  packages,
  adapters,
  ...rest,
});

export const rooms: readonly Room[] = [
  row({
    name: "base",
    purpose: "no domain: assert, errors, clock, scheduling, retry",
    mayImport: [],
    runsIn: "anywhere",
    rulePrefixes: ["B"],
  }),
  row({
    name: "tracing",
    purpose: "channels for tracing: what is told on them, and Node's own where there are any",
    mayImport: ["base"],
    runsIn: "anywhere",
    rulePrefixes: ["TR"],
    adapters: [{ folder: "node", mayImport: [], runsIn: "node", rulePrefixes: [], packages: [] }],
  }),
  row({
    name: "record",
    purpose: "values, rows, ids, equality, the one total order, codec, checksum",
    mayImport: ["base"],
    runsIn: "anywhere",
    rulePrefixes: ["R"],
  }),
  row({
    name: "query",
    purpose: "conditions, order, page and search as data; the evaluator is the reference meaning",
    mayImport: ["base", "record"],
    runsIn: "anywhere",
    rulePrefixes: ["Q"],
  }),
  row({
    name: "vista",
    purpose: "Vista, the Source contract, schema, capabilities, the memory source",
    mayImport: ["base", "record", "query"],
    runsIn: "anywhere",
    rulePrefixes: ["V"],
  }),
  row({
    name: "sqlite",
    purpose: "what every SQLite file shares: the folder and its lock, kinds of failure, the worker's link",
    mayImport: ["base"],
    runsIn: "node",
  }),
  row({
    name: "cache",
    purpose: "the contract of a cache and its stores",
    mayImport: ["base", "record"],
    mayImportTypesOf: ["vista"],
    runsIn: "anywhere",
    rulePrefixes: ["C"],
    adapters: [{ folder: "sqlite", mayImport: ["sqlite"], runsIn: "node", rulePrefixes: [], packages: [] }],
  }),
  row({
    name: "queue",
    purpose: "the contract of a write queue and its stores",
    mayImport: ["base", "record"],
    mayImportTypesOf: ["vista"],
    runsIn: "anywhere",
    rulePrefixes: ["U"],
    adapters: [
      { folder: "sqlite", mayImport: ["sqlite"], runsIn: "node", rulePrefixes: ["UF"], packages: [] },
    ],
  }),
  row({
    name: "views",
    purpose: "incremental machinery without I/O: ordered indexes, search, aggregates, groups, shared views",
    mayImport: ["base", "record", "query"],
    runsIn: "anywhere",
    rulePrefixes: ["I"],
  }),
  row({
    name: "scenery",
    purpose: "what a UI binds to: live tables, records and values",
    mayImport: ["base", "record", "query", "vista", "views"],
    runsIn: "anywhere",
    rulePrefixes: ["S"],
  }),
  row({
    name: "dio",
    purpose: "Dio, the facade, the overlay of pending writes, events, refresh",
    mayImport: ["base", "tracing", "record", "query", "vista", "cache", "queue", "views", "scenery"],
    runsIn: "anywhere",
    rulePrefixes: ["D", "W"],
  }),
  row({
    name: "durable",
    purpose: "what cacheAt and FileCache open in a folder, each under a lock of its own",
    mayImport: ["base", "sqlite", "cache", "queue"],
    mayImportAdapters: ["cache/sqlite", "queue/sqlite"],
    runsIn: "node",
  }),
  row({
    name: "lens",
    purpose: "Lens and LensBuilder",
    mayImport: ["base", "record", "query", "vista", "cache", "queue", "views", "scenery", "dio"],

    runsIn: "anywhere",
    rulePrefixes: ["L"],
  }),
  row({
    name: "sources",
    purpose: "drivers, one adapter each",
    mayImport: ["base", "record", "query", "vista"],
    runsIn: "anywhere",
    adapters: [
      { folder: "csv", mayImport: [], runsIn: "node", rulePrefixes: ["CSV"], packages: ["papaparse"] },
      { folder: "rest", mayImport: [], runsIn: "anywhere", rulePrefixes: ["REST"], packages: [] },
    ],
  }),
  row({
    name: "live",
    purpose: "LiveTable: a page cache in front of any vista, and the caches it keeps pages in",
    mayImport: ["base", "record", "query", "vista", "cache"],
    runsIn: "anywhere",
    rulePrefixes: ["LT"],
  }),
  row({
    name: "cli",
    purpose: "the commands of diorama",
    mayImport: [
      "base",
      "record",
      "query",
      "vista",
      "sqlite",
      "cache",
      "queue",
      "scenery",
      "dio",
      "durable",
      "lens",
      "live",
      "sources",
    ],
    mayImportAdapters: ["sources/csv", "sources/rest"],
    runsIn: "node",
    rulePrefixes: ["CLI"],
    packages: ["@bomb.sh/tab/commander", "commander", "env-paths", "string-width"],
  }),
  row({
    name: "testing",
    purpose: "published: contract suites, small real fakes, the model",
    mayImport: [
      "base",
      "record",
      "query",
      "vista",
      "cache",
      "queue",
      "views",
      "scenery",
      "dio",
      "lens",
      "live",
    ],
    runsIn: "anywhere",
    rulePrefixes: ["T"],
    adapters: [{ folder: "node", mayImport: [], runsIn: "node", rulePrefixes: ["TN"], packages: [] }],
  }),
];

/** The rules of docs/spec/promises.md belong to no room: tests under test/ prove them. */
export const promisePrefix = "P";

/** What package.json's "imports" choose by host, and the rooms that may import each. */
export const hostDoors: readonly { readonly specifier: string; readonly rooms: readonly string[] }[] = [
  { specifier: "#durable", rooms: ["lens", "live"] },
  { specifier: "#tracing", rooms: ["tracing"] },
];

/** The only file that reads the time or sets a timer. */
export const clockFile = "src/base/clock.ts";
