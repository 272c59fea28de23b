import { must } from "./assert.ts";

/** The last `capacity` items pushed, each under a number that counts up from 1 without a gap. */
export class Ring<T> {
  readonly #slots: (T | undefined)[] = [];
  readonly #capacity: number;
  #last = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of the newest item; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** Number of the oldest item still kept; `last + 1` while empty. */
  get oldest(): number {
    return Math.max(1, this.#last - this.#capacity + 1);
  }

  push(item: T): void {
    this.#last += 1;
    this.#slots[this.#last % this.#capacity] = item;
  }

  /** The item of that number, which must still be kept. */
  at(number: number): T {
    return must(this.#slots[number % this.#capacity], "ring item is kept");
  }
}
