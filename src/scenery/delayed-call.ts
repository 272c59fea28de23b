import type { Clock, Timer } from "../base/index.ts";

/** A call for which many may ask, made once a while after the first of them did. */
export class DelayedCall {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #call: () => void;
  #timer: Timer | undefined;

  constructor(clock: Clock, delayMs: number, call: () => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#call = call;
  }

  request(): void {
    this.#timer ??= this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#call();
    }, this.#delayMs);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
