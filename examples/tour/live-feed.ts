import type { ChangeEvent, TableScenery } from "vantage-diorama";
import type { Product } from "vantage-diorama/testing";

/** One change in so many is a price at the top, so that there is something to see. */
const TOP_EVERY = 20;
/** No multiple of the others, nor they of it: prices at the top change, and are not crowded out by new rows. */
const TOP_AT = 7;
const NEW_EVERY = 10;
const GONE_EVERY = 15;
const TOP_ROWS = 10;

/** What a busy source might send: prices and stocks that change anywhere, rows that come and go. */
export class LiveFeed {
  readonly #table: TableScenery<Product>;
  #sent = 0;

  constructor(table: TableScenery<Product>) {
    this.#table = table;
  }

  next(): ChangeEvent<Product> {
    this.#sent += 1;
    const rank = Math.floor(
      Math.random() * (this.#sent % TOP_EVERY === TOP_AT ? TOP_ROWS : this.#table.rowCount),
    );
    const product = this.#table.row(rank)?.row;
    if (product === undefined) return this.#added(undefined);
    if (this.#sent % NEW_EVERY === 0) return this.#added(product);
    if (this.#sent % GONE_EVERY === 0) return { type: "deleted", id: product.id };
    const price = Math.round(product.price * (0.9 + Math.random() * 0.2) * 100) / 100;
    const stock = Math.max(0, product.stock + Math.floor(Math.random() * 11) - 5);
    return { type: "updated", id: product.id, row: { ...product, price, stock } };
  }

  #added(like: Product | undefined): ChangeEvent<Product> {
    const id = `new-${this.#sent}`;
    const row: Product = {
      id,
      name: `lemon novelty ${this.#sent}`,
      category: like?.category ?? "novelties",
      price: like?.price ?? 1,
      calories: 100,
      stock: 1,
      updatedAt: new Date(),
      description: "came in while the table was on show",
    };
    return { type: "inserted", id, row };
  }
}
