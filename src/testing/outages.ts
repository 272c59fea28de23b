import type { Clock, Timer } from "../base/index.ts";

/** From and to, in milliseconds since the source was wrapped; `Infinity` for good. */
export type Outage = readonly [fromMs: number, toMs: number];

/** When a source is down: what is told of it beforehand, and whoever has to know when it begins. */
export class Outages {
  readonly #clock: Clock;
  readonly #startMs: number;
  #outages: readonly Outage[] = [];
  readonly #waiting = new Map<() => void, Timer | undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonic();
  }

  get nowMs(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  get isDown(): boolean {
    const { nowMs } = this;
    return this.#outages.some(([fromMs, toMs]) => nowMs >= fromMs && nowMs < toMs);
  }

  set(outages: readonly Outage[]): void {
    this.#outages = outages;
    for (const callback of Array.from(this.#waiting.keys())) this.#arm(callback);
  }

  /** From now on, beside what was set. */
  begin(forMs: number): void {
    this.set([...this.#outages, [this.nowMs, this.nowMs + forMs]]);
  }

  /** Calls back once, when the source goes down. Returns what ends the waiting. */
  onDown(callback: () => void): () => void {
    this.#arm(callback);
    return () => {
      this.#waiting.get(callback)?.cancel();
      this.#waiting.delete(callback);
    };
  }

  #arm(callback: () => void): void {
    this.#waiting.get(callback)?.cancel();
    const { nowMs } = this;
    const ahead = this.#outages.filter(([, toMs]) => toMs > nowMs).map(([fromMs]) => fromMs);
    const inMs = Math.max(0, Math.min(...ahead) - nowMs);
    const fire = (): void => {
      this.#waiting.delete(callback);
      callback();
    };
    this.#waiting.set(callback, inMs === Infinity ? undefined : this.#clock.setTimer(fire, inMs));
  }
}
