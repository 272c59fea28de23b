import { type ActivitySignal, type Clock, type Timer } from "../base/index.ts";

/** How many times slower timed refreshes are in standby. */
const STANDBY_FACTOR = 4;

/**
 * When refreshes run: never two at once. A caller who asks while one runs gets the next one, shared with
 * everyone who asks meanwhile; the timer and stale reads are content with the one that runs.
 */
export class Refresher {
  readonly #run: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** A refresh that begins at the call or after it. */
  request(): Promise<void> {
    if (this.#running === undefined) return this.join();
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.join();
      });
    return this.#next;
  }

  /** The refresh that runs, or a new one. */
  join(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}

/** Ticks every interval after the last tick ended; slower in standby, not at all offline. */
export class RefreshTimer {
  readonly #tick: () => Promise<unknown>;
  readonly #options: { readonly everyMs: number; readonly clock: Clock; readonly activity: ActivitySignal };
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    tick: () => Promise<unknown>,
    options: { readonly everyMs: number; readonly clock: Clock; readonly activity: ActivitySignal },
  ) {
    this.#tick = tick;
    this.#options = options;
    if (options.everyMs !== Infinity) this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    const { everyMs, clock, activity } = this.#options;
    const delayMs = activity.state === "standby" ? everyMs * STANDBY_FACTOR : everyMs;
    this.#timer = clock.setTimer(() => void this.#fire(), delayMs);
  }

  async #fire(): Promise<void> {
    // A failed refresh was announced; the next interval tries again.
    if (this.#options.activity.state !== "offline") await this.#tick().catch(() => undefined);
    if (!this.#stopped) this.#arm();
  }
}
