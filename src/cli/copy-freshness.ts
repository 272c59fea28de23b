import { messageOf } from "../base/index.ts";
import type { CallbackCall, Dio, FillResult } from "../dio/index.ts";
import { seedFromMaster } from "../lens/index.ts";
import type { SourceIdentity } from "./cache-folders.ts";
import type { Frame } from "./frame.ts";
import { safeText } from "./safe-text.ts";

/** What a command wants of the copy before it reads. */
export type WantedCopy =
  /** As it is: the source is asked nothing. */
  | "as-it-is"
  /** Where it is complete, as fresh as `--fresh-for` and the source's version say; else reads bring what they need. */
  | "fresh"
  /** Where it is complete, read again now. */
  | "refreshed"
  /** Complete and fresh, whatever it takes. */
  | "whole"
  /** `fresh`, but `whole` where the source can't be asked for one row. */
  | "for-one-row";

/** How old a copy may be whose source can't say whether it has changed, unless told otherwise. */
export const USUAL_FRESH_FOR_MS: number = 5 * 60_000;

/** Brings a copy to where a command wants it. */
export class CopyFreshness {
  readonly #frame: Frame;
  readonly #identity: SourceIdentity;
  readonly #freshForMs: number | undefined;
  readonly #wanted: WantedCopy;

  constructor(frame: Frame, identity: SourceIdentity, freshForMs: number | undefined, wanted: WantedCopy) {
    this.#frame = frame;
    this.#identity = identity;
    this.#wanted = wanted;
    // A file always tells whether it has changed.
    this.#freshForMs =
      freshForMs ?? (identity.kind === "csv" ? Number.POSITIVE_INFINITY : USUAL_FRESH_FOR_MS);
  }

  /** The Dio's onStart. */
  async fill(dio: Dio, call: CallbackCall): Promise<FillResult> {
    if (this.#wanted !== "whole" || dio.cache.complete) return undefined;
    return seedFromMaster(dio, {
      ...call,
      onProgress: ({ rows }) =>
        this.#frame.progress(`reading ${this.#identity.location}: ${rows.toLocaleString("en")} rows`),
    });
  }

  /** Reads a copy again that is too old. Where that fails, the old one is served, and it is said. */
  async renew(dio: Dio): Promise<void> {
    if (this.#wanted === "as-it-is") return;
    // Of single rows nobody knows how old they are: those that are there were asked for in another command.
    if (!dio.cache.complete) return dio.cache.clear();
    if (this.#wanted === "refreshed") return dio.refresh();
    const running = refreshOf(dio);
    try {
      if (!(await this.#isOutdated(dio))) return;
      this.#frame.progress(`reading ${this.#identity.location}`);
      // The Dio looks at the version too when it opens, and may be at it.
      await (dio.diagnostics().reads.refreshing ? running.ended : dio.refresh());
    } catch (error) {
      const { seededAt } = dio.diagnostics().freshness;
      const copy = seededAt === undefined ? "an old copy" : `the copy of ${new Date(seededAt).toISOString()}`;
      const why = safeText(messageOf(error));
      this.#frame.note(`the source can't be read, so ${copy} is served: ${why}`);
    } finally {
      running.leave();
    }
  }

  async #isOutdated(dio: Dio): Promise<boolean> {
    const { seededAt, version, stale } = dio.diagnostics().freshness;
    if (stale || seededAt === undefined) return true;
    const ageMs = Math.abs(this.#frame.clock.now() - seededAt);
    if (this.#freshForMs !== undefined && ageMs > this.#freshForMs) return true;
    const current = await dio.master.version({ signal: this.#frame.signal });
    return current === undefined ? ageMs > (this.#freshForMs ?? USUAL_FRESH_FOR_MS) : current !== version;
  }
}

/** The end of a refresh that somebody else began: it rejects where that failed. */
function refreshOf(dio: Dio): { readonly ended: Promise<void>; leave(): void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leaves = [
    dio.on("invalidated", () => resolve()),
    dio.on("refreshFailed", ({ error }) => reject(error)),
  ];
  // It may fail before anybody waits.
  promise.catch(() => undefined);
  return { ended: promise, leave: () => leaves.forEach((leave) => leave()) };
}
