import type { Value } from "../record/index.ts";
import { openValue, type ValueSurroundings } from "./aggregate-value.ts";
import type { ValueScenery } from "./value-scenery.ts";

/** A sum as its column has it: of numbers, of bigints, or the text of decimals. */
export type SumValue = number | bigint | string;

/** The values that can be had over the rows of a query; each is a live handle, to be closed. */
export class Values {
  readonly #surroundings: ValueSurroundings;

  constructor(surroundings: ValueSurroundings) {
    this.#surroundings = surroundings;
  }

  count(): ValueScenery<number> {
    return openValue(this.#surroundings, { kind: "count" });
  }

  /** Exact, rounded once. `invalid` for a column that can't be added up. */
  sum(column: string): ValueScenery<SumValue> {
    return openValue(this.#surroundings, { kind: "sum", column });
  }

  /** Of the cells that are there; no value without any. */
  avg(column: string): ValueScenery<SumValue> {
    return openValue(this.#surroundings, { kind: "avg", column });
  }

  /** The first cell in the one total order. */
  min(column: string): ValueScenery<Value> {
    return openValue(this.#surroundings, { kind: "min", column });
  }

  max(column: string): ValueScenery<Value> {
    return openValue(this.#surroundings, { kind: "max", column });
  }

  /** How many different values there are, null and absent aside. */
  distinct(column: string): ValueScenery<number> {
    return openValue(this.#surroundings, { kind: "distinct", column });
  }
}
