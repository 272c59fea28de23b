import type { Value } from "../record/index.ts";
import type { Aggregate } from "./aggregate-contract.ts";
import type { AggregateResult } from "./view-contract.ts";

const noGroups: ReadonlyMap<Value, AggregateResult> = new Map();

/** How many rows match. It is often known, without a look at any of them, where an order of them is. */
export class RowTally implements Aggregate {
  readonly groups: ReadonlyMap<Value, AggregateResult> = noGroups;
  readonly #countNow: () => number;
  /** Absent until it is read. */
  #count: number | undefined;

  constructor(countNow: () => number) {
    this.#countNow = countNow;
  }

  get value(): number {
    this.#count ??= this.#countNow();
    return this.#count;
  }

  add(): boolean {
    return this.#changeBy(1);
  }

  remove(): boolean {
    return this.#changeBy(-1);
  }

  replace(): boolean {
    return false;
  }

  reset(): void {
    this.#count = undefined;
  }

  #changeBy(difference: 1 | -1): boolean {
    if (this.#count !== undefined) this.#count += difference;
    return true;
  }
}
