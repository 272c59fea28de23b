import { type Row, vista } from "vantage-diorama";
import { type Cache, LiveTable, ManualLiveStream, MemCache } from "vantage-diorama/live";
import {
  createRandom,
  createScheduler,
  deriveSeed,
  type Random,
  type Scheduler,
} from "vantage-diorama/testing";
import { describe, expect, test } from "vitest";
import { createRows, idOf, settle, ways } from "./setup.ts";

// Everything at once, in an order that a seed draws: calls of the master and of the cache each wait for their turn,
// there and back. Whoever begins to read after a write was heard of, or an event was told, gets what was written.

const firstSeed = Number(process.env["DIORAMA_SEED"] ?? 1);
const runs =
  process.env["DIORAMA_SEED"] === undefined ? Math.ceil(1_000 * Number(process.env["DIORAMA_RUNS"] ?? 1)) : 1;

const COUNT = 7;
const kinds = Object.values(ways);

/** Each call waits for a turn on its way back, while it races; calls take effect in the order in which they were made. */
function scheduleCache(scheduler: Scheduler, cache: MemCache, isRacing: () => boolean): Cache {
  const late = async <T>(label: string, work: Promise<T>): Promise<T> => {
    if (isRacing()) await scheduler.turn(label);
    return work;
  };
  return {
    get: (key) => late(`get ${key}`, cache.get(key)),
    put: (key, rows) => late(`put ${key}`, cache.put(key, rows)),
    invalidatePrefix: (prefix) => late(`invalidate ${prefix}`, cache.invalidatePrefix(prefix)),
    delete: (key) => late(`delete ${key}`, cache.delete(key)),
  };
}

/** At some time it was known that the row had that price, or a read that began then showed it. */
interface Sighting {
  readonly at: number;
  readonly id: string;
  readonly price: unknown;
}

interface Race {
  readonly live: LiveTable<Row>;
  readonly rows: ReturnType<typeof createRows>;
  readonly stream: ManualLiveStream;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Writes that were confirmed and events that were told. */
  readonly facts: Sighting[];
  readonly seen: Sighting[];
  now: number;
}

async function readSome({ live, random }: Race): Promise<ReadonlyMap<string, Row | undefined>> {
  const table = vista(live);
  switch (random.integer(0, 4)) {
    case 0: {
      const id = idOf(random.integer(0, COUNT - 1));
      return new Map([[id, await table.get(id)]]);
    }
    case 1:
      return (await table.fetchPage(random.integer(1, 3), 3)).rows;
    case 2:
      return (await table.fetchWindow(random.integer(0, 4), random.integer(1, 7))).rows;
    case 3:
      return new Map([(await table.first()) ?? ["none", undefined]]);
    default:
      return table.list();
  }
}

async function reader(race: Race): Promise<void> {
  const at = race.now;
  for (const [id, row] of await readSome(race)) race.seen.push({ at, id, price: row?.["price"] });
}

async function writer(race: Race, price: number): Promise<void> {
  const id = idOf(race.random.integer(0, COUNT - 1));
  await vista(race.live).patch(id, { price });
  race.now += 1;
  race.facts.push({ at: race.now, id, price });
}

/** Another user's change, told by the stream: it is settled when those who watch are told. */
async function stranger(race: Race, price: number): Promise<void> {
  const { rows, stream, random, live, scheduler } = race;
  const id = idOf(random.integer(0, COUNT - 1));
  const ending = new AbortController();
  const changes = live.watch({ signal: ending.signal })[Symbol.asyncIterator]();
  rows.set(id, { id, price });
  await scheduler.turn("event");
  const told = rows.rows.get(id)?.["price"];
  stream.emit(random.chance(0.2) ? { type: "changed" } : { type: "updated", id });
  for (let step = await changes.next(); step.done !== true; step = await changes.next()) {
    // Writes of our own are told with their rows.
    if (step.value.type === "invalidated" || !("row" in step.value)) break;
  }
  ending.abort();
  race.now += 1;
  race.facts.push({ at: race.now, id, price: told });
}

async function play(race: Race): Promise<void> {
  const { random, scheduler } = race;
  const work: Promise<void>[] = [];
  let strangers = Promise.resolve();
  for (let step = 0; step < 12; step++) {
    const price = 100 + step;
    const what = random.integer(0, 9);
    if (what <= 5) work.push(reader(race));
    else if (what <= 7) work.push(writer(race, price));
    else strangers = strangers.then(() => stranger(race, price));
    if (random.chance(0.5)) await scheduler.turn("next");
  }
  await Promise.all([...work, strangers]);
}

/** At rest every way shows what the master has. */
async function checkRest({ live, rows, random }: Race): Promise<void> {
  const table = vista(live);
  const id = idOf(random.integer(0, COUNT - 1));
  const [row, page, all] = await Promise.all([table.get(id), table.fetchPage(2, 3), table.list()]);
  expect(row).toEqual(rows.rows.get(id));
  expect(page.rows).toEqual(new Map([...rows.rows].slice(3, 6)));
  expect(all).toEqual(new Map(rows.rows));
}

/** What a read showed is not older than what was known when it began. */
function checkSeen({ facts, seen }: Race, history: ReadonlyMap<string, readonly unknown[]>): void {
  for (const { at, id, price } of seen) {
    const prices = history.get(id) ?? [];
    const place = prices.indexOf(price);
    expect(place, `${id} never had the price ${String(price)}`).toBeGreaterThanOrEqual(0);
    for (const fact of facts) {
      if (fact.id !== id || fact.at > at) continue;
      const known = prices.indexOf(fact.price);
      if (place < known)
        throw new Error(`${id} shows ${String(price)}, though ${String(fact.price)} was known`);
    }
  }
}

async function run(seed: number): Promise<Race> {
  const scheduler = createScheduler(seed);
  const random = createRandom(deriveSeed(seed, "race"));
  const rows = createRows(COUNT, random.pick(kinds));
  const history = new Map([...rows.rows].map(([id, row]) => [id, [row["price"]]]));
  const ending = new AbortController();
  const noting = (async () => {
    for await (const change of rows.watch({ signal: ending.signal })) {
      if ("row" in change) history.get(change.id)?.push(change.row?.["price"] ?? null);
    }
  })();
  const stream = new ManualLiveStream();
  let isRacing = true;
  const cache = scheduleCache(scheduler, new MemCache(), () => isRacing);
  const live = new LiveTable<Row>(scheduler.wrapSource(rows), "k", cache, { pageSize: 3, stream });
  const race: Race = { live, rows, stream, scheduler, random, facts: [], seen: [], now: 0 };
  await scheduler.run(async () => {
    await play(race);
    isRacing = false;
    await checkRest(race);
    checkSeen(race, history);
  });
  await live.close();
  ending.abort();
  await noting;
  return race;
}

describe("LT19 no read under way caches what a write or an event made old", () => {
  test(`LT19 in ${runs} interleavings from seed ${firstSeed}`, { timeout: 600_000 }, async () => {
    let facts = 0;
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) facts += (await run(seed)).facts.length;
    expect(facts).toBeGreaterThan(runs);
  });

  test.each([1, 2, 3])("LT19 a walk keeps no page that it met before drop %i", async (steps) => {
    const scheduler = createScheduler(1);
    const rows = createRows(9, ways.steps);
    const source = scheduler.wrapSource(rows, { answersOnly: true });
    const live = new LiveTable<Row>(source, "k", new MemCache(), { pageSize: 3, stream: false });
    const table = vista(live);
    const walking = table.fetchPage(3, 3);
    // The master has read that page, and its answer is on the way.
    for (let step = 1; step < steps; step++) await scheduler.waitOne();
    await settle();
    rows.set(idOf(0), { id: idOf(0), price: 100 });
    rows.set(idOf(4), { id: idOf(4), price: 100 });
    rows.set(idOf(8), { id: idOf(8), price: 100 });
    await live.invalidate();
    await scheduler.waitFor(walking);
    const all = await scheduler.waitFor(table.fetchWindow(0, 9));
    expect(all.rows).toEqual(new Map(rows.rows));
  });
});
