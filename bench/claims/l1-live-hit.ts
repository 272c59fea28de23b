import path from "node:path";
import { vista, type Vista } from "vantage-diorama";
import { type Cache, FileCache, LiveTable, MemCache } from "vantage-diorama/live";
import { generateProducts, type Product } from "vantage-diorama/testing";
import type { Claim, Finding, TableLine } from "../claim.ts";
import { median } from "../measure.ts";
import { type SqliteSource, sqliteSource } from "../sqlite-source.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";

const ROWS = 10_000;
const PAGE_ROWS = 100;
/** A hit must be so many times faster than its miss. */
const TIMES_FASTER = 80;
const MAX_ADDED_US = 20;
const KEY = "products";

/** So many rounds go by before the compiler is warm. */
const WARM_UPS = 5;

/** A LiveTable, and a Vista in front of it. */
interface Reader {
  readonly table: LiveTable<Product>;
  readonly front: Vista<Product>;
}

/** What is read, one after the other, each awaited; each read answers how many rows came. */
interface Work {
  readonly what: string;
  readonly calls: number;
  readonly read: (reader: Reader, call: number) => Promise<number>;
  /** The same for who has a Vista in front. */
  readonly readVista: (reader: Reader, call: number) => Promise<number>;
  /** As the cache has it. */
  readonly key: (call: number) => string;
}

/** Medians over the calls, in microseconds: what interrupts a call stays out of them. */
interface Times {
  readonly miss: number;
  readonly hit: number;
  readonly alone: number;
  readonly vistaMiss: number;
  readonly vistaHit: number;
  /** Of a hit, above the cache's own read of the same entry before or after it. */
  readonly added: number;
}

/** A hit of a LiveTable over an SQLite table in the same process, against its miss and against the cache alone. */
export const claim: Claim = {
  id: "L1",
  title: "a hit of a LiveTable",
  left: "a held page is listed once and its list copied; what stays of a hit are the promises: one that readers at the same moment share, one of the cache, one of the answer. A record of a table in the same process is one statement by its primary key: that takes a few microseconds itself, and the rest of its miss is the bookkeeping that a miss needs, so no hit could be 80 times as fast.",
  run: ({ rounds, smoke }) =>
    inTemporaryFolder(async (folder) => {
      const products = [...generateProducts(ROWS, 1)];
      const master = sqliteSource(path.join(folder, "master.db"), products);
      const file = await FileCache.open(path.join(folder, "cache"));
      const findings: Finding[] = [];
      const lines: TableLine[] = [];
      for (const work of worksOf(products, smoke)) {
        for (const [name, cache] of [["MemCache", new MemCache()] as const, ["FileCache", file] as const]) {
          const times = await timesOf(cache, master, work, rounds);
          if (name === "MemCache") findings.push(faster(work, times));
          findings.push(added(name, work, times));
          const cells = [times.alone, times.hit, times.vistaHit, times.miss, times.vistaMiss];
          lines.push({ work: `${name}, ${work.what}`, unit: "time", cells: cells.map((us) => us / 1_000) });
        }
      }
      await file.close();
      await master.close();
      return { findings, tables: [{ ...table, rows: lines }] };
    }),
};

const table = {
  title: `A LiveTable over ${ROWS.toLocaleString("en")} rows of SQLite in the same process`,
  columns: ["the cache alone", "hit", "hit, a Vista in front", "miss", "miss, a Vista in front"],
  notes: [
    "A Vista in front checks what its source answers and makes a Map of it, hit or miss.",
    "A miss of FileCache does not wait until the entry is stored; the next call may.",
  ],
};

function worksOf(products: readonly Product[], smoke: boolean): Work[] {
  const ids = products.filter((_, index) => index % (smoke ? 500 : 20) === 0).map(({ id }) => id);
  const idOf = (call: number): string => ids[call] ?? "";
  const page = (call: number): { readonly number: number; readonly size: number } => ({
    number: call + 1,
    size: PAGE_ROWS,
  });
  return [
    {
      what: `a page of ${PAGE_ROWS} rows`,
      calls: smoke ? 5 : ROWS / PAGE_ROWS,
      read: async ({ table, front }, call) => (await table.page(front.query, page(call), {})).rows.length,
      readVista: async ({ front }, call) => (await front.fetchPage(call + 1, PAGE_ROWS)).rows.size,
      key: (call) => `${KEY}/page_${call + 1}`,
    },
    {
      what: "a record",
      calls: ids.length,
      read: async ({ table }, call) => ((await table.get(idOf(call))) === undefined ? 0 : 1),
      readVista: async ({ front }, call) => ((await front.get(idOf(call))) === undefined ? 0 : 1),
      key: (call) => `${KEY}/id/${idOf(call)}`,
    },
  ];
}

async function timesOf(cache: Cache, master: SqliteSource, work: Work, rounds: number): Promise<Times> {
  const { calls, read, readVista, key } = work;
  const open = (cacheKey: string): Reader => {
    const table = new LiveTable(master, cacheKey, cache, { pageSize: PAGE_ROWS });
    return { table, front: vista(table) };
  };
  const [full, emptied, emptiedToo] = [open(KEY), open("emptied"), open("emptied, with a Vista")] as const;
  let rows = 0;
  const all = async (reading: Work["read"], reader: Reader, into: number[] = []): Promise<void> => {
    for (let call = 0; call < calls; call++)
      into.push(await timed(async () => (rows += await reading(reader, call))));
  };
  await all(read, full);
  const held = rows;
  let asked = 0;
  const stop = full.table.onStep(({ kind }) => (asked += kind === "miss" ? 1 : 0));
  const times: Record<keyof Times, number[]> = {
    miss: [],
    hit: [],
    alone: [],
    vistaMiss: [],
    vistaHit: [],
    added: [],
  };
  for (let round = -WARM_UPS; round < rounds; round++) {
    if (round === 0) for (const each of Object.values(times)) each.length = 0;
    await Promise.all([emptied.table.invalidate(), emptiedToo.table.invalidate()]);
    await all(read, emptied, times.miss);
    await all(readVista, emptiedToo, times.vistaMiss);
    // Hits of what was just put: once they are answered, everything is stored.
    await Promise.all([read(emptied, 0), read(emptiedToo, 0)]);
    for (let call = 0; call < calls; call++) {
      const hit = async (): Promise<number> => timed(async () => (rows += await read(full, call)));
      const alone = async (): Promise<number> =>
        timed(async () => {
          if ((await cache.get(key(call))) === undefined) throw new Error(`${key(call)} is not cached`);
        });
      // Whoever comes second finds more at hand.
      const isHitFirst = (call + round) % 2 === 0;
      const [first, second] = [await (isHitFirst ? hit() : alone()), await (isHitFirst ? alone() : hit())];
      const [hitUs, aloneUs] = isHitFirst ? [first, second] : [second, first];
      times.hit.push(hitUs);
      times.alone.push(aloneUs);
      times.added.push(hitUs - aloneUs);
    }
    await all(readVista, full, times.vistaHit);
  }
  if (asked !== 0) throw new Error(`${asked} hits asked the master`);
  if (rows !== held * (1 + 4 * (rounds + WARM_UPS))) throw new Error(`${rows} rows came of ${held} a pass`);
  stop();
  await Promise.all([full, emptied, emptiedToo].map(({ table: opened }) => opened.close()));
  const { miss, hit, alone, vistaMiss, vistaHit, added: addedTimes } = times;
  return {
    miss: median(miss),
    hit: median(hit),
    alone: median(alone),
    vistaMiss: median(vistaMiss),
    vistaHit: median(vistaHit),
    added: median(addedTimes),
  };
}

/** In microseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1_000;
}

const faster = ({ what }: Work, { hit, miss }: Times): Finding => ({
  work: `MemCache: ${what} of ${ROWS.toLocaleString("en")}, a hit`,
  against: `1/${TIMES_FASTER} of its miss on SQLite`,
  ours: hit,
  limit: miss / TIMES_FASTER,
  unit: "µs",
  ratio: (hit * TIMES_FASTER) / miss,
  target: 1,
  note: `${Math.round(miss / hit)} times as fast; the miss takes ${miss.toFixed(0)} µs`,
});

const added = (cache: string, { what }: Work, { hit, alone, added: addedUs }: Times): Finding => ({
  work: `${cache}: ${what}, a hit`,
  against: "the cache's own read",
  ours: hit,
  limit: alone,
  unit: "µs",
  ratio: addedUs / MAX_ADDED_US,
  target: 1,
  note: `judged is what it adds, ${addedUs.toFixed(1)} µs, against ${MAX_ADDED_US} µs`,
});
