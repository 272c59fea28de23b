import { isDioramaError, messageOf, TimeSlice, type Timer } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { type KeptOrder, type OrderIndex, storedBlocks } from "../views/index.ts";
import { orderName, type WarmHost } from "./warm-host.ts";

/** Of the table: fewer are in memory, and in order, as soon as an order is read. */
const MIN_ROWS = 1_000;
/** Rows that queued writes show are kept with each order, as far as they are few. */
const MAX_SHOWN = 1_000;
/** Of those kept at once: as many as a table keeps … */
const MAX_ORDERS = 16;
/** … and of so many rows together, which takes a second or two. */
const MAX_ENTRIES = 4_000_000;
/** Without a change of rows for so long, orders are kept, so that an unclean end finds them. */
const IDLE_MS = 30_000;

/**
 * Keeps the orders of views for the next session: at the end of this one, and when nothing has changed for a
 * while. An order is kept with the edition of the rows that it stands for.
 */
export class OrderKeeper {
  readonly #host: WarmHost;
  /** What is kept already, without queued writes, and of which edition. */
  readonly #kept = new Map<string, number>();
  #timer: Timer | undefined;
  /** At the last look. */
  #seenEdition: number | undefined;
  #keeping: Promise<void> | undefined;
  #isClosed = false;

  constructor(host: WarmHost) {
    this.#host = host;
  }

  /** An order is stored as the view has it now. */
  noteKept(name: string, edition: number): void {
    this.#kept.set(name, edition);
  }

  /** Views are in use: from now on it looks, now and then, whether their orders are worth keeping. */
  watch(): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = this.#host.clock.setTimer(() => void this.#look(), IDLE_MS);
  }

  /** Keeps what is not kept yet; nothing is kept later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#keeping;
    await this.#keep();
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    const { orders, state } = this.#host;
    const isIdle = orders.edition === this.#seenEdition && state.store.journal.isSettled;
    this.#seenEdition = orders.edition;
    if (isIdle) {
      this.#keeping = this.#keep();
      await this.#keeping;
    }
    const { open, idle } = state.viewFigures;
    if (open + idle > 0) this.watch();
  }

  /** Never rejects: an order that is not kept is made anew. */
  async #keep(): Promise<void> {
    const { state, logger } = this.#host;
    const { store } = state;
    try {
      if (!store.meta.complete || !store.keeps || store.count < MIN_ROWS) return;
      await store.journal.flush();
      for (const order of withinBounds(state.views.keptOrders())) {
        if (!(await this.#keepOne(order))) return;
      }
    } catch (error) {
      if (error instanceof RowsChanged || isDioramaError(error, "closed")) return;
      logger.error("an order can't be kept", { reason: messageOf(error) });
    }
  }

  /** False: the rows have changed, and the others can't be kept now either. */
  async #keepOne({ query, order }: KeptOrder): Promise<boolean> {
    const { state, orders, searchColumns } = this.#host;
    const version = state.settle();
    const { index } = order;
    const shown = this.#shown();
    if (!state.store.journal.isSettled || shown === undefined) return false;
    if (index === undefined) return true;
    const name = orderName(query, searchColumns());
    const { edition } = orders;
    if (shown.size === 0 && this.#kept.get(name) === edition) return true;
    this.#kept.delete(name);
    const isKept = await orders.write(name, edition, this.#blocks(index, shown, version));
    if (isKept && shown.size === 0) this.#kept.set(name, edition);
    return state.settle() === version;
  }

  /** Gives up where a row changes meanwhile: the index is not what it was then. */
  async *#blocks(
    index: OrderIndex,
    shown: ReadonlyMap<string, Row | undefined>,
    version: number,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const slice = new TimeSlice();
    for (const bytes of storedBlocks(index, shown)) {
      yield bytes;
      await slice.next();
      if (this.#host.state.settle() !== version) throw new RowsChanged();
    }
  }

  /** What queued writes show; `undefined`: too much to be kept with an order. */
  #shown(): ReadonlyMap<string, Row | undefined> | undefined {
    const { state } = this.#host;
    if (state.overlay.hidesAll || state.overlay.size > MAX_SHOWN) return undefined;
    const shown = new Map<string, Row | undefined>();
    for (const id of state.overlay.ids()) {
      if (!state.store.knows(id)) return undefined;
      shown.set(id, state.visible(id));
    }
    return shown;
  }
}

/** Not an error of anyone: what was being written is old already. */
class RowsChanged extends Error {}

function withinBounds(orders: Iterable<KeptOrder>): readonly KeptOrder[] {
  const chosen: KeptOrder[] = [];
  let entriesLeft = MAX_ENTRIES;
  for (const kept of orders) {
    const { query, order } = kept;
    const isWorthKeeping = order.isComplete && query.order.length > 0;
    if (!isWorthKeeping || order.count > entriesLeft || chosen.length === MAX_ORDERS) continue;
    entriesLeft -= order.count;
    chosen.push(kept);
  }
  return chosen;
}
