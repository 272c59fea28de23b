import type { Clock, Timer } from "../base/index.ts";

const SWEEP_MS = 5_000;

/** Lets views go that nobody has used for a while: looks every few seconds while there may be some. */
export class ViewSweep {
  readonly #clock: Clock;
  readonly #sweep: (nowMs: number) => boolean;
  #timer: Timer | undefined;
  #isStopped = false;

  /** `sweep` answers whether it is to be called again. */
  constructor(clock: Clock, sweep: (nowMs: number) => boolean) {
    this.#clock = clock;
    this.#sweep = sweep;
  }

  begin(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      if (this.#sweep(this.#clock.monotonic())) this.begin();
    }, SWEEP_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}
