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
import { afterAll, expect, test } from "vitest";
import { splitKey } from "../../src/live/cache-key.ts";
import { type Cache, FileCache } from "../../src/live/index.ts";
import { KeyTables } from "../../src/live/key-tables.ts";
import { type Clock, systemClock } from "../../src/base/index.ts";
import { createRandom, deriveSeed, type Random } from "../../src/testing/index.ts";
import { damageFile } from "../../src/testing/node/index.ts";
import { openCacheHere } from "../promises/cache-here.ts";
import { cacheKeys, entryOf, subKeys } from "./changes.ts";

const CASES = Number(process.env["DIORAMA_CASES"] ?? 60);
const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
/** SQLite's page size in the cache file. */
const PAGE_BYTES = 8_192;
const SUFFIXES = ["", "-wal"] as const;

const root = mkdtempSync(join(tmpdir(), "live-damage-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const keys = cacheKeys.flatMap((cacheKey) => subKeys.map((subKey) => `${cacheKey}/${subKey}`));
/** Entries are of one of these, and of their own key. */
const EDITIONS = [1, 2] as const;
const numberOf = (key: string, edition: number): number => edition * 10_000 + keys.indexOf(key);

/** A closed folder with the first edition, and one that was cut off with the second still in the log. */
async function soundFolders(): Promise<readonly [closed: string, cutOff: string]> {
  const working = join(root, "working");
  const folders = [join(root, "closed"), join(root, "cut-off")] as const;
  for (const [at, edition] of EDITIONS.entries()) {
    const to = folders[at] ?? "";
    mkdirSync(to);
    const cache = await FileCache.open(working);
    await Promise.all(keys.map((key) => cache.put(key, entryOf(numberOf(key, edition)))));
    // Some are dropped and not swept yet.
    await cache.invalidatePrefix("clients/page_1");
    await cache.invalidatePrefix("lines");
    if (edition === 1) await cache.close();
    for (const suffix of SUFFIXES) {
      const file = `vlive.db${suffix}`;
      if (existsSync(join(working, file))) copyFileSync(join(working, file), join(to, file));
    }
    await cache.close();
  }
  return folders;
}

interface Outcomes {
  shown: number;
  missed: number;
  told: number;
}

/** Sweeps come soon, and meet damage too. */
const fastClock: Clock = {
  ...systemClock,
  setTimer: (callback, delayMs, options) => systemClock.setTimer(callback, delayMs / 100, options),
};

type Opened = Pick<Cache, "get" | "put" | "invalidatePrefix"> & { close(): Promise<void> };
type Open = () => Promise<Opened>;

/** What a FileCache opens, with the store's part run in this thread: a thread for each file takes most of the time. */
async function openHere(folder: string, onDamage: () => void): Promise<Opened> {
  const backend = await openCacheHere(folder);
  const tables = new KeyTables({ backend, clock: fastClock, onDamage });
  const at = (key: string): ReturnType<KeyTables["of"]> => tables.of(splitKey(key).cacheKey);
  return {
    get: (key) => at(key).get(splitKey(key).subKey),
    put: (key, rows) => at(key).put(splitKey(key).subKey, rows),
    invalidatePrefix: (prefix) => at(prefix).drop(splitKey(prefix).subKey),
    close: async () => {
      await tables.close();
      await backend.close();
    },
  };
}

/** Reads everything, in some order and some at a time: what is shown was put under that key. */
async function readAll(cache: Opened, random: Random, outcomes: Outcomes): Promise<void> {
  const left = random.shuffle(keys);
  while (left.length > 0) {
    const some = left.splice(0, random.integer(1, 60));
    const found = await Promise.all(some.map((key) => cache.get(key)));
    for (const [index, key] of some.entries()) {
      const rows = found[index];
      outcomes[rows === undefined ? "missed" : "shown"] += 1;
      if (rows === undefined) continue;
      expect(EDITIONS.map((edition) => numberOf(key, edition))).toContain(rows.fetchedAt);
      expect(rows).toEqual(entryOf(rows.fetchedAt));
    }
    if (random.chance(0.1)) await cache.invalidatePrefix("orders/id");
  }
}

async function judge(open: Open, random: Random, outcomes: Outcomes): Promise<void> {
  let cache = await open();
  await readAll(cache, random, outcomes);
  const putAll = (): Promise<unknown> =>
    Promise.all(keys.map((key) => cache.put(key, entryOf(numberOf(key, 2)))));
  const holdsAll = async (): Promise<void> => {
    const found = await Promise.all(keys.map((key) => cache.get(key)));
    expect(found.map((rows) => rows?.fetchedAt)).toEqual(keys.map((key) => numberOf(key, 2)));
  };
  await putAll();
  // Again: damage of the whole file that this met late has emptied what was put before.
  await putAll();
  await holdsAll();
  if (random.chance(0.3)) {
    await cache.close();
    cache = await open();
    await holdsAll();
  }
  await cache.close();
}

async function proveCase(number: number, folders: readonly string[], outcomes: Outcomes): Promise<void> {
  const random = createRandom(deriveSeed(seed, "live damage", number));
  const isCutOff = random.chance(0.4);
  const isHere = random.chance(0.85);
  const folder = join(root, `case-${number}`);
  const file = join(folder, isHere ? "cache.db" : "vlive.db");
  mkdirSync(folder);
  for (const suffix of SUFFIXES) {
    const from = join(folders[isCutOff ? 1 : 0] ?? "", `vlive.db${suffix}`);
    if (existsSync(from)) copyFileSync(from, file + suffix);
  }
  const target = isCutOff && random.chance(0.5) ? `${file}-wal` : file;
  const { what, bytes } = damageFile(readFileSync(target), random, { pageBytes: PAGE_BYTES });
  writeFileSync(target, bytes);
  const onDamage = (): number => (outcomes.told += 1);
  try {
    await judge(
      isHere
        ? () => openHere(folder, onDamage)
        : () => FileCache.open(folder, { onDamage, clock: fastClock }),
      random,
      outcomes,
    );
  } catch (error) {
    throw new Error(`case ${number} (${what}) of DIORAMA_SEED=${seed}`, { cause: error });
  }
  rmSync(folder, { recursive: true });
}

test(
  `LT50 ${CASES} damaged files: no wrong row, no crash, and the cache is filled again (DIORAMA_SEED=${seed})`,
  async () => {
    const folders = await soundFolders();
    const outcomes: Outcomes = { shown: 0, missed: 0, told: 0 };
    const left = Array.from({ length: CASES }, (_, number) => number);
    const work = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        await proveCase(next, folders, outcomes);
      }
    };
    await Promise.all([work(), work()]);
    if (CASES >= 50) expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(0);
  },
  60_000 + CASES * 1_000,
);
