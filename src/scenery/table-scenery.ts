import { errorAt, messageOf } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { Listeners, type Range, type ViewEffect } from "../views/index.ts";
import type { ModelLease, ModelLeases } from "./model-leases.ts";
import type { OpenHandles } from "./open-handles.ts";
import type { SceneryHost } from "./scenery-host.ts";
import { ShownTable } from "./shown-table.ts";
import type { TableChange } from "./table-change.ts";
import type { SceneryState, Total } from "./table-model.ts";
import { type OrderByInput, withOrder, withSearch, withWhere, type WhereInput } from "./table-query.ts";
import type { TableRow, TableRows } from "./table-row.ts";

/** What the Sceneries of one host share. */
export interface TableSurroundings {
  readonly host: SceneryHost;
  readonly leases: ModelLeases;
  readonly handles: OpenHandles;
}

/** A setter that is under way: the old rows are shown until the new ones can be. */
interface Swap {
  readonly query: Query;
  lease: ModelLease | undefined;
  /** Resolves when a newer one has taken its place, or nobody waits for it any more. */
  readonly dropped: PromiseWithResolvers<void>;
}

/**
 * A live table: the rows of a query by position, up to date at every read. A handle of its own, with viewport,
 * setters and listeners, on an index and loads that are shared. Close it, or `using`.
 */
export class TableScenery<R extends object = Row> {
  readonly #host: SceneryHost;
  readonly #leases: ModelLeases;
  readonly #pageSize: number | undefined;
  readonly #shown: ShownTable;
  readonly #forget: () => void;
  #listeners = new Listeners<TableChange>();
  #query: Query;
  #lease: ModelLease;
  #swap: Swap | undefined;
  #generation = 0;
  #isReady = false;
  #isClosed = false;
  /** Nobody is told anything any more. */
  #isSilent = false;
  readonly #ended = Promise.withResolvers<void>();

  private constructor(
    { host, leases, handles }: TableSurroundings,
    query: Query,
    pageSize: number | undefined,
  ) {
    this.#host = host;
    this.#leases = leases;
    this.#pageSize = pageSize;
    this.#query = query;
    this.#forget = handles.add({
      end: (error) => this.#end(error, true),
      followFeed: () => this.#followFeed(),
      looksAt: (id) => this.#shown.looksAt(id),
    });
    try {
      this.#lease = this.#openLease(query);
    } catch (error) {
      this.#forget();
      throw error;
    }
    this.#shown = new ShownTable(host, this.#lease.model);
  }

  /** Resolves when its first screen can be read, also where that failed; rejects only `invalid` and `closed`. */
  static async open<R extends object>(
    surroundings: TableSurroundings,
    query: Query,
    pageSize: number | undefined,
  ): Promise<TableScenery<R>> {
    const table = new TableScenery<R>(surroundings, query, pageSize);
    try {
      await Promise.race([table.#lease.model.whenReady(), table.#ended.promise]);
      table.#assertOpen();
    } catch (error) {
      table.close();
      throw error;
    }
    table.#isReady = true;
    table.#shown.show(table.#lease.model);
    table.#followFeed();
    return table;
  }

  // Reading ------------------------------------------------------------------------------------------------

  /** How many rows there are, as far as it is known. */
  get rowCount(): number {
    return this.#shown.rowCount;
  }

  /** How many there are in all, and who says so. */
  get total(): Total {
    return this.#shown.total;
  }

  /** Whether `loadMore` would bring more. */
  get hasMore(): boolean {
    return this.#shown.hasMore;
  }

  /** How far the rows have come, or why they could not be loaded; what is shown stays. */
  get state(): SceneryState {
    return this.#shown.state;
  }

  /** Counts what its listeners were told. */
  get generation(): number {
    return this.#generation;
  }

  /** As it was set last; without one, listeners hear of all rows. */
  get viewport(): Range | undefined {
    return this.#shown.viewport;
  }

  /** The row at a position, from 0; `undefined` where none stands, or it is still to come. */
  row(index: number): TableRow<R> | undefined {
    return toTyped<R>(this.#shown.row(index));
  }

  /** The rows of `[start, end)`, fewer at the end; a position whose row is still to come is `undefined`. */
  rows(start: number, end: number): readonly (TableRow<R> | undefined)[] {
    return toTypedRows<R>(this.#shown.rows(start, end));
  }

  /** Where a row stands; -1 where it is not in the table, or not known to be. */
  indexOf(id: string): number {
    return this.#shown.indexOf(id);
  }

  // Saying what to show ------------------------------------------------------------------------------------

  /**
   * Which positions are on screen: what they miss is loaded, and listeners hear of them alone. Listeners are not told
   * of the viewport itself.
   */
  setViewport(start: number, end: number): void {
    this.#assertOpen();
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start) {
      const message = `a viewport is two whole numbers, 0 ≤ start ≤ end, not ${start} and ${end}`;
      throw errorAt("invalid", { vista: this.#host.name }, message);
    }
    const viewport = { start, end };
    this.#shown.setViewport(viewport);
    this.#lease.setViewport(viewport);
    this.#swap?.lease?.setViewport(viewport);
  }

  /** Loads further rows where there are some; what has failed is tried again. */
  async loadMore(): Promise<void> {
    this.#assertOpen();
    await Promise.race([this.#lease.model.loadMore(), this.#ended.promise]);
  }

  /** Another order; resolves when its rows are shown, or a newer setter has taken its place. Rejects `invalid`. */
  async setOrder(orderBy: OrderByInput | undefined): Promise<void> {
    await this.#change((query) => withOrder(query, orderBy, this.#host));
  }

  /** Another search; blank: none. As `setOrder`. */
  async setSearch(search: string | undefined): Promise<void> {
    await this.#change((query) => withSearch(query, search, this.#host));
  }

  /** Other conditions in place of those it has. As `setOrder`. */
  async setWhere(where: WhereInput | undefined): Promise<void> {
    await this.#change((query) => withWhere(query, where, this.#host));
  }

  // Being told ---------------------------------------------------------------------------------------------

  /**
   * Calls the listener at most once for each publication, and only where what is shown is different: the rows of
   * the viewport, or all rows until one is set, and rowCount, total, hasMore, state.
   */
  subscribe(listener: (change: TableChange) => void): () => void {
    if (this.#isSilent) return () => undefined;
    return this.#listeners.add((change) => {
      if (!this.#isSilent) listener(change);
    });
  }

  /** Idempotent. Reads answer nothing after it, and nobody is told anything. */
  close(): void {
    this.#isSilent = true;
    this.#end(errorAt("closed", { vista: this.#host.name }, "the table is closed"), false);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Setters of one stretch are one swap, so that the query of each but the last is never looked for. */
  async #change(toNext: (query: Query) => Query): Promise<void> {
    this.#assertOpen();
    const query = toNext(this.#swap?.query ?? this.#query);
    this.#swap?.dropped.resolve();
    const swap: Swap = { query, lease: undefined, dropped: Promise.withResolvers<void>() };
    this.#swap = swap;
    await Promise.resolve();
    if (this.#swap !== swap) return;
    try {
      if (this.#leases.keyOf(query, this.#pageSize) !== this.#lease.key) await this.#prepare(swap);
    } catch (error) {
      swap.lease?.release();
      if (this.#swap !== swap) return;
      this.#swap = undefined;
      if (query !== this.#query) this.#followFeed();
      throw error;
    }
    if (this.#swap === swap) this.#show(swap);
    else swap.lease?.release();
  }

  /** Resolves when the new rows can be shown, or nobody wants them any more. */
  async #prepare(swap: Swap): Promise<void> {
    const lease = this.#openLease(swap.query);
    swap.lease = lease;
    if (this.viewport !== undefined) lease.setViewport(this.viewport);
    await Promise.race([lease.model.whenReady(), swap.dropped.promise]);
  }

  /** In one step. */
  #show({ query, lease }: Swap): void {
    const isFollowing = query === this.#query;
    this.#swap = undefined;
    this.#query = query;
    if (lease === undefined) return;
    this.#lease.release();
    this.#lease = lease;
    const change = this.#shown.show(lease.model);
    const isSame =
      this.viewport !== undefined && change.ranges.length === 0 && change.properties.length === 0;
    // Nobody has asked for what is the same by another way.
    if (!isFollowing || !isSame) this.#tell(change);
    this.#followFeed();
  }

  /** Where the query is fed in another way now, the same rows are shown by another model, as a setter would do it. */
  #followFeed(): void {
    // A setter that is under way looks again when it shows its rows.
    if (!this.#isReady || this.#isClosed || this.#swap !== undefined) return;
    if (this.#leases.keyOf(this.#query, this.#pageSize) === this.#lease.key) return;
    this.#change((query) => query).catch((error: unknown) => {
      if (!this.#isClosed) this.#host.logger.error("a Scenery failed", { reason: messageOf(error) });
    });
  }

  #openLease(query: Query): ModelLease {
    return this.#leases.open(query, this.#pageSize, (effect, lease) => this.#onEffect(effect, lease));
  }

  #onEffect(effect: ViewEffect, lease: ModelLease): void {
    if (lease !== this.#lease || !this.#isReady) return;
    const change = this.#shown.update(effect);
    if (change !== undefined) this.#tell(change);
  }

  #tell(change: TableChange): void {
    this.#generation += 1;
    this.#listeners.tell(change, (error) => {
      this.#host.logger.error("a listener of a Scenery failed", { reason: messageOf(error) });
    });
  }

  #end(error: ReturnType<typeof errorAt>, isTold: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forget();
    this.#swap?.dropped.resolve();
    this.#swap = undefined;
    this.#lease.release();
    this.#ended.resolve();
    const change = this.#shown.end(error);
    if (isTold && this.#isReady) this.#tell(change);
    this.#isSilent = true;
    this.#listeners = new Listeners();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw errorAt("closed", { vista: this.#host.name }, "the table is closed");
  }
}

// The row type is the application's claim about the same rows.

function toTyped<R extends object>(row: TableRow | undefined): TableRow<R> | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return row as unknown as TableRow<R> | undefined;
}

function toTypedRows<R extends object>(rows: TableRows): readonly (TableRow<R> | undefined)[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return rows as unknown as readonly (TableRow<R> | undefined)[];
}
