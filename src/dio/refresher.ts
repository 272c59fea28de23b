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

interface RefreshTimerOptions {
  /** Infinity: never. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly activity: ActivitySignal;
}

/** Ticks every interval after the last tick ended; slower in standby, not at all offline. */
export class RefreshTimer {
  readonly #tick: () => Promise<unknown>;
  readonly #options: RefreshTimerOptions;
  readonly #leaveActivity: () => void;
  /** Absent while a tick runs. */
  #timer: Timer | undefined;
  /** Where the interval began. */
  #sinceMs = 0;
  #stopped = false;

  constructor(tick: () => Promise<unknown>, options: RefreshTimerOptions) {
    this.#tick = tick;
    this.#options = options;
    const isOn = options.everyMs !== Infinity;
    // The interval under way gets the length of the new state, counted from where it began.
    this.#leaveActivity = isOn ? options.activity.subscribe(() => this.#adjust()) : () => undefined;
    if (isOn) this.#begin();
  }

  stop(): void {
    this.#stopped = true;
    this.#leaveActivity();
    this.#timer?.cancel();
  }

  #begin(): void {
    this.#sinceMs = this.#options.clock.monotonic();
    this.#arm();
  }

  #adjust(): void {
    if (this.#timer === undefined || this.#stopped) return;
    this.#timer.cancel();
    this.#arm();
  }

  #arm(): void {
    const { everyMs, clock, activity } = this.#options;
    const intervalMs = activity.state === "standby" ? everyMs * STANDBY_FACTOR : everyMs;
    const leftMs = Math.max(0, this.#sinceMs + intervalMs - clock.monotonic());
    this.#timer = clock.setTimer(() => void this.#fire(), leftMs);
  }

  async #fire(): Promise<void> {
    this.#timer = undefined;
    try {
      if (this.#options.activity.state !== "offline") await this.#tick();
    } catch {
      // A failed refresh was announced; the next interval tries again.
    }
    if (!this.#stopped) this.#begin();
  }
}
