import { type Clock, systemClock } from "./clock.ts";
import { yieldToLoop } from "./yield-to-loop.ts";

/** Long enough that a turn of the event loop is nothing beside it, short enough not to be felt. */
const SLICE_MS = 5;
/** A look at the clock costs as much as handling a small row. */
const ITEMS_A_LOOK = 16;

/**
 * How long a loop over many items may hold the thread: asks after each item whether its time is up, and then gives
 * way to other work. Time and not a count decides, since items differ and a busy machine slows them.
 */
export class TimeSlice {
  readonly #clock: Clock;
  #endsAt: number;
  #items = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + SLICE_MS;
  }

  /** To be asked once for each item. */
  get isOver(): boolean {
    this.#items += 1;
    return this.#items % ITEMS_A_LOOK === 0 && this.#clock.monotonic() >= this.#endsAt;
  }

  /** Gives timers, I/O and input a turn; the next slice begins after it. */
  async next(): Promise<void> {
    await yieldToLoop();
    this.begin();
  }

  begin(): void {
    this.#items = 0;
    this.#endsAt = this.#clock.monotonic() + SLICE_MS;
  }
}
