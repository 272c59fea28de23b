import { isDioramaError, messageOf } from "../base/index.ts";
import type { DioContext } from "./dio-context.ts";
import { decideFreshness } from "./freshness.ts";

/** After a renewal that failed, readers are served what there is for so long before the next one is tried. */
const PAUSE = { minMs: 250, maxMs: 60_000 } as const;

/** Has what a reader found renewed as the Lens says: not at all, behind the reader, or before it goes on. */
export class Renewal {
  readonly #context: DioContext;
  /** Whether age plays a part at all. */
  readonly canAge: boolean;
  /** Of renewals behind readers, one after the other. */
  #failures = 0;
  #pausedUntil = 0;

  constructor(context: DioContext) {
    this.#context = context;
    this.canAge = context.options.freshForMs !== Infinity;
  }

  /**
   * `since`: when it was read from the master, milliseconds since 1970; `undefined`: not known, which is fresh.
   * Offline, what there is has to do. A renewal that fails leaves what there is, and the source in peace for a
   * while: a thousand readers a second are not a thousand tries.
   */
  async renew(since: number | undefined, invalidated: boolean, renew: () => Promise<void>): Promise<void> {
    const { clock, activity, freshForMs, staleForMs } = this.#context.options;
    const ageMs = since === undefined ? undefined : clock.now() - since;
    const freshness = decideFreshness({ ageMs, invalidated }, freshForMs, staleForMs);
    if (freshness === "fresh" || activity.state === "offline") return;
    if (freshness === "behind" && clock.monotonic() < this.#pausedUntil) return;
    const renewed = renew().then(
      () => this.#succeeded(),
      (error: unknown) => this.#failed(error),
    );
    if (freshness === "wait") await renewed;
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#pausedUntil = 0;
  }

  #failed(error: unknown): void {
    const { clock, logger } = this.#context.options;
    // Several readers may have waited for the same one.
    if (isDioramaError(error, "closed") || clock.monotonic() < this.#pausedUntil) return;
    this.#failures += 1;
    this.#pausedUntil = clock.monotonic() + Math.min(PAUSE.maxMs, PAUSE.minMs * 2 ** (this.#failures - 1));
    logger.info("renewing failed", { vista: this.#context.name, reason: messageOf(error) });
  }
}
