import type { OrderIndex } from "./order-index.ts";

/**
 * What stands behind the first rows of an order and is still being ordered, or read from disk. It is the state
 * of one moment: changes since then are kept by the `LazyOrder` and laid on top when this is finished.
 */
export interface OrderRest {
  /** How many rows it holds; right from the start, and never another number. */
  readonly count: number;
  /** Does a few milliseconds of work at most. False where nothing is left to do now: it is ready, or waits for something. */
  step(): boolean;
  /**
   * Every row of it in order, however much work that is; `undefined` where that can't be had synchronously
   * yet, and nothing has happened then. The index belongs to the caller: once it is handed over, nothing of
   * this is called again.
   */
  finish(): OrderIndex | undefined;
}
