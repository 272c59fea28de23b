import { isWithin, type QueryScope } from "./query-scope.ts";
import type { SharedOrder } from "./shared-order.ts";
import type { ViewPool } from "./view-pool.ts";

/** To look a row up by its id takes about as long as to test two that one comes by. */
const LOOKUP_COST = 2;

/**
 * The view with the fewest rows among which all of the scope are, where going through them is cheaper than through
 * every row. One of the wanted order is preferred, since what is found in it needs no sorting.
 */
export function chooseBase(
  orders: ViewPool<SharedOrder>,
  scope: QueryScope,
  rowCount: number,
  orderKey?: string,
): SharedOrder | undefined {
  for (;;) {
    let best: SharedOrder | undefined;
    let leastCost = rowCount;
    for (const view of orders.views()) {
      if (!view.isBuilt || !view.order.isComplete || !isWithin(scope, view.scope)) continue;
      const cost = view.order.count * (view.orderKey === orderKey ? 1 : LOOKUP_COST);
      if (cost >= leastCost) continue;
      best = view;
      leastCost = cost;
    }
    // One that sleeps may turn out to be too far behind; it is not among them any more then.
    if (best === undefined || orders.refresh(best)) return best;
  }
}
