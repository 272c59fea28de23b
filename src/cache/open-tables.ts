import { DioramaError } from "../base/index.ts";

/** The open tables of one backend: one holder a name, none after the end. */
export class OpenTables<T extends { close(): Promise<void> }> {
  readonly #where: string;
  /** Undefined while a table is being opened. */
  readonly #tables = new Map<string, T | undefined>();
  #ended = false;

  /** `where` names the backend in messages: "the memory cache". */
  constructor(where: string) {
    this.#where = where;
  }

  mustRun(): void {
    if (this.#ended) throw new DioramaError("closed", `${this.#where} is closed; open another one`);
  }

  /** Takes the name for something that is about to happen to it: `add` or `remove` follows. */
  reserve(name: string, doing: "opened" | "dropped"): void {
    this.mustBeFree(name, doing);
    this.#tables.set(name, undefined);
  }

  mustBeFree(name: string, doing: "opened" | "dropped"): void {
    this.mustRun();
    if (!this.#tables.has(name)) return;
    throw new DioramaError(
      "inUse",
      `table ${JSON.stringify(name)} of ${this.#where} can't be ${doing}: it is open already; close what holds it, or give another table name`,
      { place: { vista: name } },
    );
  }

  add(name: string, table: T): T {
    this.#tables.set(name, table);
    return table;
  }

  remove(name: string): void {
    this.#tables.delete(name);
  }

  /** Closes the tables that are open; from the first moment on nothing new is opened. */
  async end(): Promise<void> {
    this.#ended = true;
    const open = [...this.#tables.values()].filter((table) => table !== undefined);
    await Promise.all(open.map((table) => table.close()));
  }
}

/** What a closed table answers. */
export function closedTable(name: string): DioramaError {
  return new DioramaError("closed", `cache table ${JSON.stringify(name)} is closed`, {
    place: { vista: name },
  });
}
