import type { Value } from "../record/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { type GroupKey, toGroupKey } from "./group-key.ts";

/** How many different values there are, as conditions compare; null and absent don't count. */
export class DistinctCount implements CellAccumulator {
  readonly #counts = new Map<GroupKey, number>();

  add(cell: Value | undefined): void {
    if (cell === undefined || cell === null) return;
    const key = toGroupKey(cell);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(cell: Value | undefined): void {
    if (cell === undefined || cell === null) return;
    const key = toGroupKey(cell);
    const left = (this.#counts.get(key) ?? 0) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }

  get result(): number {
    return this.#counts.size;
  }
}
