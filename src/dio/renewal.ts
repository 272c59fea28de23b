import { isDioramaError, messageOf } from "../base/index.ts";
import type { DioContext } from "./dio-context.ts";
import { decideFreshness } from "./freshness.ts";

/** Has what a reader found renewed as the Lens says: not at all, behind the reader, or before it goes on. */
export class Renewal {
  readonly #context: DioContext;
  /** Whether age plays a part at all. */
  readonly canAge: boolean;

  constructor(context: DioContext) {
    this.#context = context;
    this.canAge = context.options.freshForMs !== Infinity;
  }

  /**
   * `since`: when it was read from the master, milliseconds since 1970; `undefined`: not known, which is fresh.
   * Offline, what there is has to do. A renewal that fails leaves what there is.
   */
  async renew(since: number | undefined, invalidated: boolean, renew: () => Promise<void>): Promise<void> {
    const { clock, activity, freshForMs, staleForMs, logger } = this.#context.options;
    const ageMs = since === undefined ? undefined : clock.now() - since;
    const freshness = decideFreshness({ ageMs, invalidated }, freshForMs, staleForMs);
    if (freshness === "fresh" || activity.state === "offline") return;
    const renewed = renew().catch((error: unknown) => {
      if (isDioramaError(error, "closed")) return;
      logger.info("renewing failed", { vista: this.#context.name, reason: messageOf(error) });
    });
    if (freshness === "wait") await renewed;
  }
}
