import { assert, messageOf, yieldToLoop } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import type { Source } from "../vista/index.ts";
import { createRandom, type Random } from "./random.ts";
import { scheduleSource } from "./scheduled-source.ts";

/** What waits for its turn. */
interface Waiting {
  readonly label: string;
  readonly rank: number;
  readonly go: () => void;
}

/**
 * Decides by a seed what comes before what. What is given to it waits for its turn, and turns are drawn one at a time;
 * the same seed over the same program draws the same order again.
 */
export interface Scheduler {
  readonly seed: number;
  /** How many wait for their turn. */
  readonly waiting: number;
  /** Labels in the order in which their turns came, the last 1,000. */
  readonly order: readonly string[];
  /** A promise: settles as it does, but at its turn. A function: is called at its turn. */
  schedule<T>(work: Promise<T> | (() => T | Promise<T>), label?: string): Promise<T>;
  /** A turn, to be awaited anywhere. Rejects with the signal's reason where that fires first. */
  turn(label?: string, signal?: AbortSignal): Promise<void>;
  /** The function, each of whose calls waits for a turn before it begins and for one before it answers. */
  wrap<A extends readonly unknown[], T>(
    name: string,
    call: (...args: A) => T | Promise<T>,
  ): (...args: A) => Promise<T>;
  /**
   * The source, each of whose calls waits for a turn on its way there and for one on its way back, as does each
   * batch of a `read` and each change of a `watch`. A call whose signal fires waits no longer. With `answersOnly`
   * a call reaches the source at once: what was asked first has the older answer.
   */
  wrapSource<R extends object = Row>(source: Source<R>, options?: WrapOptions): Source<R>;
  /** Draws one turn and lets what it sets off settle; false where nothing waits. */
  waitOne(): Promise<boolean>;
  /** Draws turns until nothing waits, what they set off included. */
  waitAll(): Promise<void>;
  /** Draws turns until this has settled, and settles as it does. */
  waitFor<T>(work: Promise<T>): Promise<T>;
  /** `waitFor` of a test's body; an error that it ends with tells the seed and the order. */
  run<T>(body: () => Promise<T>): Promise<T>;
  /** The seed and the order. */
  toString(): string;
}

export interface WrapOptions {
  /** Only what comes back waits. */
  readonly answersOnly?: boolean;
}

/** More turns than any test draws: work that makes new work for ever ends with an error. */
const MOST_TURNS = 1_000_000;
const MOST_LABELS = 1_000;
const SHOWN_LABELS = 60;
/** Turns of the event loop in which what one turn sets off comes to rest. */
const SETTLE_TURNS = 2;

/** A scheduler whose order the seed decides. */
export function createScheduler(seed: number): Scheduler {
  return new SeededScheduler(seed);
}

class SeededScheduler implements Scheduler {
  readonly seed: number;
  readonly #random: Random;
  /**
   * Half of the seeds draw among all that waits alike; the others give each a rank when it comes, so that one may be
   * held back behind everything that comes later. That finds what a long delay breaks (S. Burckhardt and others,
   * "A randomized scheduler with probabilistic guarantees of finding bugs", 2010).
   */
  readonly #isRanked: boolean;
  readonly #waiting: Waiting[] = [];
  readonly #order: string[] = [];
  #turns = 0;
  #arrival: PromiseWithResolvers<void> = Promise.withResolvers<void>();

  constructor(seed: number) {
    this.seed = seed;
    this.#random = createRandom(seed);
    this.#isRanked = this.#random.chance(0.5);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get order(): readonly string[] {
    return this.#order;
  }

  async schedule<T>(work: Promise<T> | (() => T | Promise<T>), label: string = "work"): Promise<T> {
    if (typeof work === "function") {
      await this.turn(label);
      return work();
    }
    try {
      return await work;
    } finally {
      await this.turn(label);
    }
  }

  turn(label: string = "turn", signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const leave = (): void => {
        const at = this.#waiting.indexOf(waiting);
        if (at !== -1) this.#waiting.splice(at, 1);
        reject(signal?.reason);
      };
      const go = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const waiting: Waiting = { label, rank: this.#random.next(), go };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      this.#arrival.resolve();
    });
  }

  wrap<A extends readonly unknown[], T>(
    name: string,
    call: (...args: A) => T | Promise<T>,
  ): (...args: A) => Promise<T> {
    let count = 0;
    return async (...args) => {
      const label = `${name} ${++count}`;
      await this.turn(`${label} asked`);
      try {
        return await call(...args);
      } finally {
        await this.turn(`${label} answered`);
      }
    };
  }

  wrapSource<R extends object>(source: Source<R>, { answersOnly = false }: WrapOptions = {}): Source<R> {
    return scheduleSource(source, (label, signal, way) =>
      way === "there" && answersOnly ? undefined : this.turn(label, signal),
    );
  }

  async waitOne(): Promise<boolean> {
    await settle();
    const next = this.#draw();
    if (next === undefined) return false;
    this.#turns += 1;
    assert(this.#turns <= MOST_TURNS, `the work ends after at most ${MOST_TURNS} turns`);
    this.#order.push(next.label);
    if (this.#order.length > MOST_LABELS) this.#order.shift();
    next.go();
    await settle();
    return true;
  }

  async waitAll(): Promise<void> {
    while (await this.waitOne());
  }

  async waitFor<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = work.then(
      () => void (isSettled = true),
      () => void (isSettled = true),
    );
    for (;;) {
      if (!(await this.waitOne())) await Promise.race([this.#arrived(), settled]);
      if (isSettled) return work;
    }
  }

  async run<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await this.waitFor(body());
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${this.toString()}`, { cause: error });
    }
  }

  toString(): string {
    const last = this.#order.slice(-SHOWN_LABELS);
    const left = this.#turns - last.length;
    const before = left === 0 ? "" : `(${left} more) `;
    return `scheduler with seed ${this.seed}, in this order: ${before}${last.join(", ")}`;
  }

  #draw(): Waiting | undefined {
    if (this.#waiting.length === 0) return undefined;
    let at = this.#random.integer(0, this.#waiting.length - 1);
    if (this.#isRanked) {
      for (const [place, { rank }] of this.#waiting.entries())
        if (rank > (this.#waiting[at]?.rank ?? 0)) at = place;
    }
    return this.#waiting.splice(at, 1)[0];
  }

  /** Something waits, or will. */
  #arrived(): Promise<void> {
    if (this.#waiting.length > 0) return Promise.resolve();
    this.#arrival = Promise.withResolvers<void>();
    return this.#arrival.promise;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await yieldToLoop();
}
