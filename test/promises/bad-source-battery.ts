import assert from "node:assert/strict";
import { createActivity, type Dio, Lens, memory, seedFromMaster } from "vantage-diorama";
import {
  createFaultySource,
  createManualClock,
  createRandom,
  deriveSeed,
  type FaultySource,
  type ManualClock,
} from "vantage-diorama/testing";
import type { Battery, Counts } from "./battery.ts";

interface Cell {
  readonly id: string;
  readonly generation: number;
  readonly group: string;
}

const ROWS = 2_500;
/** Seeds of one round of the long column: a few seconds. */
const SEEDS_A_ROUND = 60;
const ONE_CALL_MS = 120_000;
const CLOSE_MS = 60_000;

export const badSourceBattery: Battery = {
  promise: "P12",
  goals: { seeds: 10_000 },
  least: { seeds: 1_000 },
  sharesMachine: true,
  async run(seed) {
    const counts = { seeds: 0, calls: 0, refused: 0 };
    for (let n = 0; n < SEEDS_A_ROUND; n++) {
      const own = deriveSeed(seed, n);
      for (const play of [playRefreshes, playReads]) {
        const { calls = 0, refused = 0 } = await play(own);
        counts.calls += calls;
        counts.refused += refused;
      }
      counts.seeds += 1;
    }
    return counts;
  },
};

/** Every row of one generation: a view that shows two generations at once is torn. */
export function generationOf(generation: number): Cell[] {
  return Array.from({ length: ROWS }, (_, n) => ({
    id: `r${n}`,
    generation,
    group: n % 2 === 0 ? "even" : "odd",
  }));
}

/** Calls of one Dio whose source is bad: each ends in its time and costs the source no more than it should. */
class Play {
  readonly dio: Dio<Cell>;
  readonly #source: FaultySource<Cell>;
  readonly #clock: ManualClock;
  readonly #seed: number;
  #calls = 0;
  #refused = 0;

  constructor(dio: Dio<Cell>, source: FaultySource<Cell>, clock: ManualClock, seed: number) {
    this.dio = dio;
    this.#source = source;
    this.#clock = clock;
    this.#seed = seed;
  }

  get counts(): Counts {
    return { calls: this.#calls, refused: this.#refused };
  }

  /** What it answers; undefined where it is refused, which only an Error may tell. */
  async call<T>(budget: number, work: () => Promise<T>): Promise<T | undefined> {
    const before = this.#source.calls();
    const outcome = await this.within(ONE_CALL_MS, work());
    this.#calls += 1;
    const asked = this.#source.calls() - before;
    assert.ok(asked <= budget, this.about(`${asked} calls of the source, not ${budget} at most`));
    if ("value" in outcome) return outcome.value;
    this.#refused += 1;
    assert.ok(outcome.error instanceof Error, this.about("what was thrown is no Error"));
    return undefined;
  }

  /** The outcome of a call while the clock is moved on; it must come within so many milliseconds of its time. */
  async within<T>(limitMs: number, work: Promise<T>): Promise<{ value: T } | { error: unknown }> {
    let outcome: { value: T } | { error: unknown } | undefined;
    work.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
    for (let passedMs = 0; passedMs <= limitMs && outcome === undefined; passedMs += 1_000)
      await this.#clock.advance(1_000);
    assert.ok(outcome !== undefined, this.about(`no answer within ${limitMs} ms`));
    return outcome;
  }

  about(what: string): string {
    return `${what} (DIORAMA_SEED=${this.#seed} npx vitest run test/promises/bad-source)`;
  }
}

/** A complete cache over a source that fails while it is read whole: what is shown is one generation, always. */
export async function playRefreshes(seed: number): Promise<Counts> {
  const random = createRandom(seed);
  const clock = createManualClock();
  const backend = memory<Cell>("cells", { id: "id", rows: generationOf(0) });
  const source = createFaultySource(backend.source, { seed, clock });
  const lens = await Lens.builder().clock(clock).deadline("30s").build();
  const dio = await lens.makeDio(source, { onStart: seedFromMaster });
  const play = new Play(dio, source, clock, seed);

  const torn: number[][] = [];
  const look = async (): Promise<void> => {
    const shown = new Set([...(await dio.cache.list()).values()].map((row) => row.generation));
    if (shown.size > 1) torn.push([...shown]);
  };
  for (const type of ["invalidated", "recordChanged", "refreshFailed"] as const) dio.on(type, look);

  let generation = 0;
  const renew = (): void => backend.source.replaceAll(generationOf((generation += 1)));
  const downMs = random.integer(0, 60_000);
  source.setFaults({
    latencyMs: [0, 2_000],
    errorRate: 0.3,
    nonErrorRate: 0.05,
    hangRate: 0.05,
    duplicatedIdRate: 0.1,
    partialPageRate: 0.2,
    duplicatedPageRate: 0.2,
    lyingTotalRate: 0.3,
    deafToAbort: random.chance(0.5),
    outages: [[downMs, downMs + random.integer(0, 20_000)]],
    changeDuringPagination: (own) => {
      if (own.chance(0.2)) renew();
    },
  });
  for (let step = 1; step <= 6; step++) {
    renew();
    await refreshOnce(play, () => generation);
  }
  source.heal();
  assert.equal(
    await play.call(2, () => dio.refresh().then(() => "refreshed")),
    "refreshed",
    play.about("healed"),
  );
  assert.equal((await dio.vista().get("r0"))?.generation, generation, play.about("healed"));
  assert.deepEqual(torn, [], play.about("a torn view was published"));
  assert.deepEqual(await play.within(CLOSE_MS, lens.close()), { value: undefined }, play.about("close"));
  return play.counts;
}

/** A refresh shows what the source had at its begin or since, all of it; one that fails changes nothing. */
async function refreshOnce(play: Play, generation: () => number): Promise<void> {
  const { dio } = play;
  const before = generation();
  const shownBefore = (await dio.vista().get("r0"))?.generation;
  const refreshed = await play.call(2, () => dio.refresh().then(() => "refreshed"));
  const shown = (await dio.vista().get("r0"))?.generation ?? -1;
  const isRight =
    refreshed === "refreshed" ? shown >= before && shown <= generation() : shown === shownBefore;
  assert.ok(
    isRight,
    play.about(`generation ${shown} is shown, ${refreshed ?? "not refreshed"} from ${before} on`),
  );
  // A complete cache asks nobody, whatever state the source is in.
  const odd = await play.call(0, () => dio.vista().where("group", "odd").count());
  assert.equal(odd, ROWS / 2, play.about("rows of a group"));
  const page = await play.call(0, () => dio.vista().orderBy("id").fetchPage(2, 10));
  assert.equal(page?.rows.size, 10, play.about("rows of a page"));
}

/** Pages, counts and rows of an incomplete cache: each call asks again, and what it answers is right. */
export async function playReads(seed: number): Promise<Counts> {
  const clock = createManualClock();
  const backend = memory<Cell>("cells", { id: "id", rows: generationOf(0).slice(0, 200) });
  const source = createFaultySource(backend.source, {
    seed,
    clock,
    latencyMs: [0, 2_000],
    errorRate: 0.3,
    nonErrorRate: 0.05,
    hangRate: 0.05,
    duplicatedIdRate: 0.1,
    lyingTotalRate: 0.3,
  });
  const lens = await Lens.builder().clock(clock).deadline("30s").activity(createActivity()).build();
  const play = new Play(await lens.makeDio(source), source, clock, seed);
  const vista = play.dio.vista();
  for (let step = 0; step < 8; step++) {
    const row = await play.call(1, () => vista.get(`r${step}`));
    if (row !== undefined) {
      const group = step % 2 === 0 ? "even" : "odd";
      assert.deepEqual(row, { id: `r${step}`, generation: 0, group }, play.about("a row"));
    }
    const page = await play.call(1, () => vista.orderBy("id").fetchPage(step + 1, 5));
    assert.ok((page?.rows.size ?? 0) <= 5, play.about("a page is longer than was asked for"));
    const odd = await play.call(1, () => vista.where("group", "odd").list());
    const isRight = [...(odd?.values() ?? [])].every((each) => each.group === "odd");
    assert.ok(isRight, play.about("a row that does not match"));
  }
  source.heal();
  assert.equal(await play.call(1, () => vista.where("group", "odd").count()), 100, play.about("healed"));
  assert.equal((await play.call(2, () => vista.list()))?.size, 200, play.about("healed"));
  await play.within(CLOSE_MS, lens.close());
  return play.counts;
}
