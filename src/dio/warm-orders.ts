import type { Query } from "../query/index.ts";
import type { DioState } from "./dio-state.ts";
import type { KeptOrders, OpenKeptOrders } from "./kept-orders.ts";
import { WantedRows } from "./wanted-rows.ts";
import type { WarmHost } from "./warm-host.ts";

/** Orders of views that outlive the session, where the cache keeps any. */
export class WarmOrders {
  readonly #state: DioState;
  readonly #kept: KeptOrders | undefined;

  /** Rows that a restored view shows and that are not in memory yet. */
  readonly wanted: WantedRows;

  /** To be made before anything is written to the table. */
  constructor(host: Omit<WarmHost, "orders">, openKept: OpenKeptOrders | undefined) {
    this.#state = host.state;
    this.wanted = new WantedRows(host.state, host.logger);
    this.#kept = openKept?.(host);
  }

  /** To be called when a view is opened for longer: its order is kept, also while the session goes on. */
  watch(): void {
    this.#kept?.watch();
  }

  /**
   * To be asked before a view is opened. True: it has the order of an earlier session, and its first rows are in
   * memory, though others are still on their way. Never rejects.
   */
  async restore(query: Query): Promise<boolean> {
    return (await this.#kept?.restore(query)) ?? false;
  }

  /** Whether the view of the query can be opened before all rows are loaded. */
  hasRestored(query: Query): boolean {
    return this.#kept?.hasRestored(query) ?? false;
  }

  /** To be called in the step in which all rows are in memory. */
  loaded(): void {
    if (this.#kept?.loaded() !== true) this.#state.resetViews();
  }

  /** Keeps the orders of the views that there are: after the last change, before the table is closed. Never rejects. */
  async close(): Promise<void> {
    await this.#kept?.close();
  }
}
