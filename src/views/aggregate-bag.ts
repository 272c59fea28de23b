import { assert } from "../base/index.ts";
import { valueKey } from "../query/index.ts";
import { compareStrings, compareValues, type Value } from "../record/index.ts";

const MOST_IN_A_LEAF = 128;
/** Of a leaf that is made in bulk: room for some more before it has to be split. */
const BULK_IN_A_LEAF = 96;
/** A leaf of fewer is joined with its neighbour where both fit into one made in bulk. */
const FEW_IN_A_LEAF = 32;

/** Different cells in ascending order, and how often each is there. */
interface Leaf {
  readonly cells: Value[];
  readonly counts: number[];
}

/**
 * Values with their number, in the total order: the first and the last are at hand, and adding or removing one
 * costs O(log n) and the shifting of one short array. What was added before the first look is only gathered,
 * and sorted then in one go. Holds nothing of what was removed.
 */
export class ValueBag {
  readonly #leaves: Leaf[] = [];
  /** The last cell of each leaf, apart, so that looking one up touches little memory. */
  readonly #lasts: Value[] = [];
  #gathered: Value[] | undefined = [];

  add(cell: Value): void {
    if (this.#gathered === undefined) this.#insert(cell, 1);
    else this.#gathered.push(cell);
  }

  /** The cell was added before. */
  remove(cell: Value): void {
    this.#arrange();
    const place = this.#placeOf(cell);
    const leaf = this.#leaves[place];
    assert(leaf !== undefined, "a cell is removed that was never added");
    const at = lowerBound(leaf.cells, cell);
    const count = leaf.counts[at] ?? 0;
    if (count > 1) {
      leaf.counts[at] = count - 1;
      return;
    }
    leaf.cells.splice(at, 1);
    leaf.counts.splice(at, 1);
    this.#settle(place, leaf);
  }

  /** The least, `undefined` where there is none. */
  get first(): Value | undefined {
    this.#arrange();
    return this.#leaves[0]?.cells[0];
  }

  /** The greatest. */
  get last(): Value | undefined {
    this.#arrange();
    return this.#lasts.at(-1);
  }

  /** For what measures it: of cells that have been looked at. */
  get leafCount(): number {
    return this.#leaves.length;
  }

  #insert(cell: Value, count: number): void {
    const place = Math.min(this.#placeOf(cell), this.#leaves.length - 1);
    const leaf = this.#leaves[place];
    if (leaf === undefined) {
      this.#leaves.push({ cells: [cell], counts: [count] });
      this.#lasts.push(cell);
      return;
    }
    const at = lowerBound(leaf.cells, cell);
    const known = leaf.cells[at];
    if (known !== undefined && compareExactly(known, cell) === 0) {
      leaf.counts[at] = (leaf.counts[at] ?? 0) + count;
      return;
    }
    leaf.cells.splice(at, 0, cell);
    leaf.counts.splice(at, 0, count);
    if (leaf.cells.length > MOST_IN_A_LEAF) this.#split(place, leaf);
    else if (at === leaf.cells.length - 1) this.#lasts[place] = cell;
  }

  #split(place: number, leaf: Leaf): void {
    const half = leaf.cells.length >> 1;
    const upper = { cells: leaf.cells.splice(half), counts: leaf.counts.splice(half) };
    this.#leaves.splice(place + 1, 0, upper);
    this.#lasts.splice(place, 1, ...leaf.cells.slice(-1), ...upper.cells.slice(-1));
  }

  /** After a removal: an empty leaf goes, a small one joins the next. */
  #settle(place: number, leaf: Leaf): void {
    const { length } = leaf.cells;
    const next = this.#leaves[place + 1];
    if (next !== undefined && length < FEW_IN_A_LEAF && length + next.cells.length <= BULK_IN_A_LEAF) {
      next.cells.unshift(...leaf.cells);
      next.counts.unshift(...leaf.counts);
    } else if (length > 0) {
      this.#lasts[place] = leaf.cells[length - 1] ?? null;
      return;
    }
    this.#leaves.splice(place, 1);
    this.#lasts.splice(place, 1);
  }

  /** The first leaf whose last cell is not before this one; behind all where there is none. */
  #placeOf(cell: Value): number {
    return lowerBound(this.#lasts, cell);
  }

  #arrange(): void {
    if (this.#gathered === undefined) return;
    const cells = sorted(this.#gathered);
    this.#gathered = undefined;
    let leaf: Leaf | undefined;
    for (const cell of cells) {
      if (leaf !== undefined && compareExactly(leaf.cells[leaf.cells.length - 1] ?? null, cell) === 0) {
        leaf.counts[leaf.counts.length - 1] = (leaf.counts[leaf.counts.length - 1] ?? 0) + 1;
        continue;
      }
      if (leaf === undefined || leaf.cells.length >= BULK_IN_A_LEAF) {
        leaf = { cells: [], counts: [] };
        this.#leaves.push(leaf);
      }
      leaf.cells.push(cell);
      leaf.counts.push(1);
    }
    for (const { cells } of this.#leaves) this.#lasts.push(cells[cells.length - 1] ?? null);
  }
}

/** The first place whose cell is not before this one. */
function lowerBound(cells: readonly Value[], cell: Value): number {
  return typeof cell === "number" && cell !== 0 && !Number.isNaN(cell)
    ? lowerBoundOfNumber(cells, cell)
    : lowerBoundOfAny(cells, cell);
}

/** Numbers among numbers need no more than the language's own comparison. */
function lowerBoundOfNumber(cells: readonly Value[], number: number): number {
  let low = 0;
  let high = cells.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = cells[middle] ?? null;
    const isBefore =
      typeof other === "number" ? other < number || Number.isNaN(other) : compareExactly(other, number) < 0;
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lowerBoundOfAny(cells: readonly Value[], cell: Value): number {
  let low = 0;
  let high = cells.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareExactly(cells[middle] ?? null, cell) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The total order; where it has different cells at one place (5 and 5n, 0 and -0), by their exact text. */
function compareExactly(a: Value, b: Value): number {
  const difference = compareValues(a, b);
  if (difference !== 0 || typeof a === "string" || typeof a === "boolean") return difference;
  if (typeof a === "number" && typeof b === "number" && a !== 0) return 0;
  return compareStrings(valueKey(a), valueKey(b));
}

/** Numbers alone, -0 apart, are sorted as numbers, which is ten times faster. */
function sorted(cells: Value[]): Value[] {
  const numbers = new Float64Array(cells.length);
  for (let at = 0; at < cells.length; at++) {
    const cell = cells[at];
    if (typeof cell !== "number" || Number.isNaN(cell)) return cells.sort(compareExactly);
    numbers[at] = cell;
  }
  return Array.from(numbers.sort());
}
