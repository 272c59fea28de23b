import { type Logger, messageOf } from "../base/index.ts";
import type { DioState } from "./dio-state.ts";

/** Rows that are asked for at once; more than any screen shows. What is beyond comes by itself. */
const MAX_WANTED = 1_000;

/** Rows that somebody looked for in memory while those of an earlier session were still on their way: they come first. */
export class WantedRows {
  readonly #state: DioState;
  readonly #logger: Logger;
  #ids = new Set<string>();
  #isBringing = false;

  constructor(state: DioState, logger: Logger) {
    this.#state = state;
    this.#logger = logger;
  }

  /** The row is brought in, if it is stored, and told as one that shows another status. */
  add(id: string): void {
    const { store } = this.#state;
    if (store.isLoaded || store.knows(id) || this.#ids.size >= MAX_WANTED) return;
    this.#ids.add(id);
    if (this.#isBringing) return;
    this.#isBringing = true;
    // What is looked for in the same stretch is one request.
    queueMicrotask(() => void this.#bring());
  }

  async #bring(): Promise<void> {
    const { store } = this.#state;
    try {
      while (this.#ids.size > 0) {
        const ids = [...this.#ids];
        this.#ids = new Set();
        await store.ensure(ids);
        for (const id of ids) if (store.get(id) !== undefined) this.#state.touch(id);
      }
    } catch (error) {
      this.#logger.error("rows that were looked for come later", { reason: messageOf(error) });
    } finally {
      this.#isBringing = false;
    }
  }
}
