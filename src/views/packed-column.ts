import { assert, must } from "../base/index.ts";
import type { Row, Value } from "../record/index.ts";
import { type KeyTerm, packedFormOf } from "./key-term.ts";
import type { KeyList, PackedForm } from "./order-block.ts";
import { ARRAY_BYTES, MAX_SLACK, type OrderColumn, SLACK } from "./order-column.ts";

/** Keys that plain comparison of floats brings into order, as `KeyForm` says. */
export class PackedColumn implements OrderColumn {
  readonly term: KeyTerm;
  #form: PackedForm;
  readonly #parts: Float64Array[] = [];
  #lasts = new Float64Array(16);
  #sought = 0;

  constructor(term: KeyTerm, form: PackedForm = "empty") {
    this.term = term;
    this.#form = form;
  }

  get form(): PackedForm {
    return this.#form;
  }

  get sizeBytes(): number {
    let bytes = this.#lasts.byteLength;
    for (const part of this.#parts) bytes += part.byteLength + ARRAY_BYTES;
    return bytes;
  }

  seek(_id: string, row: Row): boolean {
    const cell = this.term.cell(row);
    const key = this.term.pack(cell, this.#form);
    this.#sought = key;
    return key === key || this.#adopt(cell);
  }

  isSame(a: Row, b: Row): boolean {
    return this.term.pack(this.term.cell(a), this.#form) === this.term.pack(this.term.cell(b), this.#form);
  }

  lowerLeaf(low: number, high: number): number {
    return lowerBound(this.#lasts, this.#sought, low, high);
  }

  upperLeaf(low: number, high: number): number {
    return upperBound(this.#lasts, this.#sought, low, high);
  }

  lower(leaf: number, low: number, high: number): number {
    return lowerBound(this.#part(leaf), this.#sought, low, high);
  }

  upper(leaf: number, low: number, high: number): number {
    return upperBound(this.#part(leaf), this.#sought, low, high);
  }

  insert(leaf: number, at: number, size: number): void {
    let part = this.#part(leaf);
    if (size === part.length) part = this.#resize(leaf, size);
    part.copyWithin(at + 1, at, size);
    part[at] = this.#sought;
    if (at === size) this.#lasts[leaf] = this.#sought;
  }

  remove(leaf: number, at: number, size: number): void {
    let part = this.#part(leaf);
    part.copyWithin(at, at + 1, size);
    if (part.length - size >= MAX_SLACK) part = this.#resize(leaf, size - 1);
    this.#lasts[leaf] = part[size - 2] ?? 0;
  }

  insertLeaf(leaf: number): void {
    const part = new Float64Array(1 + SLACK);
    part[0] = this.#sought;
    this.#insertPart(leaf, part, this.#sought);
  }

  removeLeaf(leaf: number): void {
    this.#parts.splice(leaf, 1);
    this.#lasts.copyWithin(leaf, leaf + 1);
  }

  split(leaf: number, at: number, size: number): void {
    const part = this.#part(leaf);
    const tail = new Float64Array(size - at + SLACK);
    tail.set(part.subarray(at, size));
    this.#insertPart(leaf + 1, tail, this.#lasts[leaf] ?? 0);
    this.#lasts[leaf] = part[at - 1] ?? 0;
    this.#resize(leaf, at);
  }

  join(leaf: number, size: number, nextSize: number): void {
    const joined = new Float64Array(size + nextSize + SLACK);
    joined.set(this.#part(leaf).subarray(0, size));
    joined.set(this.#part(leaf + 1).subarray(0, nextSize), size);
    this.#parts[leaf] = joined;
    this.#lasts[leaf] = this.#lasts[leaf + 1] ?? 0;
    this.removeLeaf(leaf + 1);
  }

  push(keys: KeyList, start: number, end: number): void {
    assert(keys instanceof Float64Array, "a packed column takes packed keys");
    const part = new Float64Array(end - start + SLACK);
    part.set(keys.subarray(start, end));
    this.#insertPart(this.#parts.length, part, keys[end - 1] ?? 0);
  }

  pushPicked(keys: KeyList, places: Uint32Array, start: number, end: number): void {
    assert(keys instanceof Float64Array, "a packed column takes packed keys");
    const part = new Float64Array(end - start + SLACK);
    for (let at = start; at < end; at++) part[at - start] = keys[places[at] ?? 0] ?? 0;
    this.#insertPart(this.#parts.length, part, part[end - start - 1] ?? 0);
  }

  /** Takes over the leaves of a column of the same form, behind its own. */
  adopt(other: PackedColumn): void {
    for (const [leaf, part] of other.#parts.entries()) {
      this.#insertPart(this.#parts.length, part, other.#lasts[leaf] ?? 0);
    }
  }

  keysOf(leaf: number, size: number): Float64Array {
    return this.#part(leaf).subarray(0, size);
  }

  /** Takes on a form while every cell is missing, which is the same in all of them. */
  become(form: PackedForm): void {
    assert(this.#form === "empty", "only an empty column takes on a form");
    this.#form = form;
  }

  /** The first cell that isn't missing says what the form is. */
  #adopt(cell: Value): boolean {
    const form = this.#form === "empty" ? packedFormOf(cell) : undefined;
    if (form === undefined) return false;
    const key = this.term.pack(cell, form);
    if (Number.isNaN(key)) return false;
    this.#form = form;
    this.#sought = key;
    return true;
  }

  #part(leaf: number): Float64Array {
    return must(this.#parts[leaf], "a leaf of the column");
  }

  #resize(leaf: number, size: number): Float64Array {
    const part = new Float64Array(size + SLACK);
    part.set(this.#part(leaf).subarray(0, size));
    this.#parts[leaf] = part;
    return part;
  }

  #insertPart(leaf: number, part: Float64Array, last: number): void {
    const leaves = this.#parts.length;
    if (leaves === this.#lasts.length) {
      const lasts = new Float64Array(leaves * 2);
      lasts.set(this.#lasts);
      this.#lasts = lasts;
    }
    this.#lasts.copyWithin(leaf + 1, leaf, leaves);
    this.#lasts[leaf] = last;
    if (leaf === leaves) this.#parts.push(part);
    else this.#parts.splice(leaf, 0, part);
  }
}

function lowerBound(keys: Float64Array, key: number, start: number, end: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Most runs are of none or one. */
function upperBound(keys: Float64Array, key: number, start: number, end: number): number {
  if (start === end || keys[start] !== key) return start;
  let low = start + 1;
  if (low === end || keys[low] !== key) return low;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? 0) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
