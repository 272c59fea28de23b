export { checkAggregate } from "./aggregate-cells.ts";
export { Listeners } from "./listeners.ts";
export { LazyOrder } from "./lazy-order.ts";
export { OrderAssembler } from "./order-assembler.ts";
export type { OrderIndex } from "./order-index.ts";
export type { RowChange } from "./row-change.ts";
export type { RowSet } from "./row-set.ts";
export type {
  AggregateResult,
  AggregateSpec,
  AggregateView,
  OrderedView,
  Range,
  ViewEffect,
} from "./view-contract.ts";
export { type KeptOrder, ViewSet, type ViewSetOptions } from "./view-set.ts";
export { decodeFirst, storedBlocks, type StoredFirst, type StoredHead } from "./stored-order.ts";
export { StoredRest } from "./stored-rest.ts";
