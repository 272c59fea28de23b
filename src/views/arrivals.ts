import type { Row } from "../record/index.ts";
import type { RowChange } from "./row-change.ts";
import type { RowSet } from "./row-set.ts";

/** What an entry of the map takes, besides the id that the rows have anyway. */
const ENTRY_BYTES = 40;

/**
 * The row set's own order as numbers: a row keeps the one that it came with, one that is deleted and comes again gets
 * a new one. Only there while a view without an order is.
 */
export class Arrivals {
  readonly #numbers = new Map<string, number>();
  #last = 0;

  constructor(rows: RowSet) {
    for (const [id] of rows.entries()) this.#numbers.set(id, (this.#last += 1));
  }

  get sizeBytes(): number {
    return this.#numbers.size * ENTRY_BYTES;
  }

  numberOf(id: string): number | undefined {
    return this.#numbers.get(id);
  }

  /** Before views hear of these changes: rows that come have a number then. */
  admit(changes: readonly RowChange[]): void {
    for (const { id, before, after } of changes)
      if (before === undefined && after !== undefined) this.#numbers.set(id, (this.#last += 1));
  }

  /** After they have: until then the rows that leave are found by theirs. */
  dismiss(changes: readonly RowChange[]): void {
    for (const { id, after } of changes) if (after === undefined) this.#numbers.delete(id);
  }

  /** The sort key of an id, as a row for an index of one number column. */
  keyOf(id: string): Row {
    return { [arrivalColumn]: this.#numbers.get(id) ?? null };
  }
}

/** The one column of `keyOf`. */
export const arrivalColumn = "arrival";
