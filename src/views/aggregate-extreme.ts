import type { Value } from "../record/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { ValueBag } from "./aggregate-bag.ts";

/** The first or the last cell in the total order; null and absent don't count. */
export class ExtremeCell implements CellAccumulator {
  readonly #cells = new ValueBag();
  readonly #isLast: boolean;

  constructor(kind: "min" | "max") {
    this.#isLast = kind === "max";
  }

  add(cell: Value | undefined): void {
    if (cell !== undefined && cell !== null) this.#cells.add(cell);
  }

  remove(cell: Value | undefined): void {
    if (cell !== undefined && cell !== null) this.#cells.remove(cell);
  }

  get result(): Value | undefined {
    return this.#isLast ? this.#cells.last : this.#cells.first;
  }
}
