import { DioramaError } from "../base/index.ts";

/** Writes that wait at most: one more is `full`. */
const MAX_WAITING = 100_000;

interface Turn {
  readonly run: () => Promise<void>;
  readonly drop: (reason: unknown) => void;
}

/** Writes one at a time, in the order of their calls; each caller gets the outcome of its own. */
export class WriteTurns {
  /** A Set keeps the order, and one that is taken out costs no search. */
  readonly #waiting = new Set<Turn>();
  readonly #name: string;
  #working: Promise<void> | undefined;
  #closing: DioramaError | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Rejects with the signal's reason where that fires before the turn has come; after that it is the work's own. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#closing !== undefined) throw this.#closing;
    signal?.throwIfAborted();
    if (this.#waiting.size >= MAX_WAITING) {
      throw new DioramaError("full", `${this.#name}: ${MAX_WAITING} writes wait already; try again later`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const onAbort = (): void => {
      if (this.#waiting.delete(turn)) reject(signal?.reason);
    };
    const turn: Turn = {
      run: async () => {
        signal?.removeEventListener("abort", onAbort);
        await work().then(resolve, reject);
      },
      drop: (reason) => {
        signal?.removeEventListener("abort", onAbort);
        reject(reason);
      },
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.add(turn);
    this.#working ??= this.#work();
    return promise;
  }

  /** What has not begun rejects with the error; resolves when what has begun is done. */
  async close(reason: DioramaError): Promise<void> {
    this.#closing = reason;
    for (const turn of this.#waiting) turn.drop(reason);
    this.#waiting.clear();
    await this.#working;
  }

  async #work(): Promise<void> {
    for (const turn of this.#waiting) {
      this.#waiting.delete(turn);
      await turn.run();
    }
    this.#working = undefined;
  }
}
