import {
  abortable,
  type Clock,
  type DioramaError,
  FeedRetries,
  isDioramaError,
  letGo,
  linkSignals,
  sleep,
  toDioramaError,
} from "../base/index.ts";
import type { CallOptions, ChangeEvent } from "../vista/index.ts";

/** A feed that has not failed for so long is subscribed to, though it may have nothing to tell. */
const SETTLED_MS = 100;

/** Thrown by a feed that is to be opened again elsewhere: no failure, but changes may have been missed. */
export class FeedMoved extends Error {}

/** Opens a feed of changes; `position` is where the last one that was applied stood, where the feed says. */
export type OpenFeed = (
  call: CallOptions & { readonly position: string | undefined },
) => AsyncIterable<ChangeEvent>;

export interface FollowHost {
  readonly clock: Clock;
  readonly closing: AbortSignal;
  /** For errors. */
  readonly name: string;
  /** The stored position of this feed. */
  position(): string | undefined;
  /** Its failure is told elsewhere: the feed goes on. */
  handle(change: ChangeEvent): Promise<void>;
  /** Told of each loss of the feed; changes were missed. */
  onLoss(error: DioramaError): void;
  /** The feed is subscribed to: what it may have missed until then has to be fetched. Never rejects. */
  onSubscribed(times: "first" | "again"): Promise<void>;
}

/** A subscription to a change feed. `done` resolves when it has ended, by `stop` or because the feed ended. */
export interface Following {
  /** Resolves when it listens, and what changed before that has been looked at; at the latest with `done`. */
  readonly ready: Promise<void>;
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Applies a feed's changes one after the other; after a loss, subscribes again with back-off. */
export function follow(open: OpenFeed, host: FollowHost): Following {
  const stopping = linkSignals(host.closing);
  const ready = Promise.withResolvers<void>();
  const heard = {
    ...host,
    onSubscribed: (times: "first" | "again") => host.onSubscribed(times).then(ready.resolve),
  };
  const done = followUntil(open, heard, stopping.signal).finally(() => {
    stopping.release();
    ready.resolve();
  });
  return {
    ready: ready.promise,
    done,
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function followUntil(open: OpenFeed, host: FollowHost, signal: AbortSignal): Promise<void> {
  const { clock, name } = host;
  const retries = new FeedRetries(clock);
  let wasLost = false;
  while (!signal.aborted) {
    retries.begin();
    try {
      await walk(open, host, { signal, wasLost });
      return;
    } catch (error) {
      if (signal.aborted) return;
      wasLost = true;
      if (error instanceof FeedMoved) continue;
      const failure = toDioramaError(error, "unavailable", `${name}: the change feed broke`);
      host.onLoss(failure);
      // Asking again can't help.
      if (isDioramaError(failure, "unsupported", "unimplemented")) return;
      await sleep(clock, retries.delayMs(), signal);
    }
  }
}

/** Follows the feed to its end; throws when it is lost. */
async function walk(
  open: OpenFeed,
  host: FollowHost,
  call: { readonly signal: AbortSignal; readonly wasLost: boolean },
): Promise<void> {
  const { signal } = call;
  let isLookedAt = false;
  const subscribed = (): void => {
    if (!isLookedAt) void host.onSubscribed(call.wasLost ? "again" : "first");
    isLookedAt = true;
  };
  const changes = open({ signal, position: host.position() })[Symbol.asyncIterator]();
  // Subscribed first, then what was missed is fetched: nothing falls between the two. After a loss only when
  // the feed holds, so that a feed that breaks at once costs no refresh each time.
  const first = changes.next();
  const settled = call.wasLost ? host.clock.setTimer(subscribed, SETTLED_MS) : undefined;
  if (!call.wasLost) subscribed();
  try {
    for (let next = first; ; next = changes.next()) {
      // A feed need not heed the signal.
      const step = await abortable(Promise.resolve(next), signal);
      subscribed();
      if (step.done === true) return;
      await host.handle(step.value).catch(() => undefined);
      signal.throwIfAborted();
    }
  } finally {
    settled?.cancel();
    letGo(changes);
  }
}

/** The name of the feed that the master's own changes come by. */
export const MASTER_FEED = "watch";

/** The name of the note that keeps a feed's position with the rows. */
export function positionNote(feed: string): string {
  return `position:${feed}`;
}
