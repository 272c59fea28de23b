export { checkAggregate } from "./aggregate-cells.ts";
export { Listeners } from "./listeners.ts";
export type { RowChange } from "./row-change.ts";
export type { RowSet } from "./row-set.ts";
export type {
  AggregateKind,
  AggregateResult,
  AggregateSpec,
  AggregateView,
  OrderedView,
  Range,
  ViewEffect,
  ViewListener,
} from "./view-contract.ts";
export { ViewSet, type ViewSetOptions } from "./view-set.ts";
