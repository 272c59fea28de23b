import type { Row } from "../record/index.ts";
import type { KeyForm, KeyList } from "./order-block.ts";

/** A leaf never holds more entries. */
export const MAX_LEAF = 512;
/** What a leaf is given where many are made at once. */
export const FULL_LEAF = 240;
/** A leaf with fewer joins a neighbour, where the two together have at most `FULL_LEAF`. */
export const MIN_LEAF = 112;
/** Free places that a leaf's lists are given when they are made or have run out of them. */
export const SLACK = 16;
/** With more free places than this, a leaf's lists are made anew. */
export const MAX_SLACK = 64;
/** What a typed array takes besides its content, with its buffer. */
export const ARRAY_BYTES = 300;

/**
 * The keys of one term of an order, or its ids, cut into leaves; the columns of an index have the same leaves and
 * sizes, which the caller knows. Each keeps the last key of every leaf apart, so that finding a leaf touches none. One
 * key at a time is sought: `seek` says which, and the calls behind it mean that one.
 */
export interface OrderColumn {
  readonly form: KeyForm;
  readonly sizeBytes: number;
  /** False where this form can't hold the key: the column has to be converted first. */
  seek(id: string, row: Row): boolean;
  /** As `seek`, and whether it gives the same key for both rows. */
  isSame(a: Row, b: Row): boolean;

  /** The first of the leaves `[low, high)` whose last key doesn't come before the sought one; else `high`. */
  lowerLeaf(low: number, high: number): number;
  /** The end of the run of leaves from `low` on whose last key is the sought one. */
  upperLeaf(low: number, high: number): number;
  /** The same of the keys `[low, high)` in a leaf. */
  lower(leaf: number, low: number, high: number): number;
  upper(leaf: number, low: number, high: number): number;

  /** Puts the sought key into a leaf of `size` entries. */
  insert(leaf: number, at: number, size: number): void;
  /** Takes a key out of a leaf of `size` entries, more than one. */
  remove(leaf: number, at: number, size: number): void;
  /** Makes a leaf of the sought key alone; it will be number `leaf`. */
  insertLeaf(leaf: number): void;
  removeLeaf(leaf: number): void;
  /** Moves the keys `[at, size)` of a leaf to a new one behind it. */
  split(leaf: number, at: number, size: number): void;
  /** Moves the keys of the leaf behind this one to its end. */
  join(leaf: number, size: number, nextSize: number): void;

  /** A new leaf at the end, of the keys `[start, end)` of a list in this column's form. */
  push(keys: KeyList, start: number, end: number): void;
  /** The same of the keys at places that stand in `[start, end)` of `places`. */
  pushPicked(keys: KeyList, places: Uint32Array, start: number, end: number): void;
  /** The keys of a leaf. */
  keysOf(leaf: number, size: number): KeyList;
}
