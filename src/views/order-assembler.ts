import type { OrderTerm } from "../query/index.ts";
import type { KeyForm, OrderBlock } from "./order-block.ts";
import { OrderIndex } from "./order-index.ts";

/** Puts an index together from blocks that come in order, as `OrderIndex.blocks` gave them, without sorting. */
export class OrderAssembler {
  readonly #index: OrderIndex;

  constructor(order: readonly OrderTerm[], _forms: readonly KeyForm[]) {
    this.#index = new OrderIndex(order);
  }

  /** The next entries. False where they don't follow in strict order, or aren't what `forms` says: nothing may be done with it then. */
  append(_block: OrderBlock): boolean {
    return false;
  }

  /** The index of everything appended; it belongs to the caller, and this is used up. */
  finish(): OrderIndex {
    return this.#index;
  }
}
