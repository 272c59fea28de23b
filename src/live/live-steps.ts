import { type DioramaError, type Logger, toSafeLogger } from "../base/index.ts";
import type { LiveStep } from "./live-step.ts";

/** What can be out of order for a while. */
export type Trouble = "get" | "put" | "invalidation" | "refresh" | "stream";

/** Tells what a LiveTable does: its steps to listeners, what needs a person to the logger. */
export class LiveSteps {
  readonly #listeners = new Set<(step: LiveStep) => unknown>();
  readonly #troubles = new Set<Trouble>();
  readonly #logger: Logger;
  readonly #name: string;

  constructor(name: string, logger: Logger) {
    this.#name = name;
    this.#logger = toSafeLogger(logger);
  }

  /** Whether anybody listens: else steps need not be made. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  listen(listener: (step: LiveStep) => void): () => void {
    // A function of its own, so that the same listener may come twice.
    const own = (step: LiveStep): unknown => listener(step);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(step: LiveStep): void {
    for (const listener of Array.from(this.#listeners)) {
      try {
        const result = listener(step);
        if (result instanceof Promise) result.catch(this.#onThrown);
      } catch (error) {
        this.#onThrown(error);
      }
    }
  }

  /** Into the log once, until what is out of order works again. */
  log(trouble: Trouble, error: DioramaError): void {
    if (this.#troubles.has(trouble)) return;
    this.#troubles.add(trouble);
    this.#logger.error(error.message, { code: error.code });
  }

  works(trouble: Trouble): void {
    this.#troubles.delete(trouble);
  }

  /** It is the listener's own, and nobody else's work ends for it. */
  readonly #onThrown = (error: unknown): void => {
    this.#logger.error(`${this.#name}: a listener of its steps threw`, { error });
  };
}
