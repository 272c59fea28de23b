import { assert } from "./assert.ts";

/** The last `capacity` items pushed, each under a number that counts up from 1 without a gap. */
export class Ring<T> {
  readonly #slots: T[] = [];
  readonly #capacity: number;
  #last = 0;

  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity > 0, "a ring holds at least one item");
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
    // From slot 0 on, so that the list grows without holes.
    this.#slots[this.#last % this.#capacity] = item;
    this.#last += 1;
  }

  /** The item of that number, which must still be kept. */
  at(number: number): T {
    assert(number >= this.oldest && number <= this.#last, "the ring still holds the item");
    // The number is one that was pushed: the slot holds its item, which may be anything.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#slots[(number - 1) % this.#capacity] as T;
  }
}
