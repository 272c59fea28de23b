import type { Logger } from "../base/index.ts";
import { messageOf } from "../base/index.ts";
import { equalRows, type Row } from "../record/index.ts";
import { EventBus } from "./event-bus.ts";
import type { DioEventBody } from "./events.ts";
import { concernedIds, hidesEverything, Overlay, type OverlayOp } from "./overlay.ts";
import type { RowChange } from "../views/index.ts";
import type { Publication, PublicationListener } from "./publication.ts";
import { type MarkKind, ReadMark } from "./read-mark.ts";
import type { RowStore } from "./row-store.ts";

/** More changes than this in one publication are one `invalidated` on the bus. */
export const MAX_ROW_EVENTS = 1_000;

/** Of one write to the confirmed layer. */
export interface ConfirmOptions {
  /** When the row was read, milliseconds since 1970. */
  readonly fetchedAt: number;
  /** The read that brought it: it does not count as newer than itself, nor than what began after it. */
  readonly mark?: ReadMark | undefined;
}

/**
 * One state, three layers: confirmed rows, the overlay of queued writes, and what is visible. Every change
 * goes through here, is visible at once, and is published once per synchronous stretch: listeners first,
 * then events, then the promises of the calls.
 */
export class DioState {
  readonly store: RowStore;
  readonly overlay: Overlay = new Overlay();
  readonly bus: EventBus;
  readonly #logger: Logger;
  readonly #listeners = new Set<PublicationListener>();
  readonly #marks = new Set<ReadMark>();
  #lastMark = 0;
  readonly #stale = new Set<string>();
  #staleAll = false;
  /** While all is stale: the rows that have been read again since. */
  readonly #freshAgain = new Set<string>();
  /** What the ids changed in this stretch showed before it. */
  #before = new Map<string, Row | undefined>();
  #touched = new Set<string>();
  /** A row may show again what it showed before: one that was confirmed once, over nothing queued, differs. */
  #mayBeSame = false;
  #reset = false;
  #events: DioEventBody[] = [];
  #published: PromiseWithResolvers<void> | undefined;
  #isPublishing = false;

  constructor(store: RowStore, logger: Logger) {
    this.store = store;
    this.bus = new EventBus(logger);
    this.#logger = logger;
  }

  // Reading ------------------------------------------------------------------------------------------------

  /** What every reader sees. During a warm start only right for ids that the store knows. */
  visible(id: string): Row | undefined {
    const base = this.store.get(id);
    return this.overlay.isEmpty ? base : this.overlay.show(id, base);
  }

  /** How many rows every reader sees. */
  get visibleCount(): number {
    if (this.overlay.isEmpty) return this.store.count;
    let count = this.overlay.hidesAll ? 0 : this.store.count;
    for (const id of this.overlay.ids()) {
      const base = this.store.get(id);
      if (base !== undefined && !this.overlay.hidesAll) count -= 1;
      if (this.overlay.show(id, base) !== undefined) count += 1;
    }
    return count;
  }

  /** Visible rows, confirmed ones in their order, then those that only a queued write holds. */
  *visibleEntries(): Generator<readonly [string, Row]> {
    if (this.overlay.isEmpty) {
      yield* this.store.entries();
      return;
    }
    for (const [id, base] of this.store.entries()) {
      const row = this.overlay.show(id, base);
      if (row !== undefined) yield [id, row];
    }
    for (const id of this.overlay.ids()) {
      if (this.store.get(id) !== undefined) continue;
      const row = this.overlay.show(id, undefined);
      if (row !== undefined) yield [id, row];
    }
  }

  isStale(id: string): boolean {
    if (this.#staleAll) return !this.#freshAgain.has(id);
    return this.#stale.has(id);
  }

  get hasStale(): boolean {
    return this.#staleAll || this.#stale.size > 0;
  }

  /** Rows that were declared out of date one by one. */
  get staleIds(): ReadonlySet<string> {
    return this.#stale;
  }

  get isAllStale(): boolean {
    return this.#staleAll;
  }

  // Changing -----------------------------------------------------------------------------------------------

  /** Puts a confirmed row, or removes it. */
  confirm(id: string, row: Row | undefined, options: ConfirmOptions): void {
    this.#remember(id);
    if (options.mark?.isOutdated(id) !== true) this.#freshen(id);
    if (row === undefined) this.store.delete(id);
    else this.store.set(id, row, options.fetchedAt);
    this.#touchOthers(id, options.mark);
  }

  /** Replaces every confirmed row at once; where those are many, readers follow by starting over. */
  confirmAll(rows: Map<string, Row>, options: ConfirmOptions): void {
    const { mark } = options;
    this.#rememberAll(rows);
    for (const other of this.#marks) {
      if (other === mark || other.outranks(mark)) continue;
      for (const id of this.store.ids()) other.touch(id);
      for (const id of rows.keys()) other.touch(id);
    }
    this.store.adopt(rows, options.fetchedAt);
    // What was stale is gone; what has come is as old as the read that brought it.
    if (mark?.wasInvalidated !== true) this.#staleAll = false;
    this.#freshAgain.clear();
    for (const id of this.#stale) if (mark?.isOutdated(id) !== true) this.#freshen(id);
  }

  /** Shows a queued write. */
  overlayAdd(entry: OverlayOp): void {
    this.#rememberOp(entry);
    this.overlay.add(entry);
  }

  /** Ends a queued write; what is confirmed must be confirmed first, in the same stretch. */
  overlayRemove(entry: OverlayOp): void {
    this.#rememberOp(entry);
    this.overlay.remove(entry);
  }

  /** Says that a row shows the same with another status. */
  touch(id: string): void {
    this.#touched.add(id);
    if (this.#published === undefined) void this.published();
  }

  markStale(id: string): void {
    this.#stale.add(id);
    this.#freshAgain.delete(id);
    this.touch(id);
    for (const mark of this.#marks) mark.outdate(id);
  }

  markAllStale(): void {
    this.#staleAll = true;
    this.#freshAgain.clear();
    for (const mark of this.#marks) mark.outdateEverything();
  }

  /** A whole read has brought everything up to date, but for what was invalidated since it began. */
  markAllFresh(mark: ReadMark): void {
    if (mark.wasInvalidated) return;
    this.#staleAll = false;
    this.#freshAgain.clear();
    for (const id of this.#stale) if (!mark.isOutdated(id)) this.#freshen(id);
  }

  /** The rows are being dropped: no read that is under way leaves everything behind. */
  noteEmptied(): void {
    for (const mark of this.#marks) mark.noteEmptied();
  }

  /** What was asked and is still under way brings nothing: every row is another one than it was. */
  dropReads(except?: ReadMark): void {
    for (const mark of this.#marks) if (mark !== except) mark.drop();
  }

  /** The confirmed rows have changed behind everybody's back: readers start over. */
  startOver(): void {
    this.#reset = true;
    void this.published();
  }

  /** Appends an event after the row events of this stretch. */
  announce(event: DioEventBody): void {
    this.#events.push(event);
    void this.published();
  }

  /** Resolves when everything changed so far in this stretch is published. */
  published(): Promise<void> {
    if (this.#published === undefined) {
      this.#published = Promise.withResolvers();
      queueMicrotask(() => this.publishNow());
    }
    return this.#published.promise;
  }

  /**
   * Publishes what has changed since the last time, without waiting for the end of the stretch. What listeners
   * and handlers change meanwhile is the next publication.
   */
  publishNow(): void {
    if (this.#isPublishing) {
      void this.published();
      return;
    }
    const published = this.#published;
    const events = this.#events;
    this.#published = undefined;
    if (events.length > 0) this.#events = [];
    this.#isPublishing = true;
    try {
      if (this.#before.size > 0 || this.#reset || this.#touched.size > 0) this.#publish();
      for (const event of events) this.bus.append(event);
    } finally {
      this.#isPublishing = false;
      published?.resolve();
    }
  }

  /** Calls the listener at each publication, before its events. */
  subscribe(listener: PublicationListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins a read of the master, or notes since when something else is under way; end it with `endRead`. */
  beginRead(kind?: MarkKind): ReadMark {
    const mark = new ReadMark(++this.#lastMark, kind);
    this.#marks.add(mark);
    return mark;
  }

  endRead(mark: ReadMark): void {
    this.#marks.delete(mark);
  }

  get readsUnderWay(): number {
    return this.#marks.size;
  }

  #freshen(id: string): void {
    if (this.#staleAll) this.#freshAgain.add(id);
    if (this.#stale.size > 0 && this.#stale.delete(id)) this.touch(id);
  }

  #touchOthers(id: string, by: ReadMark | undefined): void {
    if (this.#marks.size === 0) return;
    for (const mark of this.#marks) if (mark !== by && !mark.outranks(by)) mark.touch(id);
  }

  #remember(id: string): void {
    if (this.#before.has(id)) this.#mayBeSame = true;
    else this.#before.set(id, this.visible(id));
    if (this.#published === undefined) void this.published();
  }

  /** Notes what every id shows that may change with all of these; too many to follow are told as a new start. */
  #rememberAll(more: { readonly size: number; keys(): Iterable<string> }): void {
    const { hidesAll } = this.overlay;
    const stored = hidesAll ? 0 : this.store.count;
    const isFew = stored + this.overlay.size + more.size <= MAX_ROW_EVENTS;
    if (!isFew || !this.store.isLoaded) {
      this.startOver();
      return;
    }
    this.#mayBeSame = true;
    void this.published();
    if (!hidesAll) for (const id of this.store.ids()) this.#remember(id);
    for (const id of this.overlay.ids()) this.#remember(id);
    for (const id of more.keys()) this.#remember(id);
  }

  #rememberOp({ op }: OverlayOp): void {
    if (hidesEverything(op)) {
      const { store } = this;
      this.#rememberAll({ size: this.overlay.hidesAll ? store.count : 0, keys: () => store.ids() });
      return;
    }
    this.#mayBeSame = true;
    for (const id of concernedIds(op)) {
      this.#remember(id);
      this.#touched.add(id);
    }
  }

  #publish(): void {
    const before = this.#before;
    const touched = this.#touched;
    const reset = this.#reset;
    const mayBeSame = this.#mayBeSame || !this.overlay.isEmpty;
    this.#before = new Map();
    this.#mayBeSame = false;
    if (touched.size > 0) this.#touched = new Set();
    this.#reset = false;
    const changes = reset ? [] : this.#changesSince(before, mayBeSame);
    if (changes.length === 0 && !reset && touched.size === 0) return;
    this.#tell({ changes, reset, touched: [...touched] });
    if (reset || changes.length > MAX_ROW_EVENTS) this.bus.append({ type: "invalidated" });
    else for (const change of changes) this.bus.append({ type: this.#eventTypeOf(change), id: change.id });
  }

  /** Where nobody listens, no more of them than it takes to know that they are many. */
  #changesSince(before: ReadonlyMap<string, Row | undefined>, mayBeSame: boolean): readonly RowChange[] {
    const most = this.#listeners.size > 0 ? Infinity : MAX_ROW_EVENTS + 1;
    const changes: RowChange[] = [];
    // A callback, since a fill comes by here with every row: walking a Map in a loop makes a list of each entry.
    before.forEach((old, id) => {
      if (changes.length === most) return;
      const after = this.visible(id);
      if (old === after) return;
      const isSame = mayBeSame && old !== undefined && after !== undefined && equalRows(old, after);
      if (isSame) this.#keep(id, old);
      else changes.push({ id, before: old, after });
    });
    return changes;
  }

  /** The same content stays the same object for readers, whichever layer it now comes from. */
  #keep(id: string, row: Row): void {
    const base = this.store.get(id);
    if (base !== undefined && equalRows(base, row)) this.store.keep(id, row);
    this.overlay.keep(id, this.store.get(id), row);
  }

  #tell(publication: Publication): void {
    for (const listener of this.#listeners) {
      try {
        listener(publication);
      } catch (error) {
        this.#logger.error("publication listener failed", { reason: messageOf(error) });
      }
    }
  }

  #eventTypeOf(change: RowChange): "recordInserted" | "recordChanged" | "recordRemoved" {
    // Where nothing is kept, a row that is no longer shown from here is not gone: the master has it.
    if (!this.store.keeps) return "recordChanged";
    if (change.before === undefined) return "recordInserted";
    return change.after === undefined ? "recordRemoved" : "recordChanged";
  }
}
