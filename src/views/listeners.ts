import type { ViewListener } from "./view-contract.ts";

interface Entry<Effect> {
  readonly listener: ViewListener<Effect>;
  readonly number: number;
}

/** Those who want to be told; one may come or go while others are being told. */
export class Listeners<Effect> {
  readonly #entries = new Set<Entry<Effect>>();
  #lastNumber = 0;

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** The same function twice is told twice. What is returned takes this one off again. */
  add(listener: ViewListener<Effect>): () => void {
    this.#lastNumber += 1;
    const entry = { listener, number: this.#lastNumber };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Whoever comes while this runs is not told, whoever leaves neither; one that throws keeps it from nobody. */
  tell(effect: Effect, onError: (error: unknown) => void): void {
    const last = this.#lastNumber;
    for (const { listener, number } of this.#entries) {
      if (number > last) return;
      try {
        listener(effect);
      } catch (error) {
        onError(error);
      }
    }
  }
}
