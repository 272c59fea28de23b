import { isDioramaError, messageOf } from "../../base/index.ts";
import { blankMeta, type CacheBackend, type CacheTable } from "../cache-backend.ts";
import { OpenTables } from "../open-tables.ts";
import { decodeMeta } from "./meta-codec.ts";
import { type OpenedTable, SqliteTable, type TableHost } from "./sqlite-table.ts";

/** The durable cache of one folder. */
export class SqliteCache implements CacheBackend {
  readonly kind = "sqlite";
  readonly durable = true;
  readonly keeps = true;
  readonly #host: TableHost;
  readonly #onClosed: () => void;
  readonly #open: OpenTables<SqliteTable>;
  #closing: Promise<void> | undefined;

  constructor(folder: string, host: TableHost, onClosed: () => void) {
    this.#host = host;
    this.#onClosed = onClosed;
    this.#open = new OpenTables(`the cache in ${folder}`);
  }

  async openTable(name: string): Promise<CacheTable> {
    this.#open.reserve(name, "opened");
    try {
      const opened = await this.#host.writes.run(() => this.#openStored(name));
      this.#open.mustRun();
      return this.#open.add(name, new SqliteTable(this.#host, opened, () => this.#open.remove(name)));
    } catch (error) {
      this.#open.remove(name);
      throw error;
    }
  }

  async dropTable(name: string): Promise<void> {
    this.#open.reserve(name, "dropped");
    try {
      await this.#host.writes.run(() => this.#host.link.call("dropTable", { table: name }));
    } finally {
      this.#open.remove(name);
    }
  }

  async tableNames(): Promise<readonly string[]> {
    this.#open.mustRun();
    return this.#host.writes.run(() => this.#host.link.call("tableNames", undefined));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #openStored(name: string): Promise<OpenedTable> {
    const { link } = this.#host;
    const { meta, rowCount, edition, lost } = await link.call("openTable", { table: name });
    if (meta === undefined) return { name, meta: blankMeta, rowCount, edition, lost };
    try {
      return { name, meta: decodeMeta(meta), rowCount, edition, lost };
    } catch (error) {
      if (!isDioramaError(error)) throw error;
      // Rejects with `corrupt`, as a call on damage does; the table is empty then, and that is how it opens.
      const emptied = link.call("giveUp", { table: name, reason: messageOf(error) });
      const why = await emptied.then(() => undefined, messageOf);
      return { name, meta: blankMeta, rowCount: 0, edition: 0, lost: why };
    }
  }

  async #close(): Promise<void> {
    const { link, writes } = this.#host;
    try {
      await this.#open.end();
      await writes.run(async () => {
        if (link.isRunning) await link.call("close", undefined);
      });
      await link.leave();
    } finally {
      await link.end();
      this.#onClosed();
    }
  }
}
