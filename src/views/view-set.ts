import { assert } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Aggregate, RowFollower } from "./aggregate-contract.ts";
import { AggregateLease, ReductionLease } from "./aggregate-lease.ts";
import { createReduction, type ReductionSpec } from "./aggregate-reduction.ts";
import { createAggregate } from "./aggregate-rows.ts";
import { LazyOrder } from "./lazy-order.ts";
import { MemberRows } from "./member-rows.ts";
import { OrderedLease } from "./ordered-lease.ts";
import type { QueryScope } from "./query-scope.ts";
import type { RowChange } from "./row-change.ts";
import type { RowSet } from "./row-set.ts";
import { RowTally } from "./row-tally.ts";
import { ScopeCache } from "./scope-cache.ts";
import { Selections } from "./selections.ts";
import { SharedAggregate } from "./shared-aggregate.ts";
import { type OrderHost, SharedOrder } from "./shared-order.ts";
import type { SharedView } from "./shared-view.ts";
import type { AggregateSpec, AggregateView, OrderedView, ReductionView } from "./view-contract.ts";
import { ViewPool } from "./view-pool.ts";

/** What a view set needs of its surroundings. */
export interface ViewSetOptions {
  /** Where a search looks; `undefined`: every text cell. */
  readonly searchColumns: () => readonly string[] | undefined;
  /**
   * Has `step` called again and again behind what else goes on, until it returns false. Each call does a few
   * milliseconds of work.
   */
  readonly schedule: (step: () => boolean) => void;
  /** A view is kept without a user: `sweep` is to be called now and then, until it returns false. */
  readonly onIdle?: (() => void) | undefined;
  /** What a listener threw. Without it `notify` throws the first such error, after everyone has been told. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
}

/** What a value takes that is kept for its own sake. */
const VALUE_BYTES = 40;

/** How many views there are, and what they take. */
export interface ViewFigures {
  readonly views: number;
  /** Of these, without a user. */
  readonly idle: number;
  /** Estimated, beyond the rows themselves. */
  readonly sizeBytes: number;
}

/** The order of a view that has one and is whole, as it may be kept for a later session. */
export interface KeptOrder {
  readonly query: Query;
  readonly order: LazyOrder;
}

/**
 * The views over one row set. The same conditions, search and order are one view, kept while anyone uses it and
 * for a while after. Purely computing: time and scheduling come from outside. Views are opened and read when they
 * have been told of every change.
 */
export class ViewSet {
  readonly #rows: RowSet;
  readonly #options: ViewSetOptions;
  readonly #scopes: ScopeCache;
  readonly #selections = new Selections();
  readonly #orders: ViewPool<SharedOrder>;
  readonly #aggregates: ViewPool<SharedAggregate<Aggregate>>;
  readonly #reductions = new Set<SharedAggregate<RowFollower>>();
  readonly #members: MemberRows;
  readonly #orderHost: OrderHost;
  /** What has something to tell when the publication ends. */
  #news = new Set<SharedView>();
  readonly #hasNews = (view: SharedView): void => {
    this.#news.add(view);
  };

  readonly #releaseOrder = (view: SharedOrder): void => {
    if (this.#orders.release(view)) this.#options.onIdle?.();
  };
  readonly #releaseAggregate = (view: SharedAggregate<Aggregate>): void => {
    if (this.#aggregates.release(view)) this.#options.onIdle?.();
  };

  constructor(rows: RowSet, options: ViewSetOptions) {
    this.#rows = rows;
    this.#options = options;
    this.#scopes = new ScopeCache(options.searchColumns);
    this.#orders = new ViewPool(this.#selections, () => this.#onOrderDropped());
    this.#aggregates = new ViewPool(this.#selections, () => undefined);
    const members = new MemberRows(rows, this.#orders, options.schedule);
    this.#members = members;
    this.#orderHost = {
      rows,
      createOrder: (view) => members.createOrder(view),
      hasNews: this.#hasNews,
      schedule: options.schedule,
    };
  }

  /** Views that are kept, those included that nobody uses any more. */
  get size(): number {
    return this.#orders.size + this.#aggregates.size + this.#reductions.size;
  }

  /** For diagnostics. */
  get figures(): ViewFigures {
    return {
      views: this.size,
      idle: this.#orders.idleCount + this.#aggregates.idleCount,
      sizeBytes: this.#orders.sizeBytes + this.#aggregates.sizeBytes + this.#members.sizeBytes,
    };
  }

  /**
   * Opens, or shares, the view of a query; without an order the rows stand in the set's own. Before the rows are
   * loaded, only one that was adopted.
   */
  openOrdered(query: Query): OrderedView {
    assert(this.#rows.isLoaded || this.#isThere(query), "a view is opened when the rows are loaded");
    return this.#openOrdered(query);
  }

  /**
   * As `openOrdered`, with an order that is there already, as the rows are now, its end perhaps still to come: from
   * then on it belongs to the view. Where the view is open already it is not used.
   */
  adoptOrdered(query: Query, order: LazyOrder): OrderedView {
    assert(query.order.length > 0, "an order that is kept has columns");
    return this.#openOrdered(query, order);
  }

  /** The orders of all views that have one and are whole, as the rows are now. */
  *keptOrders(): Generator<KeptOrder, void, undefined> {
    for (const view of this.#orders.views()) {
      if (!view.isBuilt || !this.#orders.refresh(view)) continue;
      const { query, order } = view;
      if (order instanceof LazyOrder && order.isComplete) yield { query, order };
    }
  }

  /** Opens, or shares, an aggregate of the query's rows. Throws `invalid` for a spec that makes no sense. */
  openAggregate(query: Query, spec: AggregateSpec): AggregateView {
    assert(this.#rows.isLoaded, "an aggregate is opened when the rows are loaded");
    const { scope } = this.#scopes.keyed(query);
    const { kind, column = null, groupBy = null, columnType = null } = spec;
    const key = `${scope.key} ${JSON.stringify([kind, column, groupBy, columnType])}`;
    const view = this.#aggregates.acquire(
      key,
      () =>
        new SharedAggregate(
          { key, scope, sizeBytes: this.#sizeOf(spec) },
          this.#createAggregate(scope, spec),
          this.#hasNews,
        ),
    );
    return new AggregateLease(view, this.#releaseAggregate);
  }

  /** Opens a reduction of the query's rows; a function is like no other, so that nobody shares it. */
  openReduction<Result>(query: Query, spec: ReductionSpec<Result>): ReductionView<Result> {
    assert(this.#rows.isLoaded, "a reduction is opened when the rows are loaded");
    const { scope } = this.#scopes.keyed(query);
    const reduction = createReduction(spec, () => this.#members.entries(scope));
    const view = new SharedAggregate({ key: scope.key, scope, sizeBytes: 0 }, reduction, this.#hasNews);
    const selection = this.#selections.follow(scope, view);
    this.#reductions.add(view);
    return new ReductionLease(view, () => {
      this.#selections.unfollow(selection, view);
      this.#reductions.delete(view);
    });
  }

  /** Brings every view to what the row set now holds; each id once. Listeners are not told before `notify`. */
  apply(changes: readonly RowChange[]): void {
    this.#orders.putToSleep();
    this.#aggregates.putToSleep();
    try {
      this.#members.admit(changes);
      this.#selections.apply(changes);
      this.#members.dismiss(changes);
      this.#orders.append(changes);
      this.#aggregates.append(changes);
    } catch (error) {
      // Whatever that was, no view may go on from half of it.
      this.reset();
      throw error;
    }
  }

  /** Rows changed too much to follow: every view starts over. Told by `notify`. */
  reset(): void {
    this.#members.forgetArrivals();
    this.#orders.reset();
    this.#aggregates.reset();
    for (const view of this.#reductions) view.reset();
  }

  /**
   * Ends one publication: tells the listeners of every view to which `apply`, `reset` or `touched` did something.
   * `touched`: rows that show the same with another status; `undefined`: every row does, told as `reset` by the
   * views of rows, which need not start over for it.
   */
  notify(touched: Iterable<string> | undefined): void {
    if (touched === undefined) for (const view of this.#orders.views()) view.touchAll();
    else this.#selections.touch(touched, this.#rows);
    if (this.#news.size === 0) return;
    // What listeners make of it belongs to the next publication.
    const news = this.#news;
    this.#news = new Set();
    const errors: unknown[] = [];
    const onError = this.#options.onListenerError ?? ((error: unknown) => void errors.push(error));
    for (const view of news) view.tell(onError);
    if (errors.length > 0) throw errors[0];
  }

  /**
   * Lets go of what nobody has used for a while. To be called every few seconds after `onIdle`, until it returns
   * false. `nowMs` is of any clock.
   */
  sweep(nowMs: number): boolean {
    const ordersLeft = this.#orders.sweep(nowMs);
    return this.#aggregates.sweep(nowMs) || ordersLeft;
  }

  /** Nobody reads any more. */
  close(): void {
    this.#orders.close();
    this.#aggregates.close();
    for (const view of this.#reductions) view.close();
    this.#reductions.clear();
    this.#news.clear();
  }

  #isThere(query: Query): boolean {
    const { scope, orderKey } = this.#scopes.keyed(query);
    return this.#orders.has(scope.key + orderKey);
  }

  #openOrdered(query: Query, order?: LazyOrder): OrderedView {
    const { scope, orderKey } = this.#scopes.keyed(query);
    const key = scope.key + orderKey;
    const view = this.#orders.acquire(
      key,
      () => new SharedOrder({ key, query, scope, orderKey }, this.#orderHost, order),
    );
    return new OrderedLease(view, this.#releaseOrder);
  }

  #createAggregate(scope: QueryScope, spec: AggregateSpec): Aggregate {
    if (spec.kind === "count" && spec.groupBy === undefined)
      return new RowTally(() => this.#members.count(scope));
    // Groups stand in the order in which they came.
    const isOrdered = spec.groupBy !== undefined;
    return createAggregate(spec, () =>
      isOrdered ? this.#members.entries(scope) : this.#members.members(scope),
    );
  }

  /** At most, where it keeps every value or group. */
  #sizeOf({ kind, groupBy }: AggregateSpec): number {
    const isSmall = groupBy === undefined && (kind === "count" || kind === "sum" || kind === "avg");
    return isSmall ? 0 : this.#rows.count * VALUE_BYTES;
  }

  #onOrderDropped(): void {
    for (const view of this.#orders.views()) if (view.query.order.length === 0) return;
    this.#members.forgetArrivals();
  }
}
