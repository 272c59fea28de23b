import type { Value } from "../record/index.ts";

/**
 * How the keys of one column of an order are held, the same in the whole index:
 * - `empty`, `boolean`, `number`, `date`: packed. A Float64Array whose plain comparison (`<`) is the order: false
 *   and true as 0 and 1, dates as milliseconds, bigints as numbers; negated where larger cells come first;
 *   a missing cell (absent or null) is Infinity, -Infinity where missing cells come first; a real infinity is
 *   the largest finite number of its sign. `empty`: every cell is missing so far.
 * - `text`: strings and null. `value`: any cell, null for a missing one. The cells themselves, in a list.
 */
export type KeyForm = "empty" | "boolean" | "number" | "date" | "text" | "value";

/** The forms that are packed into floats. */
export type PackedForm = Exclude<KeyForm, "text" | "value">;

/** The keys of one column: a Float64Array for a packed form, else the cells. */
export type KeyList = Float64Array | readonly Value[];

/**
 * Entries of an order that stand behind each other: `keys` has one list for each term of the order, as long as
 * `ids`. Not to be changed by anyone; valid until the index changes.
 */
export interface OrderBlock {
  readonly ids: readonly string[];
  readonly keys: readonly KeyList[];
}
