import type { CellAccumulator } from "./aggregate-contract.ts";

/** How many rows there are, whatever their cells. */
export class RowCount implements CellAccumulator {
  #count = 0;

  add(): void {
    this.#count++;
  }

  remove(): void {
    this.#count--;
  }

  get result(): number {
    return this.#count;
  }
}
