import type { Entry } from "../record/index.ts";
import { ArrivalOrder } from "./arrival-order.ts";
import { Arrivals } from "./arrivals.ts";
import { chooseBase } from "./base-view.ts";
import { LazyOrder } from "./lazy-order.ts";
import { compileScope, isEverything, type QueryScope } from "./query-scope.ts";
import type { RowChange } from "./row-change.ts";
import type { RowOrder } from "./row-order.ts";
import type { RowSet } from "./row-set.ts";
import { scanRows } from "./scan-rows.ts";
import type { OrderIdentity, SharedOrder } from "./shared-order.ts";
import type { ViewPool } from "./view-pool.ts";

/** Finds the rows of a scope: through a view that has them all, where there is one, else among all rows. */
export class MemberRows {
  readonly #rows: RowSet;
  readonly #orders: ViewPool<SharedOrder>;
  /** Absent while no view needs the row set's own order. */
  #arrivals: Arrivals | undefined;

  constructor(rows: RowSet, orders: ViewPool<SharedOrder>) {
    this.#rows = rows;
    this.#orders = orders;
  }

  get sizeBytes(): number {
    return this.#arrivals?.sizeBytes ?? 0;
  }

  /** As the rows are now. */
  createOrder({ query, scope, orderKey }: OrderIdentity): RowOrder {
    const base = chooseBase(this.#orders, scope, this.#rows.count, orderKey);
    const { ids, rows } = scanRows(
      this.#rows,
      scope,
      base && { scope: base.scope, ids: base.order.idsBetween(0, base.order.count) },
    );
    if (query.order.length > 0) return LazyOrder.over(query.order, ids, rows);
    this.#arrivals ??= new Arrivals(this.#rows);
    return new ArrivalOrder(this.#arrivals, ids);
  }

  count(scope: QueryScope): number {
    if (isEverything(scope)) return this.#rows.count;
    const base = chooseBase(this.#orders, scope, Infinity);
    if (base?.scope.key === scope.key) return base.order.count;
    let count = 0;
    for (const _member of this.members(scope)) count += 1;
    return count;
  }

  /** In no order. */
  *members(scope: QueryScope): Generator<Entry, void, undefined> {
    const base = chooseBase(this.#orders, scope, this.#rows.count);
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
}
