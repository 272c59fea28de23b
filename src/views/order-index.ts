import { assert } from "../base/index.ts";
import type { OrderTerm } from "../query/index.ts";
import { compareStrings, type Row, type Value } from "../record/index.ts";
import { KeyTerm } from "./key-term.ts";
import type { KeyForm, OrderBlock } from "./order-block.ts";
import type { RowChange } from "./row-change.ts";

interface Keyed {
  readonly id: string;
  readonly keys: readonly Value[];
}

/**
 * Ids in the total order of their rows (exactly that of `compileOrder`), by rank: every call takes O(log n). A row's
 * keys are read once, when it comes; to find it again one hands in the row that it came with.
 */
export class OrderIndex {
  readonly order: readonly OrderTerm[];
  readonly #terms: readonly KeyTerm[];
  #entries: Keyed[] = [];
  #movedFrom = -1;
  #movedTo = -1;

  constructor(order: readonly OrderTerm[]) {
    this.order = order;
    this.#terms = order.map((term) => new KeyTerm(term));
  }

  /** Of rows that stand beside their ids; no id twice. */
  static build(order: readonly OrderTerm[], ids: readonly string[], rows: readonly Row[]): OrderIndex {
    const index = new OrderIndex(order);
    ids.forEach((id, at) => index.add(id, rows[at] ?? {}));
    return index;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** An estimate of what it holds in memory, without the ids' and cells' own text. */
  get sizeBytes(): number {
    return this.#entries.length * 32;
  }

  /** How the keys of each term are held now. */
  get forms(): readonly KeyForm[] {
    return this.order.map(() => "value");
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
    const entry = this.#keyed(id, row);
    const rank = this.#find(entry);
    assert(this.#entries[rank]?.id !== id, `${id} stands in the order already`);
    this.#entries.splice(rank, 0, entry);
    return rank;
  }

  /** Takes out an id, found by the row that it is there with; the rank that it had. */
  remove(id: string, row: Row): number {
    const rank = this.rankOf(id, row);
    this.#entries.splice(rank, 1);
    return rank;
  }

  /**
   * Puts an id from the place of one row to that of another. False, at next to no cost, where both have the same keys:
   * then nothing has moved, and `movedFrom` and `movedTo` say nothing.
   */
  move(id: string, before: Row, after: Row): boolean {
    if (this.hasSameKeys(before, after)) return false;
    this.#movedFrom = this.remove(id, before);
    this.#movedTo = this.add(id, after);
    return true;
  }

  /** Whether two rows of one id stand at the same place. */
  hasSameKeys(a: Row, b: Row): boolean {
    return this.#terms.every((term) => term.compare(term.cell(a), term.cell(b)) === 0);
  }

  /**
   * Many changes, at the cost of one merge where that is cheaper than one after the other. An id may
   * come once. The lowest rank that may show another id now; Infinity where none does.
   */
  applyBatch(changes: readonly RowChange[]): number {
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
    const rank = this.#find(this.#keyed(id, row));
    assert(this.#entries[rank]?.id === id, `${id} does not stand in the order with this row`);
    return rank;
  }

  /** Whether such an entry stands, or would stand, before the end: at or before the last entry. */
  covers(id: string, row: Row): boolean {
    const last = this.#entries.at(-1);
    return last !== undefined && this.#compare(this.#keyed(id, row), last) <= 0;
  }

  /** `undefined` past the end. */
  idAt(rank: number): string | undefined {
    return this.#entries[rank]?.id;
  }

  /** The ids of ranks `[start, end)`, fewer at the end. */
  idsBetween(start: number, end: number): string[] {
    return this.#entries.slice(Math.max(0, start), Math.max(0, end)).map(({ id }) => id);
  }

  /** Every id in order. It must not change meanwhile. */
  *ids(): Generator<string, void, undefined> {
    for (const { id } of this.#entries) yield id;
  }

  /** Every entry in order, with its keys as `forms` says: to be stored, and read again by an `OrderAssembler`. */
  *blocks(): Generator<OrderBlock, void, undefined> {
    yield {
      ids: this.#entries.map(({ id }) => id),
      keys: this.order.map((_term, at) => this.#entries.map(({ keys }) => keys[at] ?? null)),
    };
  }

  /** Takes over every entry of another index of the same order; they all stand behind these. It is used up. */
  append(other: OrderIndex): void {
    this.#entries = [...this.#entries, ...other.#entries];
  }

  #keyed(id: string, row: Row): Keyed {
    return { id, keys: this.#terms.map((term) => term.cell(row)) };
  }

  #find(entry: Keyed): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#entries[middle];
      if (other !== undefined && this.#compare(other, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(a: Keyed, b: Keyed): number {
    for (const [at, term] of this.#terms.entries()) {
      const difference = term.compare(a.keys[at] ?? null, b.keys[at] ?? null);
      if (difference !== 0) return difference;
    }
    return compareStrings(a.id, b.id);
  }
}
