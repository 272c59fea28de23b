import { createRandom, generateProducts, type Product } from "vantage-diorama/testing";
import { LimitOrder } from "./limits/limit-table.ts";

/** The same rows and changes for every candidate of a claim, decided by a seed. */
export class Workload {
  readonly products: readonly Product[];
  readonly #current: Map<string, Product>;
  readonly #random = createRandom(7);
  #order: LimitOrder | undefined;
  #made = 0;

  constructor(rows: number) {
    this.products = [...generateProducts(rows, 1)];
    this.#current = new Map(this.products.map((product) => [product.id, product]));
  }

  /** Rows anywhere get another price. */
  changes(count: number): Product[] {
    return Array.from({ length: count }, () => this.#reprice(this.#anyone(), this.#price()));
  }

  /** Rows anywhere, no row twice. */
  changesAtOnce(count: number): Product[] {
    const first = this.#random.integer(0, this.products.length - 1);
    const step = Math.max(1, Math.floor(this.products.length / count));
    return Array.from({ length: Math.min(count, this.products.length) }, (_, n) =>
      this.#reprice(this.#at((first + n * step) % this.products.length), this.#price()),
    );
  }

  /** Rows that these ids name. */
  changesOf(ids: readonly string[], count: number): Product[] {
    return Array.from({ length: count }, () => {
      const product = this.#current.get(this.#random.pick(ids));
      if (product === undefined) throw new Error("a product is missing");
      return this.#reprice(product, this.#price());
    });
  }

  /** Every other one is of a row that the window shows, and stays there or near. */
  changesAround(offset: number, count: number): Product[] {
    this.#order ??= new LimitOrder(this.#current);
    const order = this.#order;
    return Array.from({ length: count }, () => {
      if (this.#next() % 2 === 0) return this.#reprice(this.#anyone(), this.#price());
      const [shown, other] = order.rowsBetween(offset + this.#random.integer(0, 48), offset + 50);
      if (shown === undefined) return this.#reprice(this.#anyone(), this.#price());
      const price = Math.round((shown.price + (other?.price ?? 1)) * 50 - 1) / 100;
      return this.#reprice(shown, price === shown.price ? price + 0.01 : price);
    });
  }

  /** The row with the highest price and the one with the lowest, in turn, get another. */
  changesOfExtremes(count: number): Product[] {
    this.#order ??= new LimitOrder(this.#current);
    const order = this.#order;
    return Array.from({ length: count }, () => {
      const rank = this.#next() % 2 === 0 ? 0 : order.count - 1;
      const [extreme] = order.rowsBetween(rank, rank + 1);
      return this.#reprice(extreme ?? this.#anyone(), this.#price());
    });
  }

  /** As everyone should show it now, computed from scratch. */
  sorted(category?: string): Product[] {
    return [...this.#current.values()]
      .filter((product) => category === undefined || product.category === category)
      .sort((a, b) => b.price - a.price || (a.id < b.id ? -1 : 1));
  }

  /** Which of two kinds of change is next, however few are asked for at a time. */
  #next(): number {
    this.#made += 1;
    return this.#made;
  }

  #anyone(): Product {
    return this.#at(this.#random.integer(0, this.products.length - 1));
  }

  #at(at: number): Product {
    const product = this.#current.get(this.products[at]?.id ?? "");
    if (product === undefined) throw new Error("a product is missing");
    return product;
  }

  #price(): number {
    return this.#random.integer(50, 99_999) / 100;
  }

  #reprice(product: Product, price: number): Product {
    const changed = { ...product, price: price === product.price ? price + 0.01 : price };
    this.#current.set(product.id, changed);
    this.#order?.change(product, changed);
    return changed;
  }
}

/** A wrong answer has no speed. */
export function sameRows(
  who: string,
  rows: readonly (Pick<Product, "id" | "price"> | undefined)[],
  expected: readonly Product[],
): void {
  const differs = expected.findIndex(({ id, price }, at) => rows[at]?.id !== id || rows[at].price !== price);
  if (rows.length !== expected.length || differs !== -1)
    throw new Error(`${who} shows ${rows.length} rows; not what is expected from ${differs} on`);
}
