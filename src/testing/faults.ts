import { DioramaError, sleep, type Clock } from "../base/index.ts";
import type { CallOptions } from "../vista/index.ts";
import { createRandom, deriveSeed, type Random } from "./random.ts";

/** The methods of a Source that do work. */
export type SourceCall =
  | "version"
  | "read"
  | "get"
  | "count"
  | "page"
  | "window"
  | "next"
  | "insert"
  | "add"
  | "replace"
  | "patch"
  | "delete"
  | "deleteAll"
  | "watch";

type Range = readonly [least: number, most: number];

/** What goes wrong, and how often: rates are probabilities from 0 to 1. */
export interface Faults {
  /** How long a call takes, for all calls or for some. */
  readonly latencyMs?: Range | Partial<Readonly<Record<SourceCall, Range>>>;
  /** Calls that fail as `unavailable`; a `read` may do so after some batches. */
  readonly errorRate?: number;
  /** Calls that fail as `rejected`. */
  readonly permanentErrorRate?: number;
  /** Calls that throw something that is no Error. */
  readonly nonErrorRate?: number;
  /** Calls that never settle. */
  readonly hangRate?: number;
  /** Writes that are done and then fail as `unavailable`: the caller can't know. */
  readonly lostAnswerRate?: number;
  /** Times in which every call fails, in milliseconds since the source was wrapped. */
  readonly outages?: readonly (readonly [fromMs: number, toMs: number])[];
  /** Pages, windows and steps that hold fewer rows than they should. */
  readonly partialPageRate?: number;
  /** Pages, windows and steps that repeat the answer before them. */
  readonly duplicatedPageRate?: number;
  /** Answers that hold an id twice. */
  readonly duplicatedIdRate?: number;
  /** Totals that are too small or too large. */
  readonly lyingTotalRate?: number;
  /** `read` goes on after its signal fired. */
  readonly deafToAbort?: boolean;
  /** Runs before every page, window and step but the first, to change what is behind them. */
  readonly changeDuringPagination?: () => void;
}

/** An error that a call ends with; anything may be thrown, `undefined` too. */
interface Thrown {
  readonly thrown: unknown;
}

/** What one call meets. */
export interface Fate {
  readonly random: Random;
  readonly faults: Faults;
  /** Batches of a `read` that come before its error. */
  readonly errorAfterBatches: number;
  readonly error: Thrown | undefined;
  readonly hangs: boolean;
  readonly losesAnswer: boolean;
  readonly delayMs: number;
}

/** Decides by a seed what each call meets: the n-th call of a method meets the same in every run. */
export class FaultPlan {
  readonly #counts = new Map<SourceCall, number>();
  #faults: Faults;
  readonly #seed: number;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #scripted: { readonly call: SourceCall; readonly thrown: unknown }[] = [];

  constructor(seed: number, clock: Clock, faults: Faults) {
    this.#faults = faults;
    this.#seed = seed;
    this.#clock = clock;
    this.#startMs = clock.monotonic();
  }

  setFaults(faults: Faults): void {
    this.#faults = faults;
  }

  /** The next calls of that method throw this. */
  script(call: SourceCall, thrown: unknown, times: number): void {
    for (let time = 0; time < times; time++) this.#scripted.push({ call, thrown });
  }

  /** How often a method was called, or all of them together. */
  callCount(call?: SourceCall): number {
    if (call !== undefined) return this.#counts.get(call) ?? 0;
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Counts a call and says what it meets. */
  begin(call: SourceCall): Fate {
    const faults = this.#faults;
    const number = this.callCount(call) + 1;
    this.#counts.set(call, number);
    const random = createRandom(deriveSeed(this.#seed, call, number));
    const [least, most] = latencyOf(faults, call);
    // Everything is drawn, whatever the rates are: another rate changes no other choice.
    const delayMs = random.integer(least, most);
    const hangs = random.chance(faults.hangRate ?? 0);
    const losesAnswer = random.chance(faults.lostAnswerRate ?? 0);
    const lateBatches = random.chance(0.5) ? 0 : random.integer(1, 3);
    const drawn = drawError(call, random, faults);
    const certain = this.#certainError(call);
    const error = certain ?? drawn;
    const errorAfterBatches = certain === undefined ? lateBatches : 0;
    return { random, faults, errorAfterBatches, error, hangs, losesAnswer, delayMs };
  }

  /** Waits out the call's latency, then fails or hangs where it is to. */
  async arrive(fate: Fate, call: CallOptions): Promise<void> {
    if (fate.delayMs > 0) {
      await sleep(this.#clock, fate.delayMs, call.signal);
      call.signal?.throwIfAborted();
    }
    if (fate.hangs) await new Promise<never>(() => undefined);
    if (fate.error !== undefined) throw fate.error.thrown;
  }

  /** A call without special faults of its own. */
  async run<T>(name: SourceCall, call: CallOptions, work: () => Promise<T>): Promise<T> {
    await this.arrive(this.begin(name), call);
    return work();
  }

  /** The total, or a wrong one: from none to twice as many. */
  lied(fate: Fate, total: number): number {
    const lies = fate.random.chance(fate.faults.lyingTotalRate ?? 0);
    const wrong = fate.random.integer(0, total * 2 + 2);
    return lies ? wrong : total;
  }

  /** What is asked for or lasts comes at once, unlike what is drawn. */
  #certainError(call: SourceCall): Thrown | undefined {
    const scripted = this.#scripted.findIndex((script) => script.call === call);
    if (scripted !== -1) return this.#scripted.splice(scripted, 1)[0];
    const nowMs = this.#clock.monotonic() - this.#startMs;
    const isDown = this.#faults.outages?.some(([fromMs, toMs]) => nowMs >= fromMs && nowMs < toMs) === true;
    return isDown
      ? { thrown: new DioramaError("unavailable", `${call}: the source is down (made up)`) }
      : undefined;
  }
}

function drawError(call: SourceCall, random: Random, faults: Faults): Thrown | undefined {
  const fails = random.chance(faults.errorRate ?? 0);
  const isRefused = random.chance(faults.permanentErrorRate ?? 0);
  const throwsOther = random.chance(faults.nonErrorRate ?? 0);
  const other = random.pick<unknown>(["out of order", 503, undefined, null, { status: 500 }]);
  if (isRefused) return { thrown: new DioramaError("rejected", `${call}: the source refuses (made up)`) };
  if (fails) return { thrown: new DioramaError("unavailable", `${call}: the source failed (made up)`) };
  return throwsOther ? { thrown: other } : undefined;
}

function latencyOf(faults: Faults, call: SourceCall): Range {
  const { latencyMs = [0, 0] } = faults;
  if (isRange(latencyMs)) return latencyMs;
  return latencyMs[call] ?? [0, 0];
}

function isRange(latencyMs: NonNullable<Faults["latencyMs"]>): latencyMs is Range {
  return Array.isArray(latencyMs);
}
