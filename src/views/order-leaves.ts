import { must } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { CellColumn } from "./cell-column.ts";
import { IdColumn } from "./id-column.ts";
import type { KeyTerm } from "./key-term.ts";
import { LeafCounts } from "./leaf-counts.ts";
import type { KeyForm, KeyList } from "./order-block.ts";
import { FULL_LEAF, MAX_LEAF, MIN_LEAF, type OrderColumn } from "./order-column.ts";
import { PackedColumn } from "./packed-column.ts";

type KeyColumn = PackedColumn | CellColumn;

/**
 * The entries of an order, in leaves: a column for each term and one for the ids, and how many entries each leaf
 * has. One entry at a time is sought: `seek` says which, `locate` finds its place, the other calls act there.
 */
export class OrderLeaves {
  readonly terms: readonly KeyTerm[];
  readonly #keys: KeyColumn[];
  readonly #ids = new IdColumn();
  /** The columns of the terms, and that of the ids. */
  readonly #columns: OrderColumn[];
  readonly #counts = new LeafCounts();
  #leaf = 0;
  #at = 0;

  constructor(terms: readonly KeyTerm[], forms: readonly KeyForm[] = []) {
    this.terms = terms;
    this.#keys = terms.map((term, at) => createColumn(term, forms[at] ?? "empty"));
    this.#columns = [...this.#keys, this.#ids];
  }

  get size(): number {
    return this.#counts.total;
  }

  get leaves(): number {
    return this.#counts.leaves;
  }

  get forms(): KeyForm[] {
    return this.#keys.map(({ form }) => form);
  }

  get sizeBytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.sizeBytes, this.leaves * 8);
  }

  /** Says which entry is sought; a column whose form can't hold its key is converted. */
  seek(id: string, row: Row): void {
    const columns = this.#columns;
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place];
      if (column !== undefined && !column.seek(id, row)) this.#convert(place, id, row);
    }
  }

  /** Whether two rows of one id have the same keys. */
  isSame(a: Row, b: Row): boolean {
    for (const column of this.#keys) if (!column.isSame(a, b)) return false;
    return true;
  }

  /** Finds the place of the sought entry: its own, else where it would stand. Whether it is there. */
  locate(): boolean {
    const columns = this.#columns;
    const leaves = this.#counts.leaves;
    const leaf = this.#seekLeaf();
    if (leaf === leaves) {
      this.#leaf = Math.max(0, leaves - 1);
      this.#at = this.#counts.sizeOf(this.#leaf);
      return false;
    }
    let low = 0;
    let high = this.#counts.sizeOf(leaf);
    for (let place = 0; place < columns.length && low < high; place++) {
      const column = columns[place];
      if (column === undefined) break;
      low = column.lower(leaf, low, high);
      high = column.upper(leaf, low, high);
    }
    this.#leaf = leaf;
    this.#at = low;
    return low < high;
  }

  /** Whether the sought entry stands, or would stand, at or before the last entry. */
  isCovered(): boolean {
    return this.#seekLeaf() < this.#counts.leaves;
  }

  /** The rank of the place that `locate` found. */
  rank(): number {
    return this.#counts.before(this.#leaf) + this.#at;
  }

  /** Puts the sought entry to the place that `locate` found; its rank. */
  insert(): number {
    if (this.#counts.leaves === 0) this.#insertLeaf(0);
    else if (this.#counts.sizeOf(this.#leaf) < MAX_LEAF) this.#insertHere();
    else this.#insertIntoFull();
    return this.rank();
  }

  /** Takes out the entry that `locate` found; the rank that it had. */
  remove(): number {
    const rank = this.rank();
    const leaf = this.#leaf;
    const size = this.#counts.sizeOf(leaf);
    if (size === 1) {
      for (const column of this.#columns) column.removeLeaf(leaf);
      this.#counts.remove(leaf);
      return rank;
    }
    const columns = this.#columns;
    for (let place = 0; place < columns.length; place++) columns[place]?.remove(leaf, this.#at, size);
    this.#counts.change(leaf, -1);
    if (size <= MIN_LEAF) this.#joinThin(leaf);
    return rank;
  }

  /** The id at a rank below `size`. */
  idAt(rank: number): string {
    const leaf = this.#counts.find(rank);
    return this.#ids.idAt(leaf, this.#counts.offset);
  }

  /** The ids of ranks `[start, end)`, both at most `size`. */
  idsBetween(start: number, end: number): string[] {
    const ids: string[] = [];
    if (start >= end) return ids;
    let leaf = this.#counts.find(start);
    let at = this.#counts.offset;
    for (let left = end - start; left > 0; leaf++) {
      const stop = Math.min(this.#counts.sizeOf(leaf), at + left);
      left -= stop - at;
      this.#ids.pushTo(ids, { leaf, start: at, end: stop });
      at = 0;
    }
    return ids;
  }

  /** Every id in order, until the leaves change. */
  *ids(): Generator<string, void, undefined> {
    for (let leaf = 0; leaf < this.leaves; leaf++) yield* this.idsOf(leaf);
  }

  /** The keys of a column, leaf by leaf. */
  *keys(place: number): Generator<KeyList, void, undefined> {
    const column = must(this.#keys[place], "a column of the order");
    for (let leaf = 0; leaf < this.leaves; leaf++) yield column.keysOf(leaf, this.#counts.sizeOf(leaf));
  }

  idsOf(leaf: number): string[] {
    return this.#ids.keysOf(leaf, this.#counts.sizeOf(leaf));
  }

  keysOf(leaf: number): KeyList[] {
    return this.#keys.map((column) => column.keysOf(leaf, this.#counts.sizeOf(leaf)));
  }

  /** A new leaf at the end, of the entries `[start, end)` of lists in the columns' forms; the ids last. */
  push(lists: readonly KeyList[], start: number, end: number): void {
    for (const [place, column] of this.#columns.entries()) column.push(lists[place] ?? [], start, end);
    this.#counts.push(end - start);
    if (end - start < MIN_LEAF) this.#joinThin(this.#counts.leaves - 1);
  }

  /** The same of the entries at places that stand in `[start, end)` of `places`. */
  pushPicked(lists: readonly KeyList[], places: Uint32Array, start: number, end: number): void {
    for (const [place, column] of this.#columns.entries()) {
      column.pushPicked(lists[place] ?? [], places, start, end);
    }
    this.#counts.push(end - start);
  }

  /** Takes over every entry of other leaves of the same terms; all of them stand behind these. */
  append(other: OrderLeaves): void {
    const seam = this.leaves;
    for (const place of this.#keys.keys()) {
      this.#unify(place, other);
      const mine = this.#keys[place];
      const theirs = other.#keys[place];
      if (mine instanceof PackedColumn && theirs instanceof PackedColumn) mine.adopt(theirs);
      if (mine instanceof CellColumn && theirs instanceof CellColumn) mine.adopt(theirs);
    }
    this.#ids.adopt(other.#ids);
    for (let leaf = 0; leaf < other.leaves; leaf++) this.#counts.push(other.#counts.sizeOf(leaf));
    if (seam > 0 && this.#counts.sizeOf(seam - 1) < MIN_LEAF) this.#joinThin(seam - 1);
  }

  #seekLeaf(): number {
    const columns = this.#columns;
    let low = 0;
    let high = this.#counts.leaves;
    for (let place = 0; place < columns.length && low < high; place++) {
      const column = columns[place];
      if (column === undefined) break;
      low = column.lowerLeaf(low, high);
      high = column.upperLeaf(low, high);
    }
    return low;
  }

  #insertHere(): void {
    const columns = this.#columns;
    const size = this.#counts.sizeOf(this.#leaf);
    for (let place = 0; place < columns.length; place++) columns[place]?.insert(this.#leaf, this.#at, size);
    this.#counts.change(this.#leaf, 1);
  }

  /** Entries that keep coming at one end fill new leaves there; anywhere else a full leaf is halved. */
  #insertIntoFull(): void {
    const leaf = this.#leaf;
    if (leaf === this.#counts.leaves - 1 && this.#at === MAX_LEAF) {
      this.#insertLeaf(leaf + 1);
      return;
    }
    if (leaf === 0 && this.#at === 0) {
      this.#insertLeaf(0);
      return;
    }
    const half = MAX_LEAF / 2;
    for (const column of this.#columns) column.split(leaf, half, MAX_LEAF);
    this.#counts.change(leaf, half - MAX_LEAF);
    this.#counts.insert(leaf + 1, MAX_LEAF - half);
    if (this.#at > half) {
      this.#leaf++;
      this.#at -= half;
    }
    this.#insertHere();
  }

  #insertLeaf(leaf: number): void {
    for (const column of this.#columns) column.insertLeaf(leaf);
    this.#counts.insert(leaf, 1);
    this.#leaf = leaf;
    this.#at = 0;
  }

  /** Joins a leaf that got thin with a neighbour, where that leaves room in the two. */
  #joinThin(leaf: number): void {
    const size = this.#counts.sizeOf(leaf);
    const before = leaf === 0 ? Infinity : this.#counts.sizeOf(leaf - 1);
    const behind = leaf + 1 === this.#counts.leaves ? Infinity : this.#counts.sizeOf(leaf + 1);
    if (size + Math.min(before, behind) > FULL_LEAF) return;
    const first = before < behind ? leaf - 1 : leaf;
    const firstSize = this.#counts.sizeOf(first);
    const nextSize = this.#counts.sizeOf(first + 1);
    for (const column of this.#columns) column.join(first, firstSize, nextSize);
    this.#counts.remove(first + 1);
    this.#counts.change(first, nextSize);
  }

  /** Holds the keys of a column as cells from now on. */
  #convert(place: number, id: string, row: Row): void {
    const packed = this.#keys[place];
    if (packed === undefined) return;
    const isText = packed.form === "empty" && typeof packed.term.cell(row) === "string";
    this.#toCells(place, isText ? "text" : "value").seek(id, row);
  }

  #toCells(place: number, form: "text" | "value"): CellColumn {
    const column = must(this.#keys[place], "a column of the order");
    if (column instanceof CellColumn) {
      if (form === "value") column.widen();
      return column;
    }
    const cells = new CellColumn(column.term, form);
    for (let leaf = 0; leaf < this.leaves; leaf++) {
      cells.pushPacked(column.keysOf(leaf, this.#counts.sizeOf(leaf)), column.form);
    }
    this.#keys[place] = cells;
    this.#columns[place] = cells;
    return cells;
  }

  /** Brings a column of two indexes to one form. */
  #unify(place: number, other: OrderLeaves): void {
    const mine = this.forms[place] ?? "empty";
    const theirs = other.forms[place] ?? "empty";
    const form = unitedForm(mine, theirs);
    if (form === "text" || form === "value") {
      this.#toCells(place, form);
      other.#toCells(place, form);
      return;
    }
    const column = this.#keys[place];
    if (mine === "empty" && column instanceof PackedColumn) column.become(form);
  }
}

function createColumn(term: KeyTerm, form: KeyForm): KeyColumn {
  return form === "text" || form === "value" ? new CellColumn(term, form) : new PackedColumn(term, form);
}

/** A form that holds the keys of both. */
function unitedForm(a: KeyForm, b: KeyForm): KeyForm {
  if (a === b || b === "empty") return a;
  return a === "empty" ? b : "value";
}
