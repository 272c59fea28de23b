import {
  type ActivitySwitch,
  type Clock,
  createActivity,
  type Dio,
  Lens,
  type LensBuilder,
  memory,
  type MemoryVista,
  type Row,
} from "vantage-diorama";
import {
  createFaultySource,
  createManualClock,
  type FaultySource,
  type ManualClock,
} from "vantage-diorama/testing";

const STEP_MS = 1_000;
/** Turns of the event loop that the work of one step may take. */
const TURNS = 8;
const HOUR_MS = 3_600_000;
const TEN_YEARS_MS = 87_660 * HOUR_MS;

/** What happens to the clocks of a machine. */
export const jumps = {
  "an hour ahead": (clock: ManualClock) => clock.jumpWall(HOUR_MS),
  "an hour back": (clock: ManualClock) => clock.jumpWall(-HOUR_MS),
  "ten years ahead": (clock: ManualClock) => clock.jumpWall(TEN_YEARS_MS),
  "ten years back": (clock: ManualClock) => clock.jumpWall(-TEN_YEARS_MS),
  "a night's sleep that timers count": (clock: ManualClock) => clock.suspend(8 * HOUR_MS),
  "a night's sleep that only the wall clock counts": (clock: ManualClock) => clock.jumpWall(8 * HOUR_MS),
  "ten years of sleep": (clock: ManualClock) => clock.suspend(TEN_YEARS_MS),
} as const;

export type JumpName = keyof typeof jumps;

/** A Lens on a clock that jumps, with what it costs counted. */
export class ClockWorld {
  readonly clock: ManualClock = createManualClock();
  readonly activity: ActivitySwitch = createActivity();
  readonly backend: MemoryVista;
  readonly source: FaultySource;
  #timersSet = 0;
  #lens: Lens | undefined;

  constructor(rows: readonly Row[] = [{ id: "a", n: 1 }]) {
    this.backend = memory<Row>("things", { id: "id", columns: { id: "text", n: "integer" }, rows });
    this.source = createFaultySource(this.backend.source, { clock: this.clock });
  }

  /** The Dio of a Lens that is configured so. */
  async open(configure: (builder: LensBuilder<Lens>) => LensBuilder<Lens>): Promise<Dio> {
    const builder = Lens.builder().clock(this.#counted()).activity(this.activity);
    this.#lens = await configure(builder).build();
    return this.#lens.makeDio(this.source);
  }

  /** Time goes on, second by second, and work without timers with it; a storm would set many more than that. */
  async pass(ms: number): Promise<void> {
    const before = this.#timersSet;
    for (let leftMs = ms; leftMs > 0; leftMs -= STEP_MS) {
      await this.clock.advance(Math.min(leftMs, STEP_MS));
      for (let turn = 0; turn < TURNS; turn++) await this.clock.advance(0);
    }
    const set = this.#timersSet - before;
    const most = 50 + ms / 100;
    if (set > most) throw new Error(`P16 a storm: ${set} timers were set in ${ms} ms`);
  }

  /** Calls of the source that the work costs. */
  async calls(work: () => Promise<unknown>): Promise<number> {
    const before = this.source.calls();
    await work();
    return this.source.calls() - before;
  }

  /** Nothing is left behind. */
  async close(): Promise<void> {
    await this.clock.until(this.#lens?.close({ drain: 0 }) ?? Promise.resolve());
    if (this.clock.timerCount > 0) throw new Error(`P16 ${this.clock.timerCount} timers outlive the Lens`);
  }

  #counted(): Clock {
    const { clock } = this;
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimer: (callback, delayMs) => {
        this.#timersSet += 1;
        return clock.setTimer(callback, delayMs);
      },
    };
  }
}

/** Throws unless the number is within both bounds. */
export function between(what: string, found: number, least: number, most: number): void {
  if (found < least || found > most) throw new Error(`P16 ${what}: ${found}, not ${least} to ${most}`);
}

export function same(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`P16 ${what}: ${String(found)}, not ${String(expected)}`);
}
