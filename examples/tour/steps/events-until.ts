import { setTimeout as sleep } from "node:timers/promises";
import type { DioEvent, EventSubscription } from "vantage-diorama";
import { TourError } from "../failure.ts";

const LONGEST_WAIT_MS = 20_000;

/** An event and when it came, by performance.now(). */
export interface Heard {
  readonly event: DioEvent;
  readonly at: number;
}

/** The events up to the first that `isLast`, that one included; the subscription ends with it. */
export async function eventsUntil(
  events: EventSubscription,
  isLast: (event: DioEvent) => boolean,
  signal: AbortSignal,
): Promise<Heard[]> {
  const waiting = new AbortController();
  const ends = AbortSignal.any([signal, waiting.signal]);
  const end = (): void => void events.return();
  signal.addEventListener("abort", end, { once: true });
  sleep(LONGEST_WAIT_MS, undefined, { signal: ends }).then(end, () => undefined);
  const heard: Heard[] = [];
  try {
    for await (const event of events) {
      heard.push({ event, at: performance.now() });
      if (isLast(event)) return heard;
    }
  } finally {
    waiting.abort();
    signal.removeEventListener("abort", end);
  }
  signal.throwIfAborted();
  throw new TourError(`nothing was heard for ${LONGEST_WAIT_MS / 1_000} s of a change that was made`);
}
