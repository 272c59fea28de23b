import { isDioramaError, toDioramaError } from "../base/index.ts";
import type { DioContext } from "./dio-context.ts";
import { decideFreshness } from "./freshness.ts";

/** After a renewal that failed, readers are served what there is for so long before the next one is tried. */
const PAUSE = { minMs: 250, maxMs: 60_000 } as const;
/** Of failures that are remembered; a row that is never asked for again is forgotten. */
const MAX_FAILING = 1_000;

/** What a reader found. */
export interface Found {
  /** Names it among what is renewed: a row by its id, the whole set, a query by its key. */
  readonly what: "set" | `row ${string}` | `query ${string}`;
  /** When it was read from the master, milliseconds since 1970; `undefined`: not known, which is fresh. */
  readonly since: number | undefined;
  readonly isStale: boolean;
}

interface Failing {
  readonly times: number;
  /** On the monotonic clock. */
  readonly pausedUntil: number;
}

/** Has what a reader found renewed as the Lens says: not at all, behind the reader, or before it goes on. */
export class Renewal {
  readonly #context: DioContext;
  /** Whether age plays a part at all. */
  readonly canAge: boolean;
  readonly #failing = new Map<Found["what"], Failing>();

  constructor(context: DioContext) {
    this.#context = context;
    this.canAge = context.options.freshForMs !== Infinity;
  }

  /**
   * Offline, what there is has to do. A renewal that fails leaves what there is, and the source in peace for a
   * while: a thousand readers a second are not a thousand tries.
   */
  renew({ what, since, isStale }: Found, renew: () => Promise<void>): Promise<void> | undefined {
    const { clock, activity, freshForMs, staleForMs } = this.#context.options;
    const ageMs = since === undefined ? undefined : clock.now() - since;
    const freshness = decideFreshness({ ageMs, invalidated: isStale }, freshForMs, staleForMs);
    if (freshness === "fresh" || activity.state === "offline") return undefined;
    if (freshness === "behind" && this.#isPaused(what)) return undefined;
    const renewed = renew().then(
      () => void this.#failing.delete(what),
      (error: unknown) => this.#failed(what, error),
    );
    return freshness === "wait" ? renewed : undefined;
  }

  #tell(error: unknown): void {
    const { failures, name } = this.#context;
    failures.tell("read", toDioramaError(error, "unavailable", `${name}: renewing what was read`));
  }

  #isPaused(what: Found["what"]): boolean {
    const failing = this.#failing.get(what);
    return failing !== undefined && this.#context.options.clock.monotonic() < failing.pausedUntil;
  }

  #failed(what: Found["what"], error: unknown): void {
    const { clock } = this.#context.options;
    // Several readers may have waited for the same one.
    if (isDioramaError(error, "closed") || this.#isPaused(what)) return;
    const times = (this.#failing.get(what)?.times ?? 0) + 1;
    const pauseMs = Math.min(PAUSE.maxMs, PAUSE.minMs * 2 ** (times - 1));
    this.#failing.delete(what);
    this.#failing.set(what, { times, pausedUntil: clock.monotonic() + pauseMs });
    const [oldest] = this.#failing.keys();
    if (this.#failing.size > MAX_FAILING && oldest !== undefined) this.#failing.delete(oldest);
    // Of the set, the refresh has told.
    if (what !== "set") this.#tell(error);
  }
}
