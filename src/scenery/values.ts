import type { Row, Value } from "../record/index.ts";
import { openValue, type ValueSurroundings } from "./aggregate-value.ts";
import { ValueScenery } from "./value-scenery.ts";

/** A sum as its column has it: of numbers, of bigints, or the text of decimals. */
export type SumValue = number | bigint | string;

/** Takes one row into, or out of, what was reduced so far. */
export type RowReducer<T, R extends object = Row> = (reduced: T, row: R, id: string) => T;

/** The values that can be had over the rows of a query; each is a live handle, to be closed. */
export class Values<R extends object = Row> {
  readonly #surroundings: ValueSurroundings;

  constructor(surroundings: ValueSurroundings) {
    this.#surroundings = surroundings;
  }

  /** How many rows there are. */
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

  /** The last cell in the one total order. */
  max(column: string): ValueScenery<Value> {
    return openValue(this.#surroundings, { kind: "max", column });
  }

  /** How many different values there are, null and absent aside. */
  distinct(column: string): ValueScenery<number> {
    return openValue(this.#surroundings, { kind: "distinct", column });
  }

  /**
   * A value of one's own: `fn` takes in one row after the other and changes nothing that it is given. With `undo`, which
   * takes out a row that `fn` took in, each change costs one call of it; without, every row is taken in again.
   */
  reduce<T>(fn: RowReducer<T, R>, initial: T, undo?: RowReducer<T, R>): ValueScenery<T> {
    const { host, query } = this.#surroundings;
    const spec = { fn: toUntyped(fn), initial, undo: undo === undefined ? undefined : toUntyped(undo) };
    return new ValueScenery<T>(this.#surroundings, query, () => {
      const view = host.views.openReduction(query, spec);
      return {
        read: () => view.value,
        isSame: (a, b) => Object.is(a, b),
        subscribe: (listener) => view.subscribe(listener),
        release: () => view.release(),
      };
    });
  }
}

function toUntyped<T, R extends object>(fn: RowReducer<T, R>): RowReducer<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row type is the application's claim
  return fn as unknown as RowReducer<T>;
}
