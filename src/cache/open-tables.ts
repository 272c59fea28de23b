import { DioramaError } from "../base/index.ts";

/** The open tables of one backend: one holder a name, none after the end. */
export class OpenTables<T extends { close(): Promise<void> }> {
  readonly #where: string;
  readonly #tables = new Map<string, T>();
  #ended = false;

  /** `where` names the backend in messages: "the memory cache". */
  constructor(where: string) {
    this.#where = where;
  }

  mustRun(): void {
    if (this.#ended) throw new DioramaError("closed", `${this.#where} is closed; open another one`);
  }

  mustBeFree(name: string, doing: string): void {
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

  values(): T[] {
    return [...this.#tables.values()];
  }

  /** Closes the tables that are open; from the first moment on nothing new is opened. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.values().map((table) => table.close()));
  }
}

/** What a closed table answers. */
export function closedTable(name: string): DioramaError {
  return new DioramaError("closed", `cache table ${JSON.stringify(name)} is closed`, { place: { vista: name } });
}
