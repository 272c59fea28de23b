import { type Backoff, backoffDelayMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";

const RESUBSCRIBE: Backoff = { minMs: 250, maxMs: 60_000 };
/** A feed that has not broken for so long was a good one: the waits begin anew. */
const STABLE_MS = 10_000;

/** How long to wait before a feed that broke is subscribed to again. */
export class FeedRetries {
  readonly #clock: Clock;
  #sinceMs = 0;
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It is subscribed to now. */
  begin(): void {
    this.#sinceMs = this.#clock.monotonic();
  }

  /** It broke now; in milliseconds. */
  delayMs(): number {
    const wasStable = this.#clock.monotonic() - this.#sinceMs >= STABLE_MS;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    return backoffDelayMs(RESUBSCRIBE, this.#failures);
  }
}

/** Lets go of what is read, which may hang in what it does: nobody waits for it. */
export function letGo(events: AsyncIterator<unknown>): void {
  try {
    Promise.resolve(events.return?.()).catch(() => undefined);
  } catch {
    // It has ended, or was given up with an error that came first.
  }
}
