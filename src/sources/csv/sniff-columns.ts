import { convertCell, type CellType } from "./convert-cell.ts";

import type { DataBlock } from "./data-rows.ts";

/** Rows that columns without a declared type are judged by. */
export const SNIFFED_ROWS = 10_000;

/** The narrower ones first: a column has the first type that all its cells have. */
const candidates: readonly CellType[] = ["integer", "number", "boolean", "date"];

/** Finds the type of each column from its cells; null tokens say nothing, and a column of nothing else is text. */
export class ColumnSniffer {
  readonly #left: CellType[][];
  readonly #seen: boolean[];
  readonly #nullTokens: ReadonlySet<string>;
  #rowsLeft = SNIFFED_ROWS;

  constructor(width: number, nullTokens: readonly string[]) {
    this.#left = Array.from({ length: width }, () => [...candidates]);
    this.#seen = Array.from({ length: width }, () => false);
    this.#nullTokens = new Set(nullTokens);
  }

  /** Takes the rows of a block into account, up to this line; whether more of them are wanted. */
  addBlock(block: DataBlock, endLine: number = Infinity): boolean {
    for (const [index, cells] of block.rows.entries()) {
      if (this.#rowsLeft === 0 || block.lineOf(index) >= endLine) break;
      this.#rowsLeft--;
      this.#add(cells);
    }
    return this.#rowsLeft > 0;
  }

  typeOf(index: number): CellType {
    const type = this.#seen[index] === true ? this.#left[index]?.[0] : undefined;
    return type ?? "text";
  }

  #add(cells: readonly string[]): void {
    for (const [index, left] of this.#left.entries()) {
      const cell = cells[index];
      if (left.length === 0 || cell === undefined || this.#nullTokens.has(cell)) continue;
      this.#seen[index] = true;
      this.#left[index] = left.filter((type) => convertCell(type, cell, false) !== undefined);
    }
  }
}
