import { DatabaseSync } from "node:sqlite";
import { createCapabilities, createSchema, type Source } from "vantage-diorama";
import { type Product, productColumns } from "vantage-diorama/testing";

const BATCH_ROWS = 1_000;

export interface SqliteSource extends Source<Product> {
  close(): Promise<void>;
}

/** A table of a file in this process, as it is stored. */
type Stored = Record<keyof Product, string | number>;

/**
 * Products in an SQLite file that is read in this process: a page is one statement with LIMIT and OFFSET, a record
 * one by its primary key. No network, no other process: as fast as a database can be.
 */
export function sqliteSource(file: string, products: Iterable<Product>): SqliteSource {
  const database = new DatabaseSync(file);
  database.exec(`CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT, category TEXT, price REAL, calories INTEGER,
    stock INTEGER, updatedAt INTEGER, description TEXT) WITHOUT ROWID; BEGIN`);
  const insert = database.prepare(
    `INSERT INTO products VALUES (:id, :name, :category, :price, :calories, :stock, :updatedAt, :description)`,
  );
  for (const product of products) insert.run({ ...product, updatedAt: product.updatedAt.getTime() });
  database.exec("COMMIT");
  const page = database.prepare("SELECT * FROM products ORDER BY id LIMIT ? OFFSET ?");
  const one = database.prepare("SELECT * FROM products WHERE id = ?");
  const count = database.prepare("SELECT count(*) AS rows FROM products");
  // The statements name the columns that the table was made with.
  const toProduct = (found: unknown): Product => {
    const stored = found as Stored;
    return { ...stored, updatedAt: new Date(stored.updatedAt) } as Product;
  };
  const rowsAt = (limit: number, offset: number): (readonly [string, Product])[] =>
    page.all(limit, offset).map((found) => {
      const product = toProduct(found);
      return [product.id, product] as const;
    });
  return {
    name: "products",
    schema: createSchema({ id: "id", columns: productColumns }),
    capabilities: createCapabilities({ canFetchPage: true, canFetchWindow: true, canCount: true }),
    fingerprint: () => "sqlite",
    async *read() {
      for (let offset = 0; ; offset += BATCH_ROWS) {
        const batch = rowsAt(BATCH_ROWS, offset);
        if (batch.length > 0) yield batch;
        if (batch.length < BATCH_ROWS) return;
      }
    },
    get: async (id) => {
      const found = one.get(id);
      return found === undefined ? undefined : toProduct(found);
    },
    count: async () => Number(count.get()?.["rows"]),
    page: async (_query, { number, size }) => ({ rows: rowsAt(size, (number - 1) * size) }),
    window: async (_query, { offset, limit }) => ({ rows: rowsAt(limit, offset) }),
    close: async () => database.close(),
  };
}
