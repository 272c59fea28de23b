import type { RowChange } from "./row-change.ts";

/** What an entry of the map takes, besides the id that the rows have anyway. */
const ENTRY_BYTES = 40;
/** The same of an id of the start. */
const START_BYTES = 8;
/** Of one step: a few milliseconds. */
const STEP_IDS = 10_000;

/**
 * The row set's own order as numbers: a row keeps the one that it came with, one that is deleted and comes again gets
 * a new one. Only there while a view without an order is.
 */
export class Arrivals {
  readonly #numbers = new Map<string, number>();
  /** The ids of the start, each at its number. */
  readonly #start: readonly string[];
  /** How many of them have been put into the map. */
  #noted = 0;
  /** Those of the start that have left since, whether they came again or not. */
  readonly #left = new Set<string>();
  #last: number;

  /** All ids in the row set's own order. */
  constructor(ids: readonly string[]) {
    this.#start = ids;
    this.#last = ids.length - 1;
  }

  get sizeBytes(): number {
    return this.#numbers.size * ENTRY_BYTES + this.#start.length * START_BYTES;
  }

  /** Whether an id's number can be looked up without work on all of them. */
  get isNoted(): boolean {
    return this.#noted === this.#start.length;
  }

  /** Of an id that is there. */
  numberOf(id: string): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    while (this.step());
    return this.#numbers.get(id) ?? -1;
  }

  /** As `numberOf`, to be asked for every id in the row set's own order: no id of the start is looked up for it. */
  inOrder(): (id: string) => number {
    const start = this.#start;
    let next = 0;
    return (id) => {
      while (start[next] !== id) {
        const passed = start[next];
        // Behind all that is left of the start, or moved by whoever keeps the rows.
        if (passed === undefined || !this.#left.has(passed)) return this.numberOf(id);
        next += 1;
      }
      // It has come again, and stands where it came last.
      if (this.#left.size > 0 && this.#left.has(id)) return this.numberOf(id);
      next += 1;
      return next - 1;
    };
  }

  /** Before views hear of these changes: rows that come have a number then. */
  admit(changes: readonly RowChange[]): void {
    for (const { id, before, after } of changes) {
      if (before !== undefined || after === undefined) continue;
      this.#last += 1;
      this.#numbers.set(id, this.#last);
    }
  }

  /** After they have: until then the rows that leave are found by theirs. */
  dismiss(changes: readonly RowChange[]): void {
    for (const { id, after } of changes) {
      if (after !== undefined) continue;
      const number = this.#numbers.get(id);
      if (number === undefined || number < this.#start.length) this.#left.add(id);
      this.#numbers.delete(id);
    }
  }

  /** Takes in some more of the ids of the start; false where all are. */
  step(): boolean {
    const start = this.#start;
    const end = Math.min(start.length, this.#noted + STEP_IDS);
    for (let number = this.#noted; number < end; number++) {
      const id = start[number] ?? "";
      if (this.#left.size === 0 || !this.#left.has(id)) this.#numbers.set(id, number);
    }
    this.#noted = end;
    return end < start.length;
  }
}
