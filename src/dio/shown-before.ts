import type { Row } from "../record/index.ts";

/** What the ids changed in a stretch showed before it. A single one, by far the most frequent, needs no map. */
export class ShownBefore {
  #firstId: string | undefined;
  #firstRow: Row | undefined;
  /** With the first one, once there is another. */
  #all: Map<string, Row | undefined> | undefined;

  get size(): number {
    if (this.#all !== undefined) return this.#all.size;
    return this.#firstId === undefined ? 0 : 1;
  }

  has(id: string): boolean {
    return this.#all === undefined ? this.#firstId === id : this.#all.has(id);
  }

  get(id: string): Row | undefined {
    if (this.#all !== undefined) return this.#all.get(id);
    return this.#firstId === id ? this.#firstRow : undefined;
  }

  /** Of an id that is not there. */
  add(id: string, row: Row | undefined): void {
    if (this.#firstId === undefined) {
      this.#firstId = id;
      this.#firstRow = row;
      return;
    }
    this.#all ??= new Map([[this.#firstId, this.#firstRow]]);
    this.#all.set(id, row);
  }

  /** A callback, since a fill comes by here with every row: walking a Map in a loop makes a list of each entry. */
  forEach(call: (row: Row | undefined, id: string) => void): void {
    if (this.#all !== undefined) this.#all.forEach(call);
    else if (this.#firstId !== undefined) call(this.#firstRow, this.#firstId);
  }

  clear(): void {
    this.#firstId = undefined;
    this.#firstRow = undefined;
    this.#all = undefined;
  }
}
