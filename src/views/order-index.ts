import { assert } from "../base/index.ts";
import type { OrderTerm } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { KeyTerm } from "./key-term.ts";
import type { KeyForm, OrderBlock } from "./order-block.ts";
import { OrderLeaves } from "./order-leaves.ts";
import { isWorthMerging, mergeChanges } from "./order-merge.ts";
import type { RowChange } from "./row-change.ts";
import { KeyedRows } from "./keyed-rows.ts";
import { finishNow } from "./sort-places.ts";

/**
 * Ids in the total order of their rows (exactly that of `compileOrder`), by rank: every call takes O(log n). A row's
 * keys are read once, when it comes; to find it again one hands in the row that it came with.
 */
export class OrderIndex {
  readonly order: readonly OrderTerm[];
  #leaves: OrderLeaves;
  #movedFrom = -1;
  #movedTo = -1;

  /** An empty one; `leaves`: of such entries, which belong to it from now on. */
  constructor(order: readonly OrderTerm[], leaves?: OrderLeaves) {
    this.order = order;
    this.#leaves = leaves ?? new OrderLeaves(order.map((term) => new KeyTerm(term)));
  }

  /** Of rows that stand beside their ids; no id twice. */
  static build(order: readonly OrderTerm[], ids: readonly string[], rows: readonly Row[]): OrderIndex {
    const keyed = new KeyedRows(order, ids, rows);
    const places = keyed.places();
    finishNow(keyed.sort(places));
    const leaves = keyed.createLeaves();
    finishNow(keyed.fill(leaves, places));
    return new OrderIndex(order, leaves);
  }

  get size(): number {
    return this.#leaves.size;
  }

  /** An estimate of what it holds in memory, without the ids' and cells' own text. */
  get sizeBytes(): number {
    return this.#leaves.sizeBytes;
  }

  /** How the keys of each term are held now. */
  get forms(): readonly KeyForm[] {
    return this.#leaves.forms;
  }

  /** Where the entry of the last `move` stood before, counted with it. */
  get movedFrom(): number {
    return this.#movedFrom;
  }

  /** Where the entry of the last `move` stands now. */
  get movedTo(): number {
    return this.#movedTo;
  }

  /** Takes in an id that isn't there; its rank. */
  add(id: string, row: Row): number {
    const leaves = this.#leaves;
    leaves.seek(id, row);
    if (leaves.locate()) assert(false, `${id} stands in the order already`);
    return leaves.insert();
  }

  /** Takes out an id, found by the row that it is there with; the rank that it had. */
  remove(id: string, row: Row): number {
    this.#find(id, row);
    return this.#leaves.remove();
  }

  /**
   * Puts an id from the place of one row to that of another. False, at next to no cost, where both have the same keys:
   * then nothing has moved, and `movedFrom` and `movedTo` say nothing.
   */
  move(id: string, before: Row, after: Row): boolean {
    if (this.#leaves.isSame(before, after)) return false;
    this.#movedFrom = this.remove(id, before);
    this.#movedTo = this.add(id, after);
    return true;
  }

  /** Whether two rows of one id stand at the same place. */
  hasSameKeys(a: Row, b: Row): boolean {
    return this.#leaves.isSame(a, b);
  }

  /**
   * Many changes, at the cost of one merge where that is cheaper than one after the other. An id may
   * come once. The lowest rank that may show another id now; Infinity where none does.
   */
  applyBatch(changes: readonly RowChange[]): number {
    if (isWorthMerging(changes.length, this.size)) {
      const { leaves, lowest } = mergeChanges(this.#leaves, changes);
      this.#leaves = leaves;
      return lowest;
    }
    let lowest = Infinity;
    for (const { id, before, after } of changes) {
      if (before !== undefined && after !== undefined) {
        if (this.move(id, before, after)) lowest = Math.min(lowest, this.#movedFrom, this.#movedTo);
      } else if (before !== undefined) lowest = Math.min(lowest, this.remove(id, before));
      else if (after !== undefined) lowest = Math.min(lowest, this.add(id, after));
    }
    return lowest;
  }

  /** The rank of an id that is there with this row. */
  rankOf(id: string, row: Row): number {
    this.#find(id, row);
    return this.#leaves.rank();
  }

  /** Whether such an entry stands, or would stand, before the end: at or before the last entry. */
  covers(id: string, row: Row): boolean {
    this.#leaves.seek(id, row);
    return this.#leaves.isCovered();
  }

  /** `undefined` past the end. */
  idAt(rank: number): string | undefined {
    return rank >= 0 && rank < this.size ? this.#leaves.idAt(rank) : undefined;
  }

  /** The ids of ranks `[start, end)`, fewer at the end. */
  idsBetween(start: number, end: number): string[] {
    return this.#leaves.idsBetween(Math.max(0, start), Math.min(end, this.size));
  }

  /** Every id in order. It must not change meanwhile. */
  ids(): Generator<string, void, undefined> {
    return this.#leaves.ids();
  }

  /** Every entry in order, with its keys as `forms` says: to be stored, and read again by an `OrderAssembler`. */
  *blocks(): Generator<OrderBlock, void, undefined> {
    for (let leaf = 0; leaf < this.#leaves.leaves; leaf++) {
      yield { ids: this.#leaves.idsOf(leaf), keys: this.#leaves.keysOf(leaf) };
    }
  }

  /** Takes over every entry of another index of the same order; they all stand behind these. It is used up. */
  append(other: OrderIndex): void {
    this.#leaves.append(other.#leaves);
  }

  #find(id: string, row: Row): void {
    this.#leaves.seek(id, row);
    if (!this.#leaves.locate()) assert(false, `${id} does not stand in the order with this row`);
  }
}
