import { backoffDelayMs, type Clock, type Timer } from "../base/index.ts";

/** Full jitter, while somebody waits for what is loaded. */
const BACKOFF = { minMs: 250, maxMs: 60_000 } as const;

/** When to try again what has failed: later each time, until something succeeds. */
export class RetryTimer {
  readonly #clock: Clock;
  readonly #onTime: () => void;
  #failures = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, onTime: () => void) {
    this.#clock = clock;
    this.#onTime = onTime;
  }

  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** Sets it, unless it is set: failures that come together count once. */
  failed(): void {
    if (this.#timer !== undefined) return;
    this.#failures += 1;
    this.#timer = this.#clock.setTimer(
      () => {
        this.#timer = undefined;
        this.#onTime();
      },
      backoffDelayMs(BACKOFF, this.#failures),
    );
  }

  /** The next failure is the first one. */
  succeeded(): void {
    this.#failures = 0;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
