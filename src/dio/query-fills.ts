import { type Clock, SingleFlight } from "../base/index.ts";
import type { Query } from "../query/index.ts";

/** Queries remembered at most; the one that was filled first is forgotten first, and filled again when asked for. */
const MAX_FILLS = 10_000;

/** Which queries onQuery has filled, and when: each once until forgotten, one flight for each key. */
export class QueryFills {
  readonly #filledAt = new Map<string, number>();
  readonly #flights = new SingleFlight<string, void>();
  readonly #run: (query: Query) => Promise<void>;
  readonly #clock: Clock;
  /** Goes up when everything is forgotten, so that a fill begun before it does not count after it. */
  #epoch = 0;

  constructor(run: (query: Query) => Promise<void>, clock: Clock) {
    this.#run = run;
    this.#clock = clock;
  }

  get underWay(): number {
    return this.#flights.size;
  }

  /** Milliseconds since 1970; `undefined`: not filled. */
  filledAt(key: string): number | undefined {
    return this.#filledAt.get(key);
  }

  fill(key: string, query: Query): Promise<void> {
    const epoch = this.#epoch;
    // A fill begun before everything was forgotten is no answer to who asks after it.
    return this.#flights.run(`${epoch}:${key}`, async () => {
      const startedAt = this.#clock.now();
      await this.#run(query);
      if (epoch !== this.#epoch) return;
      this.#filledAt.delete(key);
      this.#filledAt.set(key, startedAt);
      const [oldest] = this.#filledAt.keys();
      if (this.#filledAt.size > MAX_FILLS && oldest !== undefined) this.#filledAt.delete(oldest);
    });
  }

  forget(): void {
    this.#epoch += 1;
    this.#filledAt.clear();
  }
}
