import {
  abortable,
  type Backoff,
  backoffDelayMs,
  type Clock,
  type DioramaError,
  isDioramaError,
  sleep,
  toDioramaError,
} from "../base/index.ts";

/** Waits between attempts to subscribe again. */
const RESUBSCRIBE: Backoff = { minMs: 250, maxMs: 60_000 };
/** A feed that has not broken for so long was a good one: the waits begin anew. */
const STABLE_MS = 10_000;

export interface FollowerHost<E> {
  readonly clock: Clock;
  /** For errors. */
  readonly name: string;
  /** Ends it. */
  readonly signal: AbortSignal;
  open(signal: AbortSignal): AsyncIterable<E>;
  /** One event after the other. Never rejects. */
  handle(event: E): Promise<void>;
  /** Events may be missed from now on. Never rejects. */
  onLost(error: DioramaError): Promise<void>;
  /** It listens again: whatever was missed is behind. Never rejects. */
  onBack(): Promise<void>;
}

/** Listens from the call on; after a loss, again with back-off. Resolves when the feed has ended or the signal fired. */
export async function followStream<E>(host: FollowerHost<E>): Promise<void> {
  const { clock, signal } = host;
  let failures = 0;
  while (!signal.aborted) {
    const sinceMs = clock.monotonic();
    try {
      await walk(host, failures > 0);
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toDioramaError(thrown, "unavailable", `${host.name}: the stream of changes broke`);
      failures = clock.monotonic() - sinceMs >= STABLE_MS ? 1 : failures + 1;
      await host.onLost(error);
      // Asking again can't help.
      if (isDioramaError(error, "unsupported", "unimplemented", "closed")) return;
      await sleep(clock, backoffDelayMs(RESUBSCRIBE, failures), signal);
    }
  }
}

/** Follows the feed to its end; throws when it is lost. */
async function walk<E>(host: FollowerHost<E>, isAgain: boolean): Promise<void> {
  const { signal } = host;
  const events = host.open(signal)[Symbol.asyncIterator]();
  try {
    // It listens from here on, so that nothing falls between this and what is dropped for what was missed.
    let next = Promise.resolve(events.next());
    next.catch(() => undefined);
    if (isAgain) await host.onBack();
    for (;;) {
      // A feed need not heed the signal.
      const step = await abortable(next, signal);
      if (step.done === true) return;
      await host.handle(step.value);
      signal.throwIfAborted();
      next = Promise.resolve(events.next());
    }
  } finally {
    leave(events);
  }
}

/** Lets go of a feed that may hang in what it does: nobody waits for it. */
function leave(events: AsyncIterator<unknown>): void {
  try {
    Promise.resolve(events.return?.()).catch(() => undefined);
  } catch {
    // It has ended, or was given up with an error that came first.
  }
}
