import { everything } from "../query/index.ts";
import type { Entry } from "../record/index.ts";
import { ArrivalOrder } from "./arrival-order.ts";
import { Arrivals } from "./arrivals.ts";
import { chooseBase } from "./base-view.ts";
import { LazyOrder } from "./lazy-order.ts";
import { compileScope, isEverything, QueryScope } from "./query-scope.ts";
import type { RowChange } from "./row-change.ts";
import type { RowOrder } from "./row-order.ts";
import type { RowSet } from "./row-set.ts";
import { scanRows } from "./scan-rows.ts";
import type { OrderIdentity, SharedOrder } from "./shared-order.ts";
import { orderSorted } from "./sorted-order.ts";
import type { ViewPool } from "./view-pool.ts";

const wholeScope = new QueryScope(everything, undefined);

/** Finds the rows of a scope: through a view that has them all, where there is one, else among all rows. */
export class MemberRows {
  readonly #rows: RowSet;
  readonly #orders: ViewPool<SharedOrder>;
  readonly #schedule: (step: () => boolean) => void;
  /** Absent while no view needs the row set's own order. */
  #arrivals: Arrivals | undefined;

  constructor(rows: RowSet, orders: ViewPool<SharedOrder>, schedule: (step: () => boolean) => void) {
    this.#rows = rows;
    this.#orders = orders;
    this.#schedule = schedule;
  }

  get sizeBytes(): number {
    return this.#arrivals?.sizeBytes ?? 0;
  }

  /** As the rows are now. */
  createOrder({ query, scope, orderKey }: OrderIdentity): RowOrder {
    const arrivals = query.order.length === 0 ? this.#arrivalsNow() : undefined;
    const base =
      arrivals?.isNoted === false
        ? undefined
        : chooseBase(this.#orders, scope, { rowCount: this.#rows.count, orderKey });
    if (base === undefined && arrivals !== undefined) return this.#createByArrival(scope, arrivals);
    const ids = base?.order.idsBetween(0, base.order.count);
    const found = scanRows(this.#rows, scope, base && ids && { scope: base.scope, ids });
    if (arrivals !== undefined) {
      const numbers = Float64Array.from(found.ids, (id) => arrivals.numberOf(id));
      return ArrivalOrder.of(arrivals, found.ids, numbers);
    }
    const isSorted = base?.orderKey === orderKey;
    return isSorted
      ? orderSorted(query.order, found.ids, found.rows)
      : LazyOrder.over(query.order, found.ids, found.rows);
  }

  count(scope: QueryScope): number {
    if (isEverything(scope)) return this.#rows.count;
    for (const view of this.#orders.views())
      if (view.scope.key === scope.key && view.isBuilt && this.#orders.refresh(view)) return view.order.count;
    let count = 0;
    for (const _member of this.members(scope)) count += 1;
    return count;
  }

  /** In no order. */
  *members(scope: QueryScope): Generator<Entry, void, undefined> {
    const base = chooseBase(this.#orders, scope, { rowCount: this.#rows.count });
    if (base === undefined) {
      yield* this.entries(scope);
      return;
    }
    const holds = compileScope(scope, base.scope);
    for (const id of base.order.idsBetween(0, base.order.count)) {
      const row = this.#rows.get(id);
      if (row !== undefined && holds(id, row)) yield [id, row];
    }
  }

  /** In the row set's own order. */
  *entries(scope: QueryScope): Generator<Entry, void, undefined> {
    const holds = compileScope(scope);
    for (const entry of this.#rows.entries()) if (holds(entry[0], entry[1])) yield entry;
  }

  /** Before views hear of changes. */
  admit(changes: readonly RowChange[]): void {
    this.#arrivals?.admit(changes);
  }

  /** After they have. */
  dismiss(changes: readonly RowChange[]): void {
    this.#arrivals?.dismiss(changes);
  }

  /** The row set's own order is another, or of no interest any more. */
  forgetArrivals(): void {
    this.#arrivals = undefined;
  }

  /** Which id has which number is noted behind what else goes on. */
  #arrivalsNow(): Arrivals {
    if (this.#arrivals !== undefined) return this.#arrivals;
    const { ids } = scanRows(this.#rows, wholeScope);
    const arrivals = new Arrivals(ids);
    this.#arrivals = arrivals;
    this.#schedule(() => this.#arrivals === arrivals && arrivals.step());
    return arrivals;
  }

  #createByArrival(scope: QueryScope, arrivals: Arrivals): RowOrder {
    const holds = compileScope(scope);
    const numberOf = arrivals.inOrder();
    const ids: string[] = [];
    const numbers: number[] = [];
    for (const [id, row] of this.#rows.entries()) {
      const number = numberOf(id);
      if (!holds(id, row)) continue;
      ids.push(id);
      numbers.push(number);
    }
    return ArrivalOrder.of(arrivals, ids, Float64Array.from(numbers));
  }
}
