import { isWithin, type QueryScope } from "./query-scope.ts";
import type { SharedOrder } from "./shared-order.ts";
import type { ViewPool } from "./view-pool.ts";

// What it costs to look through a row of a view, where 1 is a row that one comes by among all. Those lie behind each
// other in memory; one that is looked up by its id lies anywhere, and waiting for it takes longer than testing it.
const LOOKUP_COST = 7;
/** Where what is found needs no sorting any more. */
const SORTED_COST = 6;
/** On top, where the view has yet to be sorted itself. */
const COMPLETION_COST = 2;

/**
 * The view with the fewest rows among which all of the scope are, where going through them is cheaper than through
 * every row; it is complete and up to date. One of the wanted order is preferred.
 */
export function chooseBase(
  orders: ViewPool<SharedOrder>,
  scope: QueryScope,
  wanted: { readonly rowCount: number; readonly orderKey?: string },
): SharedOrder | undefined {
  const useless = new Set<SharedOrder>();
  for (;;) {
    let best: SharedOrder | undefined;
    let leastCost = wanted.rowCount;
    for (const view of orders.views()) {
      if (!view.isBuilt || useless.has(view) || !isWithin(scope, view.scope)) continue;
      const cost = costOf(view, wanted.orderKey);
      if (cost >= leastCost) continue;
      best = view;
      leastCost = cost;
    }
    if (best === undefined || (orders.refresh(best) && best.complete())) return best;
    useless.add(best);
  }
}

function costOf({ order, orderKey }: SharedOrder, wantedKey: string | undefined): number {
  const cost = orderKey === wantedKey ? SORTED_COST : LOOKUP_COST;
  return order.count * (order.isComplete ? cost : cost + COMPLETION_COST);
}
