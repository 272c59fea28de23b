import { DioramaError, messageOf, sleep, type Clock } from "../base/index.ts";
import type { CallOptions } from "../vista/index.ts";
import { Outages, type Outage } from "./outages.ts";
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

/** Milliseconds; each call takes a time of its own between the two. */
export type LatencyBand = readonly [leastMs: number, mostMs: number];

/** One for all calls, or one for each method that is named; the others are spared. */
export type PerCall<T> = T | Partial<Readonly<Record<SourceCall, T>>>;

/** What goes wrong, and how often: rates are probabilities from 0 to 1. */
export interface Faults {
  /** How long a call takes. */
  readonly latencyMs?: PerCall<LatencyBand>;
  /** How long each batch of a `read` takes after the one before. */
  readonly batchLatencyMs?: LatencyBand;
  /** Calls that fail as `unavailable`; a `read` may do so after some batches, a `watch` after some changes. */
  readonly errorRate?: PerCall<number>;
  /** Calls that fail as `rejected`. */
  readonly permanentErrorRate?: PerCall<number>;
  /** Calls that throw something that is no Error. */
  readonly nonErrorRate?: PerCall<number>;
  /** Calls that never settle; a `read` may stop so after some batches. */
  readonly hangRate?: PerCall<number>;
  /** Writes that are done and then fail as `unavailable`: the caller can't know. */
  readonly lostAnswerRate?: PerCall<number>;
  /**
   * Times in which every call fails as `unavailable`, what is under way included: the answer of a write that was
   * done is lost, a `read` breaks off and a `watch` ends. In milliseconds since the source was wrapped.
   */
  readonly outages?: readonly Outage[];
  /** Pages, windows and steps that hold fewer rows than they should. */
  readonly partialPageRate?: number;
  /** Pages, windows and steps that repeat the answer before them. */
  readonly duplicatedPageRate?: number;
  /** Answers that hold an id twice. */
  readonly duplicatedIdRate?: number;
  /** Totals and counts that are too small or too large. */
  readonly lyingTotalRate?: number;
  /** `read` goes on after its signal fired. */
  readonly deafToAbort?: boolean;
  /** Runs before every page, window and step but the first, and between batches of a `read`, to change the data. */
  readonly changeDuringPagination?: (random: Random) => void;
}

/** One call of a faulty source, for whoever looks at a failed test. */
export interface CallRecord {
  readonly call: SourceCall;
  /** Counts the calls of that method from 1. */
  readonly number: number;
  /** Since the source was wrapped. */
  readonly atMs: number;
  /** What went wrong, in words: `hangs`, `fails: …`, `answer lost`, `partial page`, … */
  readonly met: readonly string[];
}

/** An error that a call ends with; anything may be thrown, `undefined` too. */
interface Thrown {
  readonly thrown: unknown;
}

/** What one call meets. */
export interface Fate {
  readonly call: SourceCall;
  readonly random: Random;
  readonly faults: Faults;
  /** Batches of a `read` that come before its error, or before it hangs. */
  readonly lateBatches: number;
  readonly error: Thrown | undefined;
  readonly hangs: boolean;
  readonly losesAnswer: boolean;
  readonly delayMs: number;
  /** What it has met so far, for the history. */
  readonly met: string[];
}

/** How many calls the history holds. */
const HISTORY = 1_000;

/** Decides by a seed what each call meets: the n-th call of a method meets the same in every run. */
export class FaultPlan {
  readonly #counts = new Map<SourceCall, number>();
  #faults: Faults = {};
  readonly #seed: number;
  readonly #clock: Clock;
  readonly outages: Outages;
  readonly #scripted: { readonly call: SourceCall; readonly thrown: unknown }[] = [];
  readonly #history: CallRecord[] = [];

  constructor(seed: number, clock: Clock, faults: Faults) {
    this.#seed = seed;
    this.#clock = clock;
    this.outages = new Outages(clock);
    this.setFaults(faults);
  }

  get history(): readonly CallRecord[] {
    return this.#history;
  }

  setFaults(faults: Faults): void {
    this.#faults = faults;
    this.outages.set(faults.outages ?? []);
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
    const hangs = random.chance(rateOf(faults.hangRate, call));
    const losesAnswer = random.chance(rateOf(faults.lostAnswerRate, call));
    const drawnBatches = random.chance(0.5) ? 0 : random.integer(1, 3);
    const drawn = drawError(call, random, faults);
    const certain = this.#certainError(call);
    const error = certain ?? drawn;
    const lateBatches = certain === undefined ? drawnBatches : 0;
    const met: string[] = [];
    this.#history.push({ call, number, atMs: this.outages.nowMs, met });
    if (this.#history.length > HISTORY) this.#history.shift();
    return { call, random, faults, lateBatches, error, hangs, losesAnswer, delayMs, met };
  }

  /** Waits out the call's latency, then fails or hangs where it is to. */
  async arrive(fate: Fate, { signal }: CallOptions): Promise<void> {
    await this.wait(fate.delayMs, signal);
    if (fate.hangs) await this.hang(fate);
    if (fate.error !== undefined) throw this.fail(fate, fate.error.thrown);
    this.checkUp(fate);
  }

  async wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (delayMs <= 0) return;
    await sleep(this.#clock, delayMs, signal);
    signal?.throwIfAborted();
  }

  /** Fails where the source has gone down meanwhile. */
  checkUp(fate: Fate): void {
    if (this.outages.isDown) throw this.fail(fate, downError(fate.call));
  }

  async hang(fate: Fate): Promise<never> {
    fate.met.push("hangs");
    return new Promise<never>(() => undefined);
  }

  /** Notes what the call ends with. */
  fail(fate: Fate, thrown: unknown): unknown {
    fate.met.push(`fails: ${messageOf(thrown)}`);
    return thrown;
  }

  /** A call without special faults of its own. */
  async run<T>(name: SourceCall, call: CallOptions, work: () => Promise<T>): Promise<T> {
    const fate = this.begin(name);
    await this.arrive(fate, call);
    const answer = await work();
    this.checkUp(fate);
    return answer;
  }

  /** The total, or a wrong one: from none to twice as many. */
  lied(fate: Fate, total: number): number {
    const lies = fate.random.chance(fate.faults.lyingTotalRate ?? 0);
    const wrong = fate.random.integer(0, total * 2 + 2);
    if (lies) fate.met.push(`total ${wrong} for ${total}`);
    return lies ? wrong : total;
  }

  /** What is asked for or lasts comes at once, unlike what is drawn. */
  #certainError(call: SourceCall): Thrown | undefined {
    const scripted = this.#scripted.findIndex((script) => script.call === call);
    if (scripted !== -1) return this.#scripted.splice(scripted, 1)[0];
    return this.outages.isDown ? { thrown: downError(call) } : undefined;
  }
}

/** The error of a call while the source is down. */
export function downError(call: SourceCall): DioramaError {
  return new DioramaError("unavailable", `${call}: the source is down (made up)`);
}

function drawError(call: SourceCall, random: Random, faults: Faults): Thrown | undefined {
  const fails = random.chance(rateOf(faults.errorRate, call));
  const isRefused = random.chance(rateOf(faults.permanentErrorRate, call));
  const throwsOther = random.chance(rateOf(faults.nonErrorRate, call));
  const other = random.pick<unknown>(["out of order", 503, undefined, null, { status: 500 }]);
  if (isRefused) return { thrown: new DioramaError("rejected", `${call}: the source refuses (made up)`) };
  if (fails) return { thrown: new DioramaError("unavailable", `${call}: the source failed (made up)`) };
  return throwsOther ? { thrown: other } : undefined;
}

function rateOf(rate: PerCall<number> | undefined, call: SourceCall): number {
  return typeof rate === "object" ? (rate[call] ?? 0) : (rate ?? 0);
}

function latencyOf(faults: Faults, call: SourceCall): LatencyBand {
  const { latencyMs = [0, 0] } = faults;
  if (isBand(latencyMs)) return latencyMs;
  return latencyMs[call] ?? [0, 0];
}

function isBand(latencyMs: PerCall<LatencyBand>): latencyMs is LatencyBand {
  return Array.isArray(latencyMs);
}
