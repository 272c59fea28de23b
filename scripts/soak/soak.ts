import { randomInt } from "node:crypto";
import type { Battery } from "../../test/promises/battery.ts";
import { nextBattery } from "./plan.ts";
import { playRound, type PlaySettings } from "./play.ts";
import { Progress } from "./progress.ts";
import { addRound, type Round, saveTotals, type Totals } from "./totals.ts";

const SEEDS = 2 ** 31;
const MS_A_SECOND = 1_000;
/** A battery whose rounds all break says nothing new: after so many it leaves the time to the others. */
const MOST_BROKEN_IN_A_ROW = 3;

export interface SoakSettings extends Omit<PlaySettings, "signal"> {
  readonly batteries: readonly Battery[];
  readonly minutesMs: number;
  /** Rounds at a time, of batteries that share the machine. */
  readonly slots: number;
  /** Every round has this one: for replays, which count for nothing. */
  readonly seed: number | undefined;
  /** Where the totals are kept after every round. */
  readonly file: string;
  readonly signal: AbortSignal;
}

/** Plays batteries until the time is over or somebody ends it; what was done by then is in the totals. */
export class Soak {
  readonly #settings: SoakSettings;
  readonly #progress = new Progress(process.stdout);
  readonly #playedMs = new Map<Battery, number>();
  readonly #running = new Map<Promise<void>, Battery>();
  readonly #brokenInARow = new Map<Battery, number>();
  readonly #startedAt = performance.now();
  #totals: Totals;
  #broken = 0;

  constructor(settings: SoakSettings, totals: Totals) {
    this.#settings = settings;
    this.#totals = totals;
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** Rounds of this soak that broke their promise. */
  get broken(): number {
    return this.#broken;
  }

  async run(): Promise<void> {
    const ticks = setInterval(() => this.#show(), MS_A_SECOND);
    try {
      while (!this.#isOver()) {
        this.#fillSlots();
        if (this.#running.size === 0) return;
        this.#show();
        await Promise.race(this.#running.keys());
      }
      await Promise.all(this.#running.keys());
    } finally {
      clearInterval(ticks);
      this.#progress.clear();
    }
  }

  /** Each battery once, with the one seed. */
  async replay(seed: number): Promise<void> {
    for (const battery of this.#settings.batteries) {
      if (this.#settings.signal.aborted) return;
      await this.#play(battery, seed);
    }
    this.#progress.clear();
  }

  #isOver(): boolean {
    return this.#settings.signal.aborted || this.#elapsed() >= this.#settings.minutesMs;
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }

  #fillSlots(): void {
    const { slots, seed } = this.#settings;
    while (this.#running.size < slots) {
      const batteries = this.#settings.batteries.filter(
        (each) => this.#brokenOf(each) < MOST_BROKEN_IN_A_ROW,
      );
      const running = [...this.#running.values()];
      const battery = nextBattery({ batteries, totals: this.#totals, running, playedMs: this.#playedMs });
      if (battery === undefined) return;
      const round: Promise<void> = this.#play(battery, seed ?? randomInt(SEEDS)).finally(() =>
        this.#running.delete(round),
      );
      this.#running.set(round, battery);
    }
  }

  async #play(battery: Battery, seed: number): Promise<void> {
    const round = await playRound(battery, seed, this.#settings);
    if (round !== undefined) this.#take(round);
  }

  #take(round: Round): void {
    const { battery, ms, outcome, output } = round;
    this.#playedMs.set(battery, (this.#playedMs.get(battery) ?? 0) + ms);
    this.#progress.tell(round);
    this.#brokenInARow.set(battery, "reason" in outcome ? this.#brokenOf(battery) + 1 : 0);
    if ("reason" in outcome) {
      this.#broken++;
      console.error(output);
    }
    if (this.#settings.seed !== undefined) return;
    this.#totals = addRound(this.#totals, round);
    saveTotals(this.#settings.file, this.#totals);
  }

  #brokenOf(battery: Battery): number {
    return this.#brokenInARow.get(battery) ?? 0;
  }

  #show(): void {
    this.#progress.show({
      totals: this.#totals,
      running: [...this.#running.values()],
      playedMs: this.#elapsed(),
      untilMs: this.#settings.minutesMs,
      broken: this.#broken,
    });
  }
}
