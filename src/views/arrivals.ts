import type { RowChange } from "./row-change.ts";

/** What an entry of the map takes, besides the id that the rows have anyway. */
const ENTRY_BYTES = 40;
/** Of one step: a few milliseconds. */
const STEP_IDS = 10_000;

/**
 * The row set's own order as numbers: a row keeps the one that it came with, one that is deleted and comes again gets
 * a new one. Only there while a view without an order is.
 */
export class Arrivals {
  readonly #numbers = new Map<string, number>();
  /** The ids of the start, by number, as long as not all of them are in the map. */
  #ids: readonly string[] | undefined;
  #next = 0;
  /** What came or went before that: the start says nothing of it any more. */
  readonly #changed = new Set<string>();
  #last: number;

  /** All ids in the row set's own order. */
  constructor(ids: readonly string[]) {
    this.#ids = ids;
    this.#last = ids.length - 1;
  }

  get sizeBytes(): number {
    return this.#numbers.size * ENTRY_BYTES;
  }

  /** Of an id that is there. */
  numberOf(id: string): number {
    while (this.step());
    return this.#numbers.get(id) ?? -1;
  }

  /** Before views hear of these changes: rows that come have a number then. */
  admit(changes: readonly RowChange[]): void {
    for (const { id, before, after } of changes) {
      if (before !== undefined || after === undefined) continue;
      this.#last += 1;
      this.#numbers.set(id, this.#last);
      if (this.#ids !== undefined) this.#changed.add(id);
    }
  }

  /** After they have: until then the rows that leave are found by theirs. */
  dismiss(changes: readonly RowChange[]): void {
    for (const { id, after } of changes) {
      if (after !== undefined) continue;
      this.#numbers.delete(id);
      if (this.#ids !== undefined) this.#changed.add(id);
    }
  }

  /** Takes in some more of the ids of the start; false where all are. */
  step(): boolean {
    const ids = this.#ids;
    if (ids === undefined) return false;
    const end = Math.min(ids.length, this.#next + STEP_IDS);
    for (let number = this.#next; number < end; number++) {
      const id = ids[number] ?? "";
      if (!this.#changed.has(id)) this.#numbers.set(id, number);
    }
    this.#next = end;
    if (end < ids.length) return true;
    this.#ids = undefined;
    this.#changed.clear();
    return false;
  }
}
