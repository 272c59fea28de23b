import type { OrderTerm } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { KeyedRows } from "./keyed-rows.ts";
import { OrderIndex } from "./order-index.ts";
import type { OrderRest } from "./order-rest.ts";
import type { RowChange } from "./row-change.ts";
import { selectFirst } from "./select-first.ts";
import { finishNow } from "./sort-places.ts";
import { SortedRest } from "./sorted-rest.ts";

/** Some screens full. */
const FIRST_COUNT = 512;

/**
 * An order whose first rows can be read before the others are ordered. The first ones are an index of their own; those
 * behind it come in steps, or at once where they are needed. It takes every change at any time.
 */
export class LazyOrder {
  readonly #first: OrderIndex;
  /** Absent once everything is ordered and `#first` holds all of it. */
  #rest: OrderRest | undefined;
  /** What became of rows behind the first ones since the rest was taken: `before` as the rest has it. */
  readonly #pending = new Map<string, RowChange>();
  #restCount: number;
  #movedFrom = -1;
  #movedTo = -1;

  /** `first`: where the order begins; every row of `rest` stands behind it. Both belong to this from now on. */
  constructor(first: OrderIndex, rest?: OrderRest) {
    this.#first = first;
    this.#rest = rest;
    this.#restCount = rest?.count ?? 0;
  }

  /**
   * Of rows that stand beside their ids, no id twice; neither list may change before the order is complete.
   * So many rows are ordered now, all where there are few more, the others in steps.
   */
  static over(
    order: readonly OrderTerm[],
    ids: readonly string[],
    rows: readonly Row[],
    firstCount: number = FIRST_COUNT,
  ): LazyOrder {
    const keyed = new KeyedRows(order, ids, rows);
    const all = keyed.places();
    const chosen = selectFirst(keyed.vectors, all, firstCount);
    finishNow(keyed.sort(chosen));
    const leaves = keyed.createLeaves();
    if (chosen === all) {
      finishNow(keyed.fill(leaves, chosen));
      return new LazyOrder(new OrderIndex(order, leaves));
    }
    const first = chosen.subarray(0, firstCount);
    finishNow(keyed.fill(leaves, first));
    return new LazyOrder(new OrderIndex(order, leaves), new SortedRest(order, keyed, without(all, first)));
  }

  /** How many rows it has in all. */
  get count(): number {
    return this.#first.size + this.#restCount;
  }

  /** Ranks below this can be read without further work. */
  get prepared(): number {
    return this.#first.size;
  }

  get isComplete(): boolean {
    return this.#rest === undefined;
  }

  /** The whole order, once it is complete. */
  get index(): OrderIndex | undefined {
    return this.#rest === undefined ? this.#first : undefined;
  }

  get sizeBytes(): number {
    return this.#first.sizeBytes + this.#restCount * 32;
  }

  /** Where the entry of the last `move` stood before; -1: behind what is prepared. */
  get movedFrom(): number {
    return this.#movedFrom;
  }

  /** Where the entry of the last `move` stands now; -1: behind what is prepared. */
  get movedTo(): number {
    return this.#movedTo;
  }

  /** Takes in an id that isn't there: its rank, -1 where that is behind what is prepared. */
  add(id: string, row: Row): number {
    if (this.#stands(id, row)) return this.#first.add(id, row);
    this.#addBehind(id, row);
    return -1;
  }

  /** Takes out an id, found by the row that it is there with: the rank it had, -1 where that is behind what is prepared. */
  remove(id: string, row: Row): number {
    if (this.#stands(id, row)) return this.#first.remove(id, row);
    this.#removeBehind(id, row);
    return -1;
  }

  /** As `OrderIndex.move`. */
  move(id: string, before: Row, after: Row): boolean {
    if (this.#first.hasSameKeys(before, after)) return false;
    // Both are asked before anything moves: the end of the first rows may be the very entry that moves.
    const wasFirst = this.#stands(id, before);
    const isFirst = this.#stands(id, after);
    if (wasFirst) this.#movedFrom = this.#first.remove(id, before);
    else {
      this.#movedFrom = -1;
      this.#removeBehind(id, before);
    }
    if (isFirst) this.#movedTo = this.#first.add(id, after);
    else {
      this.#movedTo = -1;
      this.#addBehind(id, after);
    }
    return true;
  }

  /** As `OrderIndex.applyBatch`; what changes behind what is prepared counts as the first rank there. */
  applyBatch(changes: readonly RowChange[]): number {
    if (this.#rest === undefined) return this.#first.applyBatch(changes);
    let lowest = Infinity;
    let isBehind = false;
    const note = (rank: number): void => {
      if (rank === -1) isBehind = true;
      else lowest = Math.min(lowest, rank);
    };
    for (const { id, before, after } of changes) {
      if (before !== undefined && after !== undefined) {
        if (!this.move(id, before, after)) continue;
        note(this.#movedFrom);
        note(this.#movedTo);
      } else if (before !== undefined) note(this.remove(id, before));
      else if (after !== undefined) note(this.add(id, after));
    }
    return isBehind ? Math.min(lowest, this.prepared) : lowest;
  }

  /** The rank of an id that is there with this row; `undefined` where it isn't known before the rest has come. */
  rankOf(id: string, row: Row): number | undefined {
    if (this.#stands(id, row) || this.finish()) return this.#first.rankOf(id, row);
    return undefined;
  }

  /** Completes the order first where the rank isn't prepared. `undefined`: past the end, or the rest has not come yet. */
  idAt(rank: number): string | undefined {
    if (rank >= this.prepared && rank < this.count) this.finish();
    return this.#first.idAt(rank);
  }

  /** The ids of `[start, end)`, fewer at the end; without those that can't be read yet. */
  idsBetween(start: number, end: number): string[] {
    if (end > this.prepared && start < this.count) this.finish();
    return this.#first.idsBetween(start, end);
  }

  /** Does a few milliseconds of work. False where there is nothing to do now: complete, or waiting for the rest. */
  step(): boolean {
    if (this.#rest === undefined) return false;
    if (this.#rest.step()) return true;
    this.finish();
    return false;
  }

  /** Orders what is left, now. False where the rest can't be had yet. */
  finish(): boolean {
    if (this.#rest === undefined) return true;
    const rest = this.#rest.finish();
    if (rest === undefined) return false;
    rest.applyBatch([...this.#pending.values()]);
    this.#pending.clear();
    this.#first.append(rest);
    this.#rest = undefined;
    this.#restCount = 0;
    return true;
  }

  /** Whether an entry belongs to the first rows; every other one stands behind their last. */
  #stands(id: string, row: Row): boolean {
    return this.#rest === undefined || this.#first.covers(id, row);
  }

  #addBehind(id: string, row: Row): void {
    this.#restCount++;
    this.#pending.set(id, { id, before: this.#pending.get(id)?.before, after: row });
  }

  #removeBehind(id: string, row: Row): void {
    this.#restCount--;
    const known = this.#pending.get(id);
    if (known !== undefined && known.before === undefined) this.#pending.delete(id);
    else this.#pending.set(id, { id, before: known === undefined ? row : known.before, after: undefined });
  }
}

/** All places but the chosen ones, moved together where they are; `all` has every place at its own number. */
function without(all: Uint32Array, chosen: Uint32Array): Uint32Array {
  let end = 0;
  let next = 0;
  for (const place of chosen.toSorted()) {
    all.copyWithin(end, next, place);
    end += place - next;
    next = place + 1;
  }
  all.copyWithin(end, next);
  return all.subarray(0, all.length - chosen.length);
}
