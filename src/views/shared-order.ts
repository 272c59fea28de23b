import { DioramaError } from "../base/index.ts";
import type { Query, RowTest } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { EffectDraft } from "./effect-draft.ts";
import { Listeners } from "./listeners.ts";
import { compileScope, type QueryScope } from "./query-scope.ts";
import { rankExtent } from "./rank-extent.ts";
import type { RowChange } from "./row-change.ts";
import type { RowOrder } from "./row-order.ts";
import type { RowSet } from "./row-set.ts";
import type { SharedView } from "./shared-view.ts";
import { squashChanges } from "./squash-changes.ts";
import type { Range, ViewEffect } from "./view-contract.ts";

/** So many changes and more go in as a batch, of which one range tells where rows have moved. */
const BATCH_FROM = 100;
/** As many changes as this are always worth catching up with; beyond that, a quarter as many as there are rows. */
const ALWAYS_CAUGHT_UP = 256;

const everyRank: Range = { start: 0, end: Infinity };

/** What an ordered view needs of the set that it is in. */
export interface OrderHost {
  readonly rows: RowSet;
  /** Orders the rows that match now. */
  createOrder(view: OrderIdentity): RowOrder;
  /** The view has something to tell when the publication ends. */
  hasNews(view: SharedView): void;
  schedule(step: () => boolean): void;
}

/** What makes an ordered view: `key` stands for all of it. */
export interface OrderIdentity {
  readonly key: string;
  readonly query: Query;
  readonly scope: QueryScope;
  /** The same for the same order; empty for none. */
  readonly orderKey: string;
}

/** The rows of a query in its order, kept up to date: one for all who ask for it. */
export class SharedOrder implements SharedView, OrderIdentity {
  readonly key: string;
  readonly query: Query;
  readonly scope: QueryScope;
  readonly orderKey: string;
  readonly listeners: Listeners<ViewEffect> = new Listeners();
  readonly #host: OrderHost;
  readonly #holds: RowTest;
  readonly #draft = new EffectDraft();
  /** Absent between a reset and the next read. */
  #order: RowOrder | undefined;
  #isStepping = false;
  #waiting: PromiseWithResolvers<void>[] = [];

  /** `order`: where it is there already. */
  constructor(identity: OrderIdentity, host: OrderHost, order?: RowOrder) {
    const { query, scope } = identity;
    this.key = identity.key;
    this.query = query;
    this.scope = scope;
    this.orderKey = identity.orderKey;
    this.#host = host;
    this.#holds = compileScope(scope);
    this.#begin(order ?? host.createOrder(this));
  }

  get order(): RowOrder {
    return this.#order ?? this.#begin(this.#host.createOrder(this));
  }

  /** Whether it can be read without ordering everything anew. */
  get isBuilt(): boolean {
    return this.#order !== undefined;
  }

  get sizeBytes(): number {
    return this.#order?.sizeBytes ?? 0;
  }

  /** The places of rows that have gone are not known later where no column decides them. */
  get canSleep(): boolean {
    return this.query.order.length > 0;
  }

  rankOf(id: string): number {
    const row = this.#host.rows.get(id);
    return row !== undefined && this.#holds(id, row) ? (this.order.rankOf(id, row) ?? -1) : -1;
  }

  whenComplete(): Promise<void> {
    if (this.order.isComplete) return Promise.resolve();
    const waiting = Promise.withResolvers<void>();
    this.#waiting.push(waiting);
    this.resume();
    return waiting.promise;
  }

  /** Goes on ordering in steps: to be called when what it waited for has come. */
  resume(): void {
    if (this.#isStepping || this.#order === undefined || this.#order.isComplete) return;
    this.#isStepping = true;
    this.#host.schedule(() => (this.#isStepping = this.#step()));
  }

  /** Orders what is left, now; false where that has yet to come from elsewhere. */
  complete(): boolean {
    const { order } = this;
    if (!order.isComplete) order.idAt(order.count - 1);
    return order.isComplete;
  }

  change(id: string, before: Row | undefined, after: Row | undefined): void {
    const order = this.#order;
    if (order === undefined) {
      this.#noteReset();
      return;
    }
    if (after !== undefined && before !== undefined) this.#replace(order, id, before, after);
    else if (after !== undefined) this.#noteFrom(order, order.add(id, after));
    else if (before !== undefined) this.#noteFrom(order, order.remove(id, before));
    this.#noteId(id);
  }

  changeMany(changes: readonly RowChange[]): void {
    const order = this.#order;
    if (order === undefined) {
      this.#noteReset();
    } else if (changes.length < BATCH_FROM) {
      for (const { id, before, after } of changes) this.change(id, before, after);
    } else {
      this.#noteBatch(order, changes, order.applyBatch(changes));
    }
  }

  touch(id: string, row: Row): void {
    if (this.listeners.isEmpty) return;
    const order = this.#order;
    if (order === undefined) {
      this.#noteReset();
      return;
    }
    this.#noteInPlace(order, id, row);
    this.#noteId(id);
  }

  /** Every row shows another status. */
  touchAll(): void {
    this.#noteReset();
  }

  catchUp(changes: readonly RowChange[]): boolean {
    const order = this.#order;
    if (order === undefined) return true;
    if (changes.length > Math.max(ALWAYS_CAUGHT_UP, order.count / 4)) return false;
    order.applyBatch(squashChanges(changes));
    return true;
  }

  reset(): void {
    this.#order = undefined;
    this.#noteReset();
    // Whoever waits must not depend on somebody else reading.
    if (this.#waiting.length > 0) this.#host.hasNews(this);
  }

  tell(onError: (error: unknown) => void): void {
    const effect = this.#draft.take();
    if (this.#waiting.length > 0 && this.order.isComplete) this.#settle();
    if (effect !== undefined) this.listeners.tell(effect, onError);
  }

  close(): void {
    this.#order = undefined;
    for (const waiting of this.#waiting.splice(0))
      waiting.reject(new DioramaError("closed", "the view that is waited for is closed"));
  }

  #begin(order: RowOrder): RowOrder {
    this.#order = order;
    this.resume();
    return order;
  }

  #step(): boolean {
    const order = this.#order;
    if (order === undefined) return false;
    const isMore = order.step();
    if (order.isComplete) this.#settle();
    return isMore;
  }

  #settle(): void {
    for (const waiting of this.#waiting.splice(0)) waiting.resolve();
  }

  #replace(order: RowOrder, id: string, before: Row, after: Row): void {
    if (!order.move(id, before, after)) {
      this.#noteInPlace(order, id, after);
      return;
    }
    if (this.listeners.isEmpty) return;
    const { movedFrom, movedTo } = order;
    if (movedFrom === -1 || movedTo === -1) this.#noteFrom(order, Math.max(movedFrom, movedTo));
    else this.#draft.noteRange(Math.min(movedFrom, movedTo), Math.max(movedFrom, movedTo) + 1);
  }

  /** One range that covers everything: rows that moved, from the lowest place on, and those that stayed. */
  #noteBatch(order: RowOrder, changes: readonly RowChange[], lowest: number): void {
    if (this.listeners.isEmpty) return;
    for (const { id } of changes) this.#draft.noteId(id);
    const stayed = order.isComplete ? rankExtent(order, this.query.order, changes) : everyRank;
    const end = lowest === Infinity ? stayed.end : Infinity;
    this.#draft.noteRange(Math.min(lowest, stayed.start), end);
    this.#host.hasNews(this);
  }

  /** A row came or left at this rank: everything behind it has moved. */
  #noteFrom(order: RowOrder, rank: number): void {
    if (!this.listeners.isEmpty) this.#draft.noteRange(rank === -1 ? order.prepared : rank, Infinity);
  }

  #noteInPlace(order: RowOrder, id: string, row: Row): void {
    if (this.listeners.isEmpty) return;
    // To ask for a rank that is not prepared would order everything now.
    const rank = order.isComplete ? order.rankOf(id, row) : undefined;
    if (rank === undefined) this.#draft.noteRange(0, Infinity);
    else this.#draft.noteRange(rank, rank + 1);
  }

  #noteId(id: string): void {
    if (this.listeners.isEmpty) return;
    this.#draft.noteId(id);
    this.#host.hasNews(this);
  }

  #noteReset(): void {
    if (this.listeners.isEmpty) return;
    this.#draft.reset();
    this.#host.hasNews(this);
  }
}
