import type { Query } from "../query/index.ts";
import { OrderKeeper } from "./order-keeper.ts";
import { OrderRestorer } from "./order-restorer.ts";
import type { WarmHost } from "./warm-host.ts";

/** How a Dio comes to the orders of its table, once this is loaded. */
export type OpenKeptOrders = (host: Omit<WarmHost, "orders">) => KeptOrders;

/** Orders in a cache that outlives the session: those of the last one are restored, those of this one kept. */
export class KeptOrders {
  readonly #keeper: OrderKeeper;
  readonly #restorer: OrderRestorer;

  constructor(host: WarmHost) {
    const keeper = new OrderKeeper(host);
    this.#keeper = keeper;
    this.#restorer = new OrderRestorer(host, (name, edition) => keeper.noteKept(name, edition));
  }

  watch(): void {
    this.#keeper.watch();
  }

  restore(query: Query): Promise<boolean> {
    return this.#restorer.restore(query);
  }

  hasRestored(query: Query): boolean {
    return this.#restorer.hasRestored(query);
  }

  loaded(): boolean {
    return this.#restorer.loaded();
  }

  close(): Promise<void> {
    return this.#keeper.close();
  }
}
