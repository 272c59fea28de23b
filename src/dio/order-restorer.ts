import { messageOf } from "../base/index.ts";
import { evaluate, type Query } from "../query/index.ts";
import { equalRows, type Row } from "../record/index.ts";
import {
  decodeFirst,
  LazyOrder,
  OrderAssembler,
  type OrderedView,
  type RowChange,
  type StoredFirst,
  type StoredHead,
  StoredRest,
} from "../views/index.ts";
import { holdsItsRows } from "./holds-its-rows.ts";
import { orderName, type WarmHost } from "./warm-host.ts";

/** Rows at the beginning that are brought in before the order is shown: a first screen. */
const FIRST_ROWS = 64;
/** Blocks that are asked for ahead of the one that is being taken in. */
const BLOCKS_AHEAD = 4;

interface Restored {
  readonly query: Query;
  readonly name: string;
  readonly view: OrderedView;
  readonly head: StoredHead;
  readonly rest: StoredRest | undefined;
}

/**
 * Gives views the orders that an earlier session has kept, while its rows are still on their way into memory. An
 * order stands for the rows as they were stored when the table was opened; what has changed since is laid on top.
 */
export class OrderRestorer {
  readonly #host: WarmHost;
  /** Of the stored rows when the table was opened. */
  readonly #edition: number;
  readonly #onRestored: (name: string, edition: number) => void;
  readonly #restoring = new Map<string, Promise<boolean>>();
  /** Those whose views may be opened though not all rows are loaded. */
  readonly #restored = new Set<string>();
  #hasLost = false;

  /** `onRestored`: the view has the whole order as it is stored, and nothing has been laid on top. */
  constructor(host: WarmHost, onRestored: (name: string, edition: number) => void) {
    this.#host = host;
    this.#onRestored = onRestored;
    this.#edition = host.orders.edition;
  }

  /** Resolves to whether the view of the query can be opened now, with its first rows; it never rejects. */
  async restore(query: Query): Promise<boolean> {
    if (query.order.length === 0 || !this.#isPossible) return false;
    const name = orderName(query, this.#host.searchColumns());
    let restoring = this.#restoring.get(name);
    if (restoring === undefined) {
      restoring = this.#restore(query, name).catch((error: unknown) => {
        this.#logFailure(error);
        return false;
      });
      this.#restoring.set(name, restoring);
      this.#host.state.store.goAhead(restoring);
    }
    // It may have been lost again since.
    return (await restoring) && this.#restored.has(name);
  }

  /** To be called in the step in which all rows are in memory. False: no view goes on with what it has. */
  loaded(): boolean {
    // What was made of some of the rows is made anew of all.
    if (this.#hasLost || this.#restored.size === 0) return false;
    // Rows that have come by themselves were told to nobody.
    this.#host.state.touchAll();
    return true;
  }

  /** Whether the view of the query can be opened before all rows are loaded. */
  hasRestored(query: Query): boolean {
    return this.#restored.size > 0 && this.#restored.has(orderName(query, this.#host.searchColumns()));
  }

  /** Only what is known to have changed can be laid on top. */
  get #isPossible(): boolean {
    const { store, overlay } = this.#host.state;
    return store.meta.complete && store.originals !== undefined && !overlay.hidesAll;
  }

  async #restore(query: Query, name: string): Promise<boolean> {
    const { orders, state, closing } = this.#host;
    const bytes = await orders.read(name, this.#edition, 0);
    const stored = bytes === undefined ? undefined : decodeFirst(bytes);
    if (stored === undefined) return false;
    const { head, entries } = stored;
    const first = entries.ids.slice(0, FIRST_ROWS);
    await state.store.ensure([...state.overlay.ids(), ...head.shown.keys(), ...first]);
    const rest = head.moreBlocks === 0 ? undefined : new StoredRest(query.order, stored);
    const view = closing.aborted ? undefined : this.#adopt(query, stored, rest);
    if (view === undefined) return false;
    // Whatever else was stored in the meantime: this order stands for these rows.
    if (head.shown.size === 0) this.#onRestored(name, this.#edition);
    this.#restored.add(name);
    void this.#complete({ query, name, view, head, rest });
    return true;
  }

  /** In one stretch: what has changed by now is laid on top, what changes later the view is told of. */
  #adopt(query: Query, stored: StoredFirst, rest: StoredRest | undefined): OrderedView | undefined {
    const { state } = this.#host;
    const assembler = new OrderAssembler(query.order, stored.head.forms);
    if (!assembler.append(stored.entries)) return undefined;
    const changes = this.#isPossible ? this.#changesSince(stored, query) : undefined;
    if (changes === undefined) return undefined;
    const order = new LazyOrder(assembler.finish(), rest);
    order.applyBatch(changes);
    return state.views.adoptOrdered(query, order);
  }

  /** What the query's rows show that they didn't when the order was kept; `undefined`: that is not known. */
  #changesSince({ head }: StoredFirst, query: Query): readonly RowChange[] | undefined {
    const { state, searchColumns } = this.#host;
    const { store, overlay } = state;
    const { originals = new Map<string, Row | undefined>() } = store;
    const columns = searchColumns();
    const ifHeld = (id: string, row: Row | undefined): Row | undefined =>
      row !== undefined && evaluate([[id, row]], query, columns).length > 0 ? row : undefined;
    const changes: RowChange[] = [];
    for (const id of new Set([...originals.keys(), ...overlay.ids(), ...head.shown.keys()])) {
      // It was queued after the rows were looked up.
      if (!store.knows(id)) return undefined;
      const kept = originals.has(id) ? originals.get(id) : store.get(id);
      const before = ifHeld(id, head.shown.has(id) ? head.shown.get(id) : kept);
      const after = ifHeld(id, state.visible(id));
      if (!isSame(before, after)) changes.push({ id, before, after });
    }
    return changes;
  }

  /** Brings what stands behind the first block, and looks in the end whether the order holds what it has to hold. */
  async #complete({ query, name, view, head, rest }: Restored): Promise<void> {
    const { state, closing, logger } = this.#host;
    const unfollow = state.subscribe(({ reset }) => {
      if (reset && !state.store.isLoaded) this.#lose(name);
    });
    try {
      const reading = rest === undefined ? true : this.#readBlocks(name, rest, head.moreBlocks);
      if (reading !== true) state.store.goAhead(reading);
      const isWhole = await reading;
      if (isWhole) await view.whenComplete();
      await state.store.whenLoaded();
      if (isWhole && (await holdsItsRows(query, view, this.#host))) return;
      if (closing.aborted) return;
      logger.error("an order is not as it was kept, and is made anew", { order: name });
      state.resetViews();
    } catch (error) {
      this.#logFailure(error);
    } finally {
      unfollow();
      this.#restored.delete(name);
      view.release();
    }
  }

  /** The view has started over without its rows: it is to be waited for, as though there had been no order. */
  #lose(name: string): void {
    if (!this.#restored.delete(name)) return;
    this.#hasLost = true;
    this.#host.state.notice("completeness");
  }

  /** False: one of them is missing, or no such block, or out of order. */
  async #readBlocks(name: string, rest: StoredRest, blocks: number): Promise<boolean> {
    const { orders, closing } = this.#host;
    const coming: Promise<Uint8Array | undefined>[] = [];
    const ask = (block: number): void => {
      if (block > blocks) return;
      const answer = orders.read(name, this.#edition, block);
      // Told where it is awaited.
      answer.catch(() => undefined);
      coming.push(answer);
    };
    for (let block = 1; block <= BLOCKS_AHEAD; block++) ask(block);
    for (let block = 1; block <= blocks; block++) {
      const bytes = await coming.shift();
      if (closing.aborted || bytes === undefined || !rest.append(bytes)) return false;
      ask(block + BLOCKS_AHEAD);
    }
    return rest.isReady;
  }

  /** Nobody misses an order: it is made of the rows then. */
  #logFailure(error: unknown): void {
    if (this.#host.closing.aborted) return;
    this.#host.logger.error("an order can't be restored", { reason: messageOf(error) });
  }
}

function isSame(a: Row | undefined, b: Row | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && equalRows(a, b));
}
