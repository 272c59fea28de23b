import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { errorAt, type ErrorPlace } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import { idOf, setOwn, type Entry, type Row, type Value } from "../record/index.ts";
import { rollBack } from "../sqlite/index.ts";
import {
  createCapabilities,
  type CallOptions,
  type Capabilities,
  type Page,
  type Schema,
  type Source,
  type TokenPage,
} from "../vista/index.ts";
import { createDemoFile, guarded, openDemoFile } from "./demo-file.ts";
import { createProducts, productSchema } from "./demo-products.ts";
import {
  ABOUT,
  deleteSql,
  fromCell,
  insertSql,
  oneRowSql,
  replaceSql,
  TABLE,
  toCells,
  windowSql,
} from "./demo-sql.ts";

/** Rows of one batch of `read`. */
const BATCH_ROWS = 1_000;

/**
 * A SQLite file that plays the remote database of `diorama live local`: a real one, asked with bound values and
 * nothing kept in between. Its calls block, as its work is the disk's.
 */
export class DemoMaster implements Source {
  readonly name: string = TABLE;
  readonly schema: Schema;
  readonly path: string;
  readonly capabilities: Capabilities = createCapabilities({
    canCount: true,
    canInsert: true,
    canUpdate: true,
    canDelete: true,
    canOrder: true,
    canFetchPage: true,
    canFetchWindow: true,
    canFetchNext: true,
  });
  readonly #database: DatabaseSync;
  readonly #edition: unknown;

  constructor(path: string, schema: Schema = productSchema) {
    this.path = path;
    this.schema = schema;
    this.#database = openDemoFile(path);
    this.#edition = this.#about()["edition"];
  }

  /** A file that was seeded again holds other data. */
  fingerprint(): string {
    const columns = this.schema.columns.map(({ name, type }) => [name, type]);
    return `demo:${JSON.stringify([this.path, this.#edition, columns])}`;
  }

  async version(): Promise<string> {
    const { edition, changes } = this.#about();
    return `${String(edition)}:${String(changes)}`;
  }

  async *read(query: Query, call: CallOptions): AsyncGenerator<readonly Entry[], void, undefined> {
    call.signal?.throwIfAborted();
    // All at once, so that no write comes in between.
    const entries = this.#rows(query, -1, 0);
    for (let start = 0; start < entries.length; start += BATCH_ROWS) {
      call.signal?.throwIfAborted();
      yield entries.slice(start, start + BATCH_ROWS);
    }
  }

  async get(id: string): Promise<Row | undefined> {
    return this.#row(id);
  }

  async count(): Promise<number> {
    return this.#count();
  }

  async page(query: Query, page: { readonly number: number; readonly size: number }): Promise<Page> {
    return { rows: this.#rows(query, page.size, (page.number - 1) * page.size), total: this.#count() };
  }

  async window(query: Query, window: { readonly offset: number; readonly limit: number }): Promise<Page> {
    return { rows: this.#rows(query, window.limit, window.offset), total: this.#count() };
  }

  /** The token is the place of the next row. */
  async next(
    query: Query,
    from: { readonly token: string | undefined; readonly size: number },
  ): Promise<TokenPage> {
    const start = Number(from.token ?? 0);
    if (!Number.isSafeInteger(start) || start < 0) {
      throw errorAt("invalid", this.#place(), "the token is none of this table's; begin again without one");
    }
    const rows = this.#rows(query, from.size + 1, start);
    return rows.length <= from.size
      ? { rows }
      : { rows: rows.slice(0, from.size), token: String(start + from.size) };
  }

  async insert(id: string, row: Row): Promise<Row> {
    return this.#write(() => {
      if (this.#row(id) !== undefined)
        throw errorAt("conflict", this.#place(id), "there is such a row already");
      this.#run(insertSql(this.schema), toCells(this.schema, row, this.#place(id)));
      return this.#stored(id);
    });
  }

  async replace(id: string, row: Row): Promise<Row> {
    return this.#write(() => {
      this.#run(replaceSql(this.schema), toCells(this.schema, row, this.#place(id)));
      return this.#stored(id);
    });
  }

  async patch(id: string, partial: Partial<Row>): Promise<Row> {
    return this.#write(() => {
      const merged: Record<string, Value> = { ...this.#stored(id) };
      for (const [name, value] of Object.entries(partial))
        if (value !== undefined) setOwn(merged, name, value);
      this.#run(replaceSql(this.schema), toCells(this.schema, merged, this.#place(id)));
      return this.#stored(id);
    });
  }

  async delete(id: string): Promise<void> {
    this.#write(() => {
      if (this.#run(deleteSql(this.schema), [id]) === 0) throw this.#missing(id);
    });
  }

  async deleteAll(): Promise<void> {
    this.#write(() => this.#run(`DELETE FROM ${TABLE}`, []));
  }

  explain(query: Query): string {
    return `${windowSql(this.schema, query)} in ${this.path}`;
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #rows(query: Query, limit: number, offset: number): Entry[] {
    return this.#ask(() => {
      const statement = this.#database.prepare(windowSql(this.schema, query));
      statement.setReadBigInts(true);
      return statement.all(limit, offset).map((cells) => this.#toEntry(cells));
    });
  }

  #row(id: string): Row | undefined {
    return this.#ask(() => {
      const statement = this.#database.prepare(oneRowSql(this.schema));
      statement.setReadBigInts(true);
      const cells = statement.get(id);
      return cells === undefined ? undefined : this.#toEntry(cells)[1];
    });
  }

  #stored(id: string): Row {
    const row = this.#row(id);
    if (row === undefined) throw this.#missing(id);
    return row;
  }

  #count(): number {
    return this.#ask(() =>
      Number(this.#database.prepare(`SELECT count(*) AS count FROM ${TABLE}`).get()?.["count"]),
    );
  }

  #about(): Readonly<Record<string, unknown>> {
    return this.#ask(() => this.#database.prepare(`SELECT edition, changes FROM ${ABOUT}`).get() ?? {});
  }

  /** One transaction; a write that fails leaves nothing. */
  #write<T>(work: () => T): T {
    return this.#ask(() => {
      const database = this.#database;
      database.exec("BEGIN IMMEDIATE");
      try {
        const answer = work();
        database.exec(`UPDATE ${ABOUT} SET changes = changes + 1; COMMIT`);
        return answer;
      } catch (error) {
        rollBack(database);
        throw error;
      }
    });
  }

  #run(sql: string, values: readonly SQLInputValue[]): number {
    return Number(this.#database.prepare(sql).run(...values).changes);
  }

  #ask<T>(work: () => T): T {
    if (!this.#database.isOpen) throw errorAt("closed", this.#place(), "the demo master is closed");
    return guarded(this.path, work);
  }

  #toEntry(cells: Readonly<Record<string, unknown>>): Entry {
    const row: Record<string, Value> = {};
    for (const { name } of this.schema.columns) setOwn(row, name, fromCell(cells[name]));
    return [idOf(row[this.schema.idColumn ?? "id"], this.#place()), row];
  }

  #missing(id: string): Error {
    return errorAt("notFound", this.#place(id), "there is no such row");
  }

  #place(id?: string): ErrorPlace {
    return { vista: this.name, file: this.path, id };
  }
}

/** The demo master at that path; `notFound`, `invalid` or `corrupt` where there is none that can be read. */
export function openDemoMaster(path: string): DemoMaster {
  return new DemoMaster(path);
}

/** Makes the demo master anew, and answers how many rows it has. */
export function seedDemoMaster(
  path: string,
  { rows, seed }: { readonly rows: number; readonly seed: number },
): number {
  return createDemoFile(path, productSchema, createProducts(rows, seed));
}
