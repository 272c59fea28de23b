import { assert, must } from "../base/index.ts";
import type { KeyList } from "./order-block.ts";
import { MAX_SLACK, SLACK } from "./order-column.ts";

/** A leaf's keys, with free places at the end. */
export type ListPart<Key> = (Key | undefined)[];

/** A leaf's keys in a shorter form, made a list of when they are first looked at. */
export interface FoldedPart<Key> {
  readonly sizeBytes: number;
  unfold(): ListPart<Key>;
}

/** What a list takes besides its content. */
const LIST_BYTES = 48;

/** Keys in plain lists, and all of an `OrderColumn` that does not depend on what they are. */
export abstract class ListColumn<Key> {
  readonly #parts: (ListPart<Key> | FoldedPart<Key>)[] = [];
  readonly #lasts: Key[] = [];
  #sought: Key;
  #compare: (a: Key, b: Key) => number;

  constructor(blank: Key, compare: (a: Key, b: Key) => number) {
    this.#sought = blank;
    this.#compare = compare;
  }

  /** The key at a place of a list that a column of this kind is filled from. */
  protected abstract keyAt(keys: KeyList, at: number): Key;

  protected seekKey(key: Key): void {
    this.#sought = key;
  }

  /** Another comparison, by which the keys that are there stand in order too. */
  protected compareBy(compare: (a: Key, b: Key) => number): void {
    this.#compare = compare;
  }

  get sizeBytes(): number {
    let bytes = this.#lasts.length * 8;
    for (const part of this.#parts) bytes += isList(part) ? part.length * 8 + LIST_BYTES : part.sizeBytes;
    return bytes;
  }

  lowerLeaf(low: number, high: number): number {
    return this.#lowerIn(this.#lasts, low, high);
  }

  upperLeaf(low: number, high: number): number {
    return this.#upperIn(this.#lasts, low, high);
  }

  lower(leaf: number, low: number, high: number): number {
    return this.#lowerIn(this.part(leaf), low, high);
  }

  upper(leaf: number, low: number, high: number): number {
    return this.#upperIn(this.part(leaf), low, high);
  }

  insert(leaf: number, at: number, size: number): void {
    let part = this.part(leaf);
    if (size === part.length) part = this.#resize(leaf, size);
    // A loop over this many is faster than `splice`, and far faster than `copyWithin` of a plain list.
    for (let place = size; place > at; place--) part[place] = part[place - 1];
    part[at] = this.#sought;
    if (at === size) this.#lasts[leaf] = this.#sought;
  }

  remove(leaf: number, at: number, size: number): void {
    let part = this.part(leaf);
    const end = size - 1;
    for (let place = at; place < end; place++) part[place] = part[place + 1];
    part[end] = undefined;
    if (part.length - size >= MAX_SLACK) part = this.#resize(leaf, end);
    if (at === end) this.#lasts[leaf] = keyIn(part, end - 1);
  }

  insertLeaf(leaf: number): void {
    this.#insertPart(leaf, withSlack([this.#sought], 0, 1), this.#sought);
  }

  removeLeaf(leaf: number): void {
    this.#parts.splice(leaf, 1);
    this.#lasts.splice(leaf, 1);
  }

  split(leaf: number, at: number, size: number): void {
    const part = this.part(leaf);
    this.#insertPart(leaf + 1, withSlack(part, at, size), keyIn(part, size - 1));
    this.#lasts[leaf] = keyIn(part, at - 1);
    this.#resize(leaf, at);
  }

  join(leaf: number, size: number, nextSize: number): void {
    const part = this.part(leaf);
    const next = this.part(leaf + 1);
    const joined = blankPart<Key>(size + nextSize);
    for (let at = 0; at < size; at++) joined[at] = part[at];
    for (let at = 0; at < nextSize; at++) joined[size + at] = next[at];
    this.#parts[leaf] = joined;
    this.#lasts[leaf] = keyIn(next, nextSize - 1);
    this.removeLeaf(leaf + 1);
  }

  push(keys: KeyList, start: number, end: number): void {
    const part = blankPart<Key>(end - start);
    for (let at = start; at < end; at++) part[at - start] = this.keyAt(keys, at);
    this.#insertPart(this.#parts.length, part, this.keyAt(keys, end - 1));
  }

  pushPicked(keys: KeyList, places: Uint32Array, start: number, end: number): void {
    const part = blankPart<Key>(end - start);
    for (let at = start; at < end; at++) part[at - start] = this.keyAt(keys, places[at] ?? 0);
    this.#insertPart(this.#parts.length, part, keyIn(part, end - start - 1));
  }

  /** Takes over the leaves of a column of the same kind, behind its own. */
  protected adoptParts(other: ListColumn<Key>): void {
    for (const part of other.#parts) this.#parts.push(part);
    for (const last of other.#lasts) this.#lasts.push(last);
  }

  /** A new leaf at the end, of which only the last key is looked at now. */
  protected pushFolded(part: FoldedPart<Key>, last: Key): void {
    this.#insertPart(this.#parts.length, part, last);
  }

  protected part(leaf: number): ListPart<Key> {
    const part = must(this.#parts[leaf], "a leaf of the column");
    return isList(part) ? part : (this.#parts[leaf] = part.unfold());
  }

  #lowerIn(keys: ListPart<Key>, start: number, end: number): number {
    const sought = this.#sought;
    const compare = this.#compare;
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(keyIn(keys, middle), sought) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Most runs are of none or one. */
  #upperIn(keys: ListPart<Key>, start: number, end: number): number {
    const sought = this.#sought;
    const compare = this.#compare;
    if (start === end || compare(keyIn(keys, start), sought) !== 0) return start;
    let low = start + 1;
    if (low === end || compare(keyIn(keys, low), sought) !== 0) return low;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(keyIn(keys, middle), sought) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #resize(leaf: number, size: number): ListPart<Key> {
    const part = withSlack(this.part(leaf), 0, size);
    this.#parts[leaf] = part;
    return part;
  }

  #insertPart(leaf: number, part: ListPart<Key> | FoldedPart<Key>, last: Key): void {
    if (leaf === this.#parts.length) {
      this.#parts.push(part);
      this.#lasts.push(last);
    } else {
      this.#parts.splice(leaf, 0, part);
      this.#lasts.splice(leaf, 0, last);
    }
  }
}

function isList<Key>(part: ListPart<Key> | FoldedPart<Key>): part is ListPart<Key> {
  return Array.isArray(part);
}

/** The keys `[start, end)` of a part in a part of its own, with free places. */
function withSlack<Key>(keys: ListPart<Key>, start: number, end: number): ListPart<Key> {
  const part = blankPart<Key>(end - start);
  for (let at = start; at < end; at++) part[at - start] = keys[at];
  return part;
}

/** Room for so many keys, and free places: just as much, where growing by itself would take half as much again. */
function blankPart<Key>(size: number): ListPart<Key> {
  const part: ListPart<Key> = [];
  part.length = size + SLACK;
  return part;
}

function keyIn<Key>(keys: ListPart<Key>, at: number): Key {
  const key = keys[at];
  assert(key !== undefined, "a key of the leaf");
  return key;
}
