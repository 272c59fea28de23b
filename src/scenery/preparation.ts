import { type DioramaError, isDioramaError } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { isWorthRetrying, LoadAttempts } from "./load-attempts.ts";
import type { HostNotice, SceneryHost } from "./scenery-host.ts";

/**
 * `loading`: every row of the query is on its way for the first time; `ready`: all are there; `again`: they were
 * there and are on their way again; `error`: the last attempt failed.
 */
export type Readiness =
  | { readonly kind: "loading" | "ready" | "again" }
  | { readonly kind: "error"; readonly error: DioramaError };

const LOADING: Readiness = Object.freeze({ kind: "loading" });
const READY: Readiness = Object.freeze({ kind: "ready" });
const AGAIN: Readiness = Object.freeze({ kind: "again" });

/** For whom rows are prepared. */
export interface PreparationHooks {
  /** The readiness is another one, maybe in the middle of a publication. */
  onChange(): void;
  /** Whether what is missing is still to be brought, once a seed that is running has ended. */
  isWanted?(): boolean;
}

/** Has the host hold every row of a query, and keeps it so: again where it failed or was forgotten. */
export class Preparation {
  readonly #host: SceneryHost;
  readonly #query: Query;
  readonly #hooks: PreparationHooks;
  readonly #attempts: LoadAttempts;
  readonly #stopNotices: () => void;
  #readiness: Readiness = LOADING;

  constructor(host: SceneryHost, query: Query, hooks: PreparationHooks) {
    this.#host = host;
    this.#query = query;
    this.#hooks = hooks;
    this.#attempts = new LoadAttempts(host, {
      doing: "preparing the rows of a Scenery",
      load: (signal) => this.#load(signal),
      onEnd: (failure) => this.#onEnd(failure),
    });
    if (host.isPrepared(query)) this.#readiness = READY;
    this.#stopNotices = host.onNotice((notice) => this.#onNotice(notice));
  }

  get readiness(): Readiness {
    return this.#readiness;
  }

  /**
   * As a read of the rows does: has those brought that are not there, and those renewed that are too old, even where
   * all are there. Resolves when that has ended well or badly; rejects only `invalid` and `closed`.
   */
  async tried(): Promise<void> {
    await this.#attempts.run();
    const now = this.readiness;
    if (now.kind === "error" && isDioramaError(now.error, "invalid")) throw now.error;
  }

  close(): void {
    this.#stopNotices();
    this.#attempts.close();
  }

  async #load(signal: AbortSignal): Promise<void> {
    if (this.#hooks.isWanted !== undefined) {
      await this.#host.whenSeeded(signal);
      if (!this.#isWanted) return;
    }
    await this.#host.prepare(this.#query, signal);
  }

  get #isWanted(): boolean {
    return this.#hooks.isWanted?.() ?? true;
  }

  #onEnd(failure: DioramaError | undefined): boolean {
    // Somebody else may have brought them meanwhile.
    if (this.#host.isPrepared(this.#query)) {
      this.#become(READY);
      return false;
    }
    this.#become(failure === undefined ? AGAIN : { kind: "error", error: failure });
    return this.#isWanted && (failure === undefined || isWorthRetrying(failure));
  }

  #onNotice(notice: HostNotice): void {
    if (notice === "refreshed" && this.#readiness.kind !== "ready") this.#attempts.start();
    if (notice !== "completeness") return;
    if (this.#host.isPrepared(this.#query)) {
      this.#become(READY);
    } else if (this.#readiness.kind === "ready") {
      this.#become(AGAIN);
      this.#attempts.start();
    }
  }

  #become(readiness: Readiness): void {
    if (readiness.kind === "ready") this.#attempts.succeed();
    if (readiness === this.#readiness) return;
    this.#readiness = readiness;
    this.#hooks.onChange();
  }
}
