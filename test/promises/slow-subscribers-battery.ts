import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Dio, type DioEvent, type EventSubscription, Lens, type Logger, memory } from "vantage-diorama";
import { createRandom, type Random } from "vantage-diorama/testing";
import type { Battery, Counts } from "./battery.ts";

const SUBSCRIBERS = 10_000;
const ONE_PERCENT = SUBSCRIBERS / 100;
/** Of handlers: they throw, reject, or throw what is no error. */
const BAD_KINDS = 3;
const ROWS = 200;
/** Changes of each wave; in the long ones, whoever stalls misses some. */
const WAVES = [150, 1_100, 150];
/** The ring of the bus, told in the rules of Dio. */
const KEPT_EVENTS = 1_024;
/** What a collection leaves may differ a little from one to the next. */
const FLAT_MB = 16;
const S_AN_HOUR = 3_600;

export const slowSubscribersBattery: Battery = {
  promise: "P15",
  goals: { seconds: S_AN_HOUR },
  least: { seconds: S_AN_HOUR / 60 },
  run: async (seed) => {
    const from = performance.now();
    const counts = await runSlowSubscribers(seed);
    return { ...counts, seconds: Math.round((performance.now() - from) / 1_000) };
  },
};

/**
 * Promise 15: of ten thousand subscribers some stall, some throw and some leave and come again while rows change,
 * wave after wave. The others see every event, the stalled ones are told what they missed, and what one wave has
 * left in memory is no more after the next ones.
 */
export async function runSlowSubscribers(seed: number): Promise<Counts> {
  const random = createRandom(seed);
  const crowd = new Crowd();
  const lens = await Lens.builder().logger(crowd.logger).build();
  const dio = await lens.makeDio(memory("rows", { id: "id", columns: { n: "integer" }, open: true }));
  await dio.cache.insertAll(
    Array.from({ length: ROWS }, (_, n) => [`r${n}`, { id: `r${n}`, n: -1 }] as const),
  );
  crowd.join(dio, random);
  const heapsMb: number[] = [];
  for (const [wave, changes] of WAVES.entries()) {
    await crowd.play(dio, { random, changes, where: `seed ${seed}, wave ${wave}` });
    heapsMb.push(heapUsed() / 1e6);
  }
  const grownMb = Math.max(...heapsMb) - (heapsMb[0] ?? 0);
  assert.ok(grownMb < FLAT_MB, `memory grew by ${grownMb.toFixed(1)} MB from wave to wave, seed ${seed}`);
  assert.equal(crowd.reported, BAD_KINDS, `lines of the logger, one for each kind of failure, seed ${seed}`);
  await crowd.leave();
  assert.equal(dio.diagnostics().events.subscribers, 0, `subscribers that have left, seed ${seed}`);
  await lens.close();
  const events = WAVES.reduce((sum, changes) => sum + changes, 0);
  const { deliveries, thrown, stalledTold } = crowd;
  return { events, deliveries, subscribers: SUBSCRIBERS, thrown, stalledTold };
}

interface Wave {
  readonly random: Random;
  readonly changes: number;
  /** For what is said where the promise is broken. */
  readonly where: string;
}

/** Everybody who listens, and what each has to see. */
class Crowd {
  deliveries = 0;
  thrown = 0;
  stalledTold = 0;
  /** Lines of the logger. */
  reported = 0;
  #handled = 0;
  readonly #handlers: (() => void)[] = [];
  #readers: EventSubscription[] = [];
  #stalled: EventSubscription[] = [];

  get logger(): Logger {
    return { error: () => void (this.reported += 1), info: () => undefined, debug: () => undefined };
  }

  join(dio: Dio, random: Random): void {
    const bad = new Set(
      random.shuffle(Array.from({ length: SUBSCRIBERS / 2 }, (_, n) => n)).slice(0, ONE_PERCENT),
    );
    for (let n = 0; n < SUBSCRIBERS / 2; n++) {
      const handler = bad.has(n)
        ? this.#badHandler(random.integer(1, BAD_KINDS))
        : () => void (this.#handled += 1);
      this.#handlers.push(dio.on("recordChanged", handler));
    }
    this.#readers = Array.from({ length: SUBSCRIBERS / 2 - ONE_PERCENT }, () => dio.subscribeEvents());
  }

  /** One wave of changes, in stretches of random length, and what everybody has seen of it. */
  async play(dio: Dio, { random, changes, where }: Wave): Promise<void> {
    this.#handled = 0;
    const thrownBefore = this.thrown;
    this.#stalled = Array.from({ length: ONE_PERCENT }, () => dio.subscribeEvents());
    const firstSeq = dio.diagnostics().events.lastSeq + 1;
    await this.#exchangeSome(dio, random);
    const seen = this.#readers.map((reader) => readChanges(reader, firstSeq, changes));
    await changeRows(dio, random, changes);
    assert.deepEqual(new Set(await Promise.all(seen)), new Set([changes]), `readers, ${where}`);
    assert.equal(this.#handled, (SUBSCRIBERS / 2 - ONE_PERCENT) * changes, `handlers, ${where}`);
    assert.equal(this.thrown - thrownBefore, ONE_PERCENT * changes, `bad handlers, ${where}`);
    await this.#askStalled(dio, firstSeq, where);
    this.deliveries += this.#handled + this.#readers.length * changes;
  }

  async leave(): Promise<void> {
    for (const leave of this.#handlers) leave();
    for (const reader of this.#readers) await reader.return();
  }

  #badHandler(kind: number): () => unknown {
    return () => {
      this.thrown += 1;
      if (kind === 1) throw new Error("a bad handler");
      if (kind === 2) return Promise.reject(new Error("a bad asynchronous handler"));
      // oxlint-disable-next-line typescript/only-throw-error -- handlers do such things
      throw "no error at all";
    };
  }

  /** Readers that leave, some of them in the middle of a wait, and as many that come. */
  async #exchangeSome(dio: Dio, random: Random): Promise<void> {
    const leaving = random.shuffle(this.#readers).slice(0, ONE_PERCENT);
    for (const reader of leaving) {
      const waiting = random.chance(0.5) ? reader.next() : undefined;
      await reader.return();
      await waiting;
    }
    const left = new Set(leaving);
    this.#readers = this.#readers.filter((reader) => !left.has(reader));
    while (this.#readers.length < SUBSCRIBERS / 2 - ONE_PERCENT) this.#readers.push(dio.subscribeEvents());
  }

  /** Who missed some is told so once; all go on from the oldest event that is kept, and leave. */
  async #askStalled(dio: Dio, firstSeq: number, where: string): Promise<void> {
    const missed = Math.max(0, dio.diagnostics().events.lastSeq + 1 - firstSeq - KEPT_EVENTS);
    for (const subscription of this.#stalled) {
      if (missed > 0) {
        const lagged = { type: "lagged", missed, seq: firstSeq + missed - 1 };
        assert.deepEqual((await subscription.next()).value, lagged, `a stalled subscriber, ${where}`);
        this.stalledTold += 1;
      }
      assert.equal((await subscription.next()).value?.seq, firstSeq + missed, `what comes after, ${where}`);
      await subscription.return();
    }
  }
}

/** Every change is one event. */
async function changeRows(dio: Dio, random: Random, changes: number): Promise<void> {
  let made = 0;
  while (made < changes) {
    // No row twice in one stretch: that would be one event.
    const stretch = Math.min(random.integer(1, 20), changes - made);
    const start = random.integer(0, ROWS - 1);
    const writes = Array.from({ length: stretch }, (_, step) => {
      const id = `r${(start + step) % ROWS}`;
      return dio.cache.insert(id, { id, n: random.next() });
    });
    await Promise.all(writes);
    made += stretch;
  }
}

/** How many changes came, from that event on, before a gap or the last one of the wave: all of them. */
async function readChanges(events: EventSubscription, firstSeq: number, changes: number): Promise<number> {
  let seen = 0;
  for (let seq = firstSeq; seen < changes; seq++) {
    const { value }: IteratorResult<DioEvent, undefined> = await events.next();
    if (value?.seq !== seq) break;
    // The failures of handlers are events too.
    if (value.type === "recordChanged") seen += 1;
  }
  return seen;
}

function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("no garbage collection to be asked for");
  collect();
  return process.memoryUsage().heapUsed;
}
