import type { OrderTerm } from "../query/index.ts";
import type { KeyedRows } from "./keyed-rows.ts";
import { OrderIndex } from "./order-index.ts";
import type { OrderRest } from "./order-rest.ts";
import { finishNow } from "./sort-places.ts";

/** The rest of an order over rows that are in memory: sorted in steps. */
export class SortedRest implements OrderRest {
  readonly count: number;
  readonly #index: OrderIndex;
  readonly #work: Generator<void, void, void>;

  /** `places`: which of the rows are in the rest; they are sorted in place. */
  constructor(order: readonly OrderTerm[], keyed: KeyedRows, places: Uint32Array) {
    this.count = places.length;
    const leaves = keyed.createLeaves();
    this.#index = new OrderIndex(order, leaves);
    this.#work = (function* (): Generator<void, void, void> {
      yield* keyed.sort(places);
      yield* keyed.fill(leaves, places);
    })();
  }

  step(): boolean {
    return this.#work.next().done !== true;
  }

  finish(): OrderIndex {
    finishNow(this.#work);
    return this.#index;
  }
}
