/** Puts and drops entries of three cache keys until the process is killed: `node cache-writer.ts <folder> <seed>`. */
import { systemClock } from "vantage-diorama";
import { FileCache } from "vantage-diorama/live";
import { createRandom } from "vantage-diorama/testing";
import { reportCrash } from "vantage-diorama/testing/node";
import { type Change, cacheKeys, entryOf, subKeys } from "./changes.ts";

const [folder = "", seed = "1"] = process.argv.slice(2);
/** Sweeps come soon, so that they are cut short too. */
const SPEED_UP = 50;

const cache = await FileCache.open(folder, {
  clock: {
    ...systemClock,
    setTimer: (callback, delayMs, options) => systemClock.setTimer(callback, delayMs / SPEED_UP, options),
  },
});
const random = createRandom(Number(seed));

function draw(cacheKey: string, number: number): Change {
  const subKey = random.pick(subKeys);
  if (random.chance(0.6)) return { kind: "put", key: `${cacheKey}/${subKey}`, number };
  if (random.chance(0.4)) return { kind: "drop", prefix: cacheKey };
  if (random.chance(0.6)) return { kind: "drop", prefix: `${cacheKey}/${subKey.slice(0, 5)}` };
  return { kind: "delete", key: `${cacheKey}/${subKey}` };
}

async function make(change: Change): Promise<void> {
  if (change.kind === "put") return cache.put(change.key, entryOf(change.number));
  if (change.kind === "drop") return cache.invalidatePrefix(change.prefix);
  return cache.delete(change.key);
}

/** One change after the other of one key, beside those of the other keys. */
async function work(cacheKey: string): Promise<void> {
  for (let number = Number(seed) * 1_000_000; ; number++) {
    const change = draw(cacheKey, number);
    reportCrash("begun", { cacheKey, change });
    await make(change);
    reportCrash("done", { cacheKey });
  }
}

reportCrash("open");
await Promise.all(cacheKeys.map(work));
