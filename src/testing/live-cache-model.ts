import { assert, messageOf } from "../base/index.ts";
import type { CachedRows } from "../live/index.ts";
import { entry, holdsEntry, isMiss, sameEntry } from "./live-cache-rows.ts";
import type { LiveCacheSubject, LiveCacheUnderTest } from "./live-cache-subject.ts";
import { createRandom, type Random } from "./random.ts";

const BURSTS = 60;
const MAX_CALLS = 12;

const keys = [
  "a",
  "a/",
  "a/page_1",
  "a/page_2",
  "a/page_10",
  "a/id/1",
  "a/id/\ud800",
  "ab/page_1",
  "b/page_1",
];
const prefixes = ["a", "a/", "a/page_", "a/page_1", "a/id/", "a/id/\ud800", "ab", "b/p", "never"];

/** Random bursts of calls that are not waited for one by one, closing and opening, against a Map that is given the same. */
export async function checkLiveCacheAgainstMap(
  subject: LiveCacheSubject,
  first: LiveCacheUnderTest,
  place: string,
): Promise<void> {
  const random = createRandom(subject.seed);
  const model = new Map<string, CachedRows>();
  let cache = first;
  let burst = 0;
  try {
    for (; burst < BURSTS; burst++) {
      const calls = Array.from({ length: random.integer(1, MAX_CALLS) }, () =>
        randomCall(random, cache, model),
      );
      await Promise.all(calls);
      if (random.chance(0.3)) await holdsAll(cache, model);
      if (!subject.durable || !random.chance(0.1)) continue;
      await cache.close?.();
      cache = await subject.open(place);
    }
    await holdsAll(cache, model);
  } catch (error) {
    throw new Error(`burst ${burst} of seed ${subject.seed}: ${messageOf(error)}`, { cause: error });
  } finally {
    if (cache !== first) await cache.close?.();
  }
}

/** One call, made now of the cache and of the model. */
function randomCall(
  random: Random,
  cache: LiveCacheUnderTest,
  model: Map<string, CachedRows>,
): Promise<void> {
  const key = random.pick(keys);
  const choice = random.next();
  if (choice < 0.4) {
    const rows = entry(random.integer(0, 999), random.integer(0, 3));
    model.set(key, rows);
    return cache.put(key, rows);
  }
  if (choice < 0.55) {
    const prefix = random.pick(prefixes);
    for (const each of model.keys()) if (isUnder(each, prefix)) model.delete(each);
    return cache.invalidatePrefix(prefix);
  }
  if (choice < 0.65 && cache.delete !== undefined) {
    model.delete(key);
    return cache.delete(key);
  }
  const expected = model.get(key);
  return cache.get(key).then((found) => {
    if (expected !== undefined) return sameEntry(found, expected, key);
    return assert(found === undefined, `${JSON.stringify(key)} is a miss`);
  });
}

function isUnder(key: string, prefix: string): boolean {
  if (prefix.includes("/")) return key.startsWith(prefix);
  return key === prefix || key.startsWith(`${prefix}/`);
}

async function holdsAll(cache: LiveCacheUnderTest, model: ReadonlyMap<string, CachedRows>): Promise<void> {
  for (const key of keys) {
    const expected = model.get(key);
    if (expected === undefined) await isMiss(cache, key);
    else await holdsEntry(cache, key, expected);
  }
}
