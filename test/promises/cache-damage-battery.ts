import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isDioramaError } from "../../src/base/index.ts";
import { blankMeta, type CacheBackend, type CacheTable, type StoredRow } from "../../src/cache/index.ts";
import { openDurableCache } from "../../src/cache/sqlite/index.ts";
import { equalRows } from "../../src/record/index.ts";
import { createRandom, deriveSeed, type Random } from "../../src/testing/index.ts";
import { damageFile } from "../../src/testing/node/index.ts";
import type { Battery } from "./battery.ts";
import { openCacheHere } from "./cache-here.ts";

/** SQLite's page size in the cache file. */
const PAGE_BYTES = 8_192;
/** Of one round of the long column: a few seconds. */
const SOAK_FILES = 40;
/** One file in so many is read by the cache's worker, the others by the same store in this thread. */
const FILES_A_WORKER = 5;

/** Seed and number of a case. */
export type DamageCase = readonly [seed: number, number: number];

/** Files, and what became of their tables. */
export interface CacheDamageCounts {
  readonly files: number;
  readonly whole: number;
  readonly emptied: number;
  readonly corrupt: number;
}

const tableNames = ["products", "clients", "empty"] as const;
const queueBytes = "the queue file is none of the cache's business";

/** Content of the tables at one moment. */
type Content = ReadonlyMap<string, readonly StoredRow[]>;

function rowsOf(table: string, edition: number): StoredRow[] {
  if (table === "empty") return [];
  return Array.from({ length: table === "products" ? 400 : 60 }, (_, index) => ({
    id: `${table}-${index}`,
    row: {
      name: `${table} ${index} of edition ${edition}`,
      price: index * 1.25,
      at: new Date(1.7e12 + index),
      text: "long text ".repeat(index % 7 === 0 ? 300 : 3),
    },
    fetchedAt: 1_764_000_000_000 + index,
  }));
}

const contentOf = (edition: number): Content =>
  new Map(tableNames.map((name) => [name, rowsOf(name, edition)]));

const files = ["cache.db", "cache.db-wal"] as const;

/** Two sound folders: one that was closed, one that was cut off with its newest edition still in the log. */
async function soundFolders(root: string): Promise<{ readonly closed: string; readonly cutOff: string }> {
  const working = join(root, "working");
  const closed = join(root, "closed");
  const cutOff = join(root, "cut-off");
  for (const folder of [closed, cutOff]) mkdirSync(folder);
  const fill = async (edition: number, copyTo: string): Promise<void> => {
    const cache = await openDurableCache(working);
    for (const name of tableNames) {
      const table = await cache.openTable(name);
      const puts = rowsOf(name, edition);
      await table.apply({ puts, meta: { ...blankMeta, complete: true, total: puts.length } });
    }
    if (copyTo === closed) await cache.close();
    for (const file of files) {
      if (existsSync(join(working, file))) copyFileSync(join(working, file), join(copyTo, file));
    }
    await cache.close();
  };
  await fill(1, closed);
  await fill(2, cutOff);
  return { closed, cutOff };
}

function isSame(found: StoredRow, wanted: StoredRow | undefined): boolean {
  if (wanted === undefined) return false;
  return found.id === wanted.id && found.fetchedAt === wanted.fetchedAt && equalRows(found.row, wanted.row);
}

function isSameList(found: readonly StoredRow[], wanted: readonly StoredRow[]): boolean {
  return found.length === wanted.length && found.every((row, index) => isSame(row, wanted[index]));
}

type Outcome = "whole" | "emptied" | "corrupt";
type Counts = { -readonly [name in keyof CacheDamageCounts]: number };

/** Reads the table: what it shows is of one of the editions, and all of it, or it says that it is damaged. */
async function judge(
  table: CacheTable,
  editions: readonly (readonly StoredRow[])[],
  random: Random,
): Promise<Outcome> {
  const wanted = editions.map((rows) => new Map(rows.map((row) => [row.id, row])));
  const shown: StoredRow[] = [];
  const show = (rows: readonly StoredRow[]): void => {
    for (const row of rows) {
      if (!wanted.some((edition) => isSame(row, edition.get(row.id)))) {
        throw new Error(`a wrong row was shown: ${JSON.stringify(row)}`);
      }
      shown.push(row);
    }
  };
  if (table.lost !== undefined) {
    mustBeBlank(table);
    must((await table.get(["products-1"])).length === 0, "a lost table has a row");
    return "emptied";
  }
  try {
    const ids = [...(wanted[0]?.keys() ?? [])].filter(() => random.chance(0.2));
    if (random.chance(0.5)) show(await table.get(ids));
    shown.length = 0;
    for await (const batch of table.scan(random.pick([7, 100, 1_000]))) show(batch);
  } catch (error) {
    if (!isDioramaError(error, "corrupt")) throw error;
    mustBeBlank(table);
    return "corrupt";
  }
  must(
    editions.some((rows) => isSameList(shown, rows)),
    "the rows are none of the editions",
  );
  must(
    table.meta.total === shown.length,
    `the total is ${table.meta.total}, and there are ${shown.length} rows`,
  );
  return "whole";
}

function mustBeBlank({ rowCount, meta }: CacheTable): void {
  must(rowCount === 0 && isDeepStrictEqual(meta, blankMeta), "a table that is lost is not empty");
}

function must(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

/** Whatever happened before: from here on the table takes rows and gives them back. */
async function isUsable(table: CacheTable): Promise<void> {
  const puts = rowsOf("clients", 9);
  // Damage of the whole file is told to each open table once, here to those that had been read before it.
  await table.apply({ clear: true, puts }).catch((error: unknown) => {
    if (!isDioramaError(error, "corrupt")) throw error;
    return table.apply({ clear: true, puts });
  });
  const found: StoredRow[] = [];
  for await (const batch of table.scan(1_000)) found.push(...batch);
  must(isSameList(found, puts), "the table does not give back what it takes");
}

interface Sound {
  readonly root: string;
  readonly closed: string;
  readonly cutOff: string;
  readonly oldest: Content;
  readonly newest: Content;
}

/** Damages a copy of a sound folder and reads it. */
async function proveCase([seed, number]: DamageCase, sound: Sound, counts: Counts): Promise<void> {
  const random = createRandom(deriveSeed(seed, "damage", number));
  const isCutOff = random.chance(0.4);
  const folder = join(sound.root, `case-${seed}-${number}`);
  mkdirSync(folder);
  for (const file of files) {
    const from = join(isCutOff ? sound.cutOff : sound.closed, file);
    if (existsSync(from)) copyFileSync(from, join(folder, file));
  }
  const target = join(folder, isCutOff && random.chance(0.5) ? "cache.db-wal" : "cache.db");
  const { what, bytes } = damageFile(readFileSync(target), random, { pageBytes: PAGE_BYTES });
  writeFileSync(target, bytes);
  if (random.chance(0.1)) writeFileSync(join(folder, "cache.db-journal"), bytes);
  writeFileSync(join(folder, "queue.db"), queueBytes);
  try {
    const editions = isCutOff ? [sound.newest, sound.oldest] : [sound.oldest];
    const open = number % FILES_A_WORKER === 0 ? openDurableCache : openCacheHere;
    await judgeFolder({ folder, open: () => open(folder), editions }, random, counts);
  } catch (error) {
    throw new Error(`P5: case ${number} (${what}) of DIORAMA_SEED=${seed}`, { cause: error });
  }
  rmSync(folder, { recursive: true });
}

/**
 * Promise 5: cache files that were damaged and are opened: no wrong row, no crash, and the tables are filled again.
 * Throws where that is not so, naming case and seed.
 */
export async function runCacheDamage(cases: readonly DamageCase[]): Promise<CacheDamageCounts> {
  const root = mkdtempSync(join(tmpdir(), "diorama-p5-"));
  const counts: Counts = { files: 0, whole: 0, emptied: 0, corrupt: 0 };
  try {
    const { closed, cutOff } = await soundFolders(root);
    const sound = { root, closed, cutOff, oldest: contentOf(1), newest: contentOf(2) };
    const left = [...cases];
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        await proveCase(next, sound, counts);
        counts.files += 1;
      }
    };
    await Promise.all([work(), work()]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return counts;
}

/** The first so many cases of a seed. */
export const damageCases = (seed: number, count: number): DamageCase[] =>
  Array.from({ length: count }, (_, number) => [seed, number] as const);

export const cacheDamageBattery: Battery = {
  promise: "P5",
  goals: { files: 5_000 },
  least: { files: 1_000 },
  sharesMachine: true,
  run: async (seed) => ({ ...(await runCacheDamage(damageCases(seed, SOAK_FILES))) }),
};

/** A folder whose cache was damaged, and what it may show. */
interface Damaged {
  readonly folder: string;
  readonly open: () => Promise<CacheBackend>;
  readonly editions: readonly Content[];
}

async function judgeFolder(
  { folder, open, editions }: Damaged,
  random: Random,
  counts: Counts,
): Promise<void> {
  const cache = await open();
  const tables: CacheTable[] = [];
  for (const name of tableNames) tables.push(await cache.openTable(name));
  for (const [index, table] of tables.entries()) {
    const name = tableNames[index] ?? "empty";
    // Of a log that lost its end, an edition's tables may be there in part: each was a batch of its own.
    const states = [
      ...editions.map((edition) => edition.get(name) ?? []),
      ...(editions.length > 1 ? [[]] : []),
    ];
    const outcome = await judge(table, states, random);
    counts[outcome] += 1;
  }
  // The second round: damage of the whole file that the first met late has emptied what was filled before.
  for (const table of [...tables, ...tables]) await isUsable(table);
  await cache.close();
  must(readFileSync(join(folder, "queue.db"), "utf8") === queueBytes, "the queue file was touched");
  // Opening again takes as long as all the rest.
  if (random.chance(0.75)) return;
  const again = await open();
  for (const name of tableNames) {
    const table = await again.openTable(name);
    must(table.lost === undefined && table.rowCount === 60, "what was filled again is lost");
  }
  await again.close();
}
