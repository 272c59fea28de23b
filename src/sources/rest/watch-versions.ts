import { sleep, type Clock } from "../../base/index.ts";
import type { ChangeEvent } from "../../vista/index.ts";

export interface WatchOptions {
  readonly everyMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The stamp of what is known already. */
  readonly known: string | undefined;
  /** What changes with every change; it throws where the API can't be asked. */
  stamp(signal: AbortSignal): Promise<string>;
}

const invalidated: ChangeEvent<never> = Object.freeze({ type: "invalidated" });

/**
 * Says `invalidated` when the stamp is another than the last one; at first than what is known: nobody can tell what
 * changed before the first answer. Ends when the signal fires, throws when the API can't be asked. Keeps no process
 * alive.
 */
export async function* watchVersions(
  options: WatchOptions,
): AsyncGenerator<ChangeEvent<never>, void, undefined> {
  const { everyMs, clock, signal } = options;
  try {
    for (let seen = options.known; ; await sleep(clock, everyMs, signal)) {
      if (signal.aborted) return;
      const stamp = await options.stamp(signal);
      if (stamp === seen) continue;
      seen = stamp;
      yield invalidated;
    }
  } catch (error) {
    // Stopped while it asked: that is no loss of the feed.
    if (!signal.aborted) throw error;
  }
}
