import type { OrderStore } from "../cache-backend.ts";
import type { CacheLink } from "./protocol.ts";

/** The orders of one open table, on the main thread. */
export class SqliteOrders implements OrderStore {
  readonly #table: string;
  readonly #link: CacheLink;
  readonly #mustBeOpen: () => void;
  edition: number;

  constructor(table: string, link: CacheLink, edition: number, mustBeOpen: () => void) {
    this.#table = table;
    this.#link = link;
    this.edition = edition;
    this.#mustBeOpen = mustBeOpen;
  }

  async read(name: string, edition: number, block: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#mustBeOpen();
    return this.#link.call("readOrder", { table: this.#table, name, edition, block });
  }

  async write(
    name: string,
    edition: number,
    blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  ): Promise<boolean> {
    this.#mustBeOpen();
    const table = this.#table;
    const writing = await this.#link.call("beginOrder", { table, name, edition });
    if (writing === undefined) return false;
    try {
      for await (const bytes of blocks) {
        this.#mustBeOpen();
        if (!(await this.#link.call("appendOrder", { writing, bytes }, [bytes.buffer]))) return false;
      }
      return await this.#link.call("endOrder", { table, writing });
    } catch (error) {
      await this.#link.call("giveUpOrder", { writing }).catch(() => undefined);
      throw error;
    }
  }

  async drop(name: string): Promise<void> {
    this.#mustBeOpen();
    await this.#link.call("dropOrder", { table: this.#table, name });
  }

  async names(): Promise<readonly string[]> {
    this.#mustBeOpen();
    return this.#link.call("orderNames", { table: this.#table });
  }
}
