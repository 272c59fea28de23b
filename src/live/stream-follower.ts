import {
  abortable,
  type Clock,
  type DioramaError,
  FeedRetries,
  isDioramaError,
  letGo,
  sleep,
  toDioramaError,
} from "../base/index.ts";

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
  const retries = new FeedRetries(clock);
  let wasLost = false;
  while (!signal.aborted) {
    retries.begin();
    try {
      await walk(host, wasLost);
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      const error = toDioramaError(thrown, "unavailable", `${host.name}: the stream of changes broke`);
      const delayMs = retries.delayMs();
      wasLost = true;
      await host.onLost(error);
      // Asking again can't help.
      if (isDioramaError(error, "unsupported", "unimplemented", "closed")) return;
      await sleep(clock, delayMs, signal);
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
    letGo(events);
  }
}
