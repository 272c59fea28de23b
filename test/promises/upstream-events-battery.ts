import { isDeepStrictEqual } from "node:util";
import {
  type ChangeEvent,
  type Dio,
  type Following,
  Lens,
  memory,
  type MemoryVista,
  type Row,
  seedFromMaster,
  type TableScenery,
} from "vantage-diorama";
import {
  createFaultySource,
  createManualClock,
  createRandom,
  type FaultySource,
  type ManualClock,
  type Random,
} from "vantage-diorama/testing";
import type { Battery, Counts } from "./battery.ts";
import { EventFeed } from "./event-feed.ts";
import { playRounds } from "./rounds.ts";

const IDS = Array.from({ length: 8 }, (_, index) => `r${index}`);
const STEPS = 60;
/** Of one call of the battery. */
const ROUNDS = 200;
const FAULTS = { latencyMs: [0, 200], errorRate: 0.05 } as const;

/** A source whose changes are told badly, and a Dio that has nothing else to go by until it refreshes. */
class UpstreamRound {
  readonly #random: Random;
  readonly #clock: ManualClock = createManualClock();
  readonly #backend: MemoryVista;
  readonly #source: FaultySource;
  /** Everything that a row ever was: what is shown must be one of it. */
  readonly #history = new Map<string, Row[]>();
  /** What the source has to tell; never emptied, so that it can be told again. */
  readonly #changes: ChangeEvent[] = [];
  /** Of these: told so far, where they are told in order. */
  #toldUpTo = 0;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly counts = { changes: 0, told: 0, replayed: 0, duringRefresh: 0, refreshes: 0, writes: 0, feeds: 0 };
  #version = 0;

  constructor(random: Random, seed: number) {
    this.#random = random;
    const rows = IDS.slice(0, 5).map((id) => this.#noted(id, { id, n: 0 }));
    const columns = { id: "text", n: "integer", by: "text" } as const;
    this.#backend = memory<Row>("things", { id: "id", columns, rows });
    this.#source = createFaultySource(this.#backend.source, { seed, clock: this.#clock });
  }

  async run(): Promise<Counts> {
    const random = this.#random;
    const isComplete = random.chance(0.7);
    let builder = Lens.builder().clock(this.#clock).deadline("5s");
    if (isComplete) builder = builder.onStart(seedFromMaster);
    if (random.chance(0.3)) builder = builder.refreshEvery(random.pick(["500ms", "5s"]));
    if (random.chance(0.3)) builder = builder.writeQueue({ confirm: "echo", echoTimeout: "2s" });
    const lens = await builder.build();
    const dio = await lens.makeDio(this.#source);
    const table = random.chance(0.6) ? await dio.tableScenery({ orderBy: ["n"] }).open() : undefined;
    const feed = random.chance(0.5) ? new EventFeed() : undefined;
    const following = feed === undefined ? undefined : dio.follow((call) => feed.open(call.signal));
    this.#source.setFaults(FAULTS);
    for (let step = 0; step < STEPS; step++) {
      await this.#step(dio, feed);
      await this.#checkShown(dio);
    }
    await this.#converge(dio, { feed, following, table });
    await this.#clock.until(lens.close({ drain: 0 }));
    return this.counts;
  }

  async #step(dio: Dio, feed: EventFeed | undefined): Promise<void> {
    const random = this.#random;
    const roll = random.next();
    if (roll < 0.35) this.#change();
    else if (roll < 0.75) this.#tell(dio, feed);
    else if (roll < 0.85) this.#start(this.#refresh(dio));
    else if (roll < 0.92) this.#write(dio);
    else if (roll < 0.94) this.#start(dio.invalidateRecord(random.pick(IDS)));
    else if (roll < 0.96) this.#start(dio.vista().get(random.pick(IDS)));
    else if (feed !== undefined) {
      feed.lose();
      this.counts.feeds += 1;
    }
    if (random.chance(0.6)) await this.#clock.advance(random.pick([0, 10, 60, 250, 1_200]));
  }

  /** At the source, by somebody else. */
  #change(): void {
    const { source } = this.#backend;
    const id = this.#random.pick(IDS);
    this.counts.changes += 1;
    const was = source.rows.has(id);
    if (was && this.#random.chance(0.3)) {
      source.remove(id);
      this.#changes.push({ type: "deleted", id });
      return;
    }
    const row = this.#noted(id, { id, n: ++this.#version });
    source.set(id, row);
    const type = was ? "updated" : "inserted";
    this.#changes.push(this.#random.chance(0.25) ? { type, id } : { type, id, row });
  }

  /** In order, out of order, once more, or not at all. */
  #tell(dio: Dio, feed: EventFeed | undefined): void {
    const random = this.#random;
    if (random.chance(0.04)) return this.#deliver(dio, feed, { type: "invalidated" });
    if (random.chance(0.2)) this.#toldUpTo = Math.min(this.#changes.length, this.#toldUpTo + 1);
    const isInOrder = random.chance(0.5) && this.#toldUpTo < this.#changes.length;
    const at = isInOrder ? this.#toldUpTo++ : random.integer(0, Math.max(0, this.#changes.length - 1));
    const change = this.#changes[at];
    if (change === undefined) return;
    if (!isInOrder) this.counts.replayed += 1;
    for (let time = random.chance(0.2) ? 2 : 1; time > 0; time--) this.#deliver(dio, feed, change);
  }

  #deliver(dio: Dio, feed: EventFeed | undefined, change: ChangeEvent): void {
    this.counts.told += 1;
    if (dio.diagnostics().reads.refreshing) this.counts.duringRefresh += 1;
    if (feed !== undefined && this.#random.chance(0.7)) feed.push(change);
    else this.#start(dio.handleEvent(change));
  }

  #write(dio: Dio): void {
    const id = this.#random.pick(IDS);
    const row = this.#noted(id, { id, n: ++this.#version, by: "us" });
    this.counts.writes += 1;
    this.#start(dio.vista().replace(id, row));
  }

  async #refresh(dio: Dio): Promise<void> {
    this.counts.refreshes += 1;
    await dio.refresh();
  }

  /** May fail while the source does; that it ends is looked at in the end. */
  #start(work: Promise<unknown>): void {
    const settled: Promise<unknown> = work
      .catch(() => undefined)
      .finally(() => this.#underWay.delete(settled));
    this.#underWay.add(settled);
  }

  #noted(id: string, row: Row): Row {
    this.#history.set(id, [...(this.#history.get(id) ?? []), row]);
    return row;
  }

  async #checkShown(dio: Dio): Promise<void> {
    for (const [id, row] of await dio.cache.list()) {
      const known = this.#history.get(id)?.some((was) => isDeepStrictEqual({ ...was }, { ...row }));
      if (known !== true) throw new Error(`P13 ${id} shows ${JSON.stringify(row)}, which it never was`);
    }
  }

  /** Nothing more is told; what the next refresh brings is all that counts. */
  async #converge(
    dio: Dio,
    ends: {
      readonly feed: EventFeed | undefined;
      readonly following: Following | undefined;
      readonly table: TableScenery | undefined;
    },
  ): Promise<void> {
    this.#source.heal();
    ends.feed?.end();
    await this.#clock.until(Promise.all(this.#underWay));
    if (ends.following !== undefined) await this.#clock.until(ends.following.done);
    await this.#clock.until(dio.flush());
    if (dio.writes.failed().length > 0) throw new Error("P13 a write failed for good");
    await this.#clock.until(dio.refresh());
    if (!dio.cache.complete) {
      // Stale by now, and read again behind this reader.
      await this.#clock.until(dio.vista().list());
      await this.#clock.advance(1_000);
    }
    const stored = [...this.#backend.source.rows];
    const shown = await this.#clock.until(dio.vista().list());
    if (!isDeepStrictEqual(new Map(shown), new Map(stored)))
      throw new Error(`P13 shown ${JSON.stringify([...shown])}, stored ${JSON.stringify(stored)}`);
    this.#checkTable(ends.table, stored);
  }

  #checkTable(table: TableScenery | undefined, stored: readonly (readonly [string, Row])[]): void {
    if (table === undefined) return;
    const rows = new Map(table.rows(0, Infinity).flatMap((each) => (each ? [[each.id, each.row]] : [])));
    if (!isDeepStrictEqual(rows, new Map(stored)) || table.rowCount !== stored.length)
      throw new Error(`P13 a table shows ${JSON.stringify([...rows])}, stored ${JSON.stringify(stored)}`);
  }
}

/** Promise 13. */
export const upstreamBattery: Battery = {
  promise: "P13",
  goals: { seeds: 50_000 },
  least: { seeds: 10_000 },
  sharesMachine: true,
  run: (seed) =>
    playRounds(seed, ROUNDS, async (own) => ({
      seeds: 1,
      ...(await new UpstreamRound(createRandom(own), own).run()),
    })),
};
