import type { Clock, Logger } from "../base/index.ts";
import type { OrderStore } from "../cache/index.ts";
import { type Query, queryKey } from "../query/index.ts";
import type { DioState } from "./dio-state.ts";

/** What keeping orders and restoring them needs of its Dio. */
export interface WarmHost {
  readonly name: string;
  readonly state: DioState;
  readonly orders: OrderStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where a search looks; `undefined`: every text cell. */
  readonly searchColumns: () => readonly string[] | undefined;
  /** Fires when the Dio closes. */
  readonly closing: AbortSignal;
}

/** To be raised whenever the meaning of a stored order changes: its encoding, the total order, conditions, search. */
const FORMAT = 1;

/** Under which an order is kept: the same for the same rows in the same order. */
export function orderName(query: Query, searchColumns: readonly string[] | undefined): string {
  const columns = query.search === undefined || searchColumns === undefined ? [] : searchColumns;
  return JSON.stringify([FORMAT, queryKey(query, { order: true }), ...columns]);
}
