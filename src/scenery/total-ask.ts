import { abortable, messageOf } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { SceneryHost } from "./scenery-host.ts";

/** So often it is asked how many rows there are, until there is an answer. */
const MAX_TRIES = 4;

/** Asks a host once how many rows a table has; where that failed, again with what is asked later. */
export class TotalAsk {
  readonly #host: SceneryHost;
  readonly #query: Query;
  readonly #signal: AbortSignal;
  readonly #onEnd: (total: number | undefined) => void;
  #tries = 0;
  #isUnderWay = false;
  #isTried = false;
  #isAnswered = false;

  /** `onEnd` is called after each try: `undefined`, nobody can say or it has failed. */
  constructor(
    host: SceneryHost,
    query: Query,
    signal: AbortSignal,
    onEnd: (total: number | undefined) => void,
  ) {
    this.#host = host;
    this.#query = query;
    this.#signal = signal;
    this.#onEnd = onEnd;
  }

  /** Whether the first try has ended. */
  get isTried(): boolean {
    return this.#isTried;
  }

  /** Does nothing where there is an answer, where one is on its way, or where it has failed too often. */
  ask(): void {
    if (this.#isUnderWay || this.#isAnswered || this.#tries >= MAX_TRIES) return;
    void this.#try();
  }

  async #try(): Promise<void> {
    this.#isUnderWay = true;
    this.#tries += 1;
    let total: number | undefined;
    try {
      const asked = this.#host.total(this.#query, this.#signal);
      total = this.#checked(await abortable(asked, this.#signal));
      this.#isAnswered = true;
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#host.logger.info("the number of rows is not known", { reason: messageOf(error) });
    }
    this.#isUnderWay = false;
    this.#isTried = true;
    this.#onEnd(total);
  }

  #checked(total: number | undefined): number | undefined {
    if (total === undefined || (Number.isSafeInteger(total) && total >= 0)) return total;
    this.#host.logger.error("a number of rows is not a whole number from 0", {
      vista: this.#host.name,
      total,
    });
    return undefined;
  }
}
