import {
  anySignal,
  type Backoff,
  backoffDelayMs,
  type Clock,
  type DioramaError,
  sleep,
  toDioramaError,
} from "../base/index.ts";
import type { CallOptions, ChangeEvent } from "../vista/index.ts";

/** Waits between attempts to subscribe again. */
const RESUBSCRIBE: Backoff = { minMs: 250, maxMs: 60_000 };

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
  handle(change: ChangeEvent): Promise<void>;
  /** Told of each loss of the feed; changes were missed. */
  onLoss(error: DioramaError): void;
  /** The feed is subscribed to: what it may have missed until then has to be fetched. Rejects never. */
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
  const stopping = new AbortController();
  const signal = anySignal(stopping.signal, host.closing);
  const ready = Promise.withResolvers<void>();
  const done = followUntil(open, host, { signal, onReady: ready.resolve }).finally(ready.resolve);
  return {
    ready: ready.promise,
    done,
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function followUntil(
  open: OpenFeed,
  host: FollowHost,
  { signal, onReady }: { readonly signal: AbortSignal; readonly onReady: () => void },
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const changes = open({ signal, position: host.position() })[Symbol.asyncIterator]();
      let step = changes.next();
      // Subscribed first, then what was missed is fetched: nothing falls between the two.
      void host.onSubscribed(failures === 0 ? "first" : "again").then(onReady);
      for (let result = await step; result.done !== true && !signal.aborted; result = await step) {
        failures = 0;
        // Its failure is an event of its own; the feed goes on.
        await host.handle(result.value).catch(() => undefined);
        step = changes.next();
      }
      await changes.return?.();
      return;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      host.onLoss(toDioramaError(error, "unavailable", `${host.name}: the change feed broke`));
      await sleep(host.clock, backoffDelayMs(RESUBSCRIBE, failures), signal);
    }
  }
}

/** The name of the feed that the master's own changes come by. */
export const MASTER_FEED = "watch";

/** The name of the note that keeps a feed's position with the rows. */
export function positionNote(feed: string): string {
  return `position:${feed}`;
}
