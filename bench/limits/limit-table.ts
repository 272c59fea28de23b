import type { Product } from "vantage-diorama/testing";
import { OrderList } from "./order-list.ts";

/** What a write tells, at once and synchronously. */
export interface LimitView {
  change(before: Product | undefined, after: Product | undefined): void;
}

/** The least that live views can stand on: rows in a Map, each view told of every write by a plain call. */
export class LimitTable {
  readonly rows = new Map<string, Product>();
  readonly #views: LimitView[] = [];
  readonly #callbacks = new Map<string, () => void>();
  readonly #lists = new Map<string, LimitOrder>();

  constructor(products: Iterable<Product>) {
    for (const product of products) this.rows.set(product.id, product);
  }

  write(product: Product): void {
    const before = this.rows.get(product.id);
    this.rows.set(product.id, product);
    for (const view of this.#views) view.change(before, product);
    if (this.#callbacks.size > 0) this.#callbacks.get(product.id)?.();
    if (this.#lists.size > 0) this.#tellLists(before, product);
  }

  /** Tells this view of every write until the returned function is called. */
  open(view: LimitView): () => void {
    this.#views.push(view);
    return () => this.#views.splice(this.#views.indexOf(view), 1);
  }

  /** Told of the writes to one row. */
  openRecord(id: string, callback: () => void): void {
    this.#callbacks.set(id, callback);
  }

  /** The rows of one category, found by it when a row changes. */
  openCategory(category: string): LimitOrder {
    const list = new LimitOrder(this.rows, inCategory(category));
    this.#lists.set(category, list);
    return list;
  }

  #tellLists(before: Product | undefined, after: Product): void {
    if (before !== undefined && before.category !== after.category)
      this.#lists.get(before.category)?.change(before, undefined);
    this.#lists.get(after.category)?.change(before?.category === after.category ? before : undefined, after);
  }
}

export type Matching = (product: Product) => boolean;

export const inCategory =
  (category: string): Matching =>
  (product) =>
    product.category === category;

/** All rows, or those that match, by falling price: a window is a range of ranks on it. */
export class LimitOrder implements LimitView {
  readonly #rows: ReadonlyMap<string, Product>;
  readonly #matching: Matching | undefined;
  readonly #list: OrderList;
  /** How often it was told of something that concerns it. */
  told = 0;

  constructor(rows: ReadonlyMap<string, Product>, matching?: Matching) {
    this.#rows = rows;
    this.#matching = matching;
    const ids: string[] = [];
    const keys = new Float64Array(rows.size);
    for (const [id, product] of rows) {
      if (matching !== undefined && !matching(product)) continue;
      keys[ids.length] = -product.price;
      ids.push(id);
    }
    this.#list = OrderList.from(ids, keys.subarray(0, ids.length));
  }

  get count(): number {
    return this.#list.length;
  }

  change(before: Product | undefined, after: Product | undefined): void {
    const was = before !== undefined && this.#matches(before);
    const is = after !== undefined && this.#matches(after);
    if (was) this.#list.remove(-before.price, before.id);
    if (is) this.#list.insert(-after.price, after.id);
    if (was || is) this.told += 1;
  }

  rowsBetween(start: number, end: number): Product[] {
    const found: Product[] = [];
    this.#list.eachBetween(start, end, (id) => {
      const product = this.#rows.get(id);
      if (product !== undefined) found.push(product);
    });
    return found;
  }

  rankOf({ price, id }: Product): number {
    return this.#list.rankOf(-price, id);
  }

  #matches(product: Product): boolean {
    return this.#matching === undefined || this.#matching(product);
  }
}

/** Count and sum by group, running. */
export class LimitTotals implements LimitView {
  readonly groups = new Map<string, { count: number; sum: number }>();
  readonly #groupOf: (product: Product) => string;

  constructor(rows: ReadonlyMap<string, Product>, groupOf: (product: Product) => string) {
    this.#groupOf = groupOf;
    for (const product of rows.values()) this.#add(product, 1);
  }

  change(before: Product | undefined, after: Product | undefined): void {
    if (before !== undefined) this.#add(before, -1);
    if (after !== undefined) this.#add(after, 1);
  }

  #add(product: Product, sign: 1 | -1): void {
    const key = this.#groupOf(product);
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = { count: 0, sum: 0 }));
    group.count += sign;
    group.sum += sign * product.price;
  }
}
