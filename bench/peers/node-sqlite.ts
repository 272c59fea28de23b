import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Product } from "vantage-diorama/testing";
import { type Peer, WINDOW, type WantedRows } from "./peer.ts";

export const nodeSqlite: Peer = {
  name: "SQLite, asked again",
  packageName: undefined,
  isAskedAgain: true,
  driven:
    "node:sqlite in memory, indexed by price and by category and price: after each write the visible rows are asked for again, by `LIMIT` and `OFFSET`; of all rows only the first 50",
  async load(products) {
    const database = new DatabaseSync(":memory:");
    database.exec(
      `CREATE TABLE products (
         id TEXT PRIMARY KEY, name TEXT, category TEXT, price REAL, calories INTEGER, stock INTEGER,
         updatedAt INTEGER, description TEXT
       ) WITHOUT ROWID`,
    );
    const insert = database.prepare("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    database.exec("BEGIN");
    for (const product of products) insert.run(...toCells(product));
    database.exec("COMMIT");
    database.exec("CREATE INDEX byPrice ON products (price DESC, id)");
    database.exec("CREATE INDEX byCategory ON products (category, price DESC, id)");
    const update = database.prepare(
      `UPDATE products SET name = ?2, category = ?3, price = ?4, calories = ?5, stock = ?6, updatedAt = ?7,
         description = ?8 WHERE id = ?1`,
    );
    const write = (product: Product): void => {
      update.run(...toCells(product));
    };
    const record = database.prepare("SELECT * FROM products WHERE id = ?");
    const totals = database.prepare(
      "SELECT count(*) AS count, sum(price) AS sum FROM products WHERE category = ?",
    );
    return {
      write,
      writeAll(changed) {
        database.exec("BEGIN");
        for (const product of changed) write(product);
        database.exec("COMMIT");
      },
      openRows: async (wanted) => ({ visible: toRead(database, wanted), close: () => {} }),
      async openRecords(ids) {
        const first = ids.slice(0, WINDOW);
        return { visible: () => first.flatMap((id) => rowsOf(record, id)), close: () => {} };
      },
      async openTotals() {
        return {
          of(category) {
            const { count, sum } = totals.get(category) ?? {};
            return { count: Number(count), sum: Number(sum) };
          },
          close: () => {},
        };
      },
      memoryBytes: () => pragma(database, "page_count") * pragma(database, "page_size"),
      close: () => database.close(),
    };
  },
};

interface Shown {
  readonly id: string;
  readonly price: number;
}

function toRead(database: DatabaseSync, { category, window }: WantedRows): () => Shown[] {
  const where = category === undefined ? "" : "WHERE category = ?";
  const select = database.prepare(
    `SELECT * FROM products ${where} ORDER BY price DESC, id LIMIT ${WINDOW} OFFSET ${window?.offset ?? 0}`,
  );
  const parameters = category === undefined ? [] : [category];
  return () => rowsOf(select, ...parameters);
}

function rowsOf(statement: StatementSync, ...parameters: readonly string[]): Shown[] {
  // The columns are those of the table.
  return statement.all(...parameters) as unknown[] as Shown[];
}

const pragma = (database: DatabaseSync, name: string): number =>
  Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);

type Cells = [string, string, string, number, number, number, number, string];

const toCells = (product: Product): Cells => [
  product.id,
  product.name,
  product.category,
  product.price,
  product.calories,
  product.stock,
  product.updatedAt.getTime(),
  product.description,
];
