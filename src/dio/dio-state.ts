import type { Logger } from "../base/index.ts";
import { messageOf } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { EventBus } from "./event-bus.ts";
import type { DioEventBody } from "./events.ts";
import { Overlay, type OverlayOp } from "./overlay.ts";
import type { TableMeta } from "../cache/index.ts";
import type { HostNotice } from "../scenery/index.ts";
import { type RowChange, ViewSet, type ViewSetOptions } from "../views/index.ts";
import { Onlookers } from "./onlookers.ts";
import type { PublicationListener } from "./publication.ts";
import { type MarkKind, ReadMark } from "./read-mark.ts";
import type { RowStore } from "./row-store.ts";
import { Staleness } from "./staleness.ts";
import { MAX_ROW_CHANGES, Stretch } from "./stretch.ts";
import { VisibleRows } from "./visible-rows.ts";

/** Of one write to the confirmed layer. */
export interface ConfirmOptions {
  /** When the row was read, milliseconds since 1970. */
  readonly fetchedAt: number;
  /** The read that brought it: it does not count as newer than itself, nor than what began after it. */
  readonly mark?: ReadMark | undefined;
}

/** Searches every text cell; what takes long is done at once. */
const PLAIN_VIEWS: ViewSetOptions = {
  searchColumns: () => undefined,
  schedule: (step) => {
    while (step());
  },
};

/** What is chained to it runs as soon as the stretch is over, at less cost than a microtask of its own. */
const nextMicrotask = Promise.resolve();
const nobody: readonly never[] = [];

/**
 * One state, three layers: confirmed rows, the overlay of queued writes, and what is visible. Every change
 * goes through here, is visible at once, and is published once per synchronous stretch: views and listeners
 * first, then events, then the promises of the calls.
 */
export class DioState {
  readonly store: RowStore;
  readonly overlay: Overlay = new Overlay();
  readonly bus: EventBus;
  /** Who follows rows without a view. */
  readonly onlookers: Onlookers;
  readonly #logger: Logger;
  readonly #visible: VisibleRows;
  readonly #views: ViewSet;
  readonly #listeners = new Set<PublicationListener>();
  readonly #marks = new Set<ReadMark>();
  #lastMark = 0;
  readonly #stale = new Staleness();
  readonly #stretch: Stretch;
  #toldVersion = 0;
  #tellingVersion = 0;
  #events: DioEventBody[] = [];
  #published: Promise<void> | undefined;
  readonly #publishSoon = (): void => this.publishNow();
  #isPublishing = false;

  constructor(store: RowStore, logger: Logger, views: ViewSetOptions = PLAIN_VIEWS) {
    this.store = store;
    this.bus = new EventBus(logger);
    this.onlookers = new Onlookers(logger);
    this.#logger = logger;
    this.#visible = new VisibleRows(store, this.overlay);
    this.#stretch = new Stretch(store, this.overlay, this.#visible);
    this.#views = new ViewSet(this.#visible, {
      ...views,
      onListenerError: (error) => logger.error("listener failed", { reason: messageOf(error) }),
    });
  }

  // Reading ------------------------------------------------------------------------------------------------

  /** What every reader sees. During a warm start only right for ids that the store knows. */
  visible(id: string): Row | undefined {
    return this.#visible.get(id);
  }

  /** How many rows every reader sees. */
  get visibleCount(): number {
    return this.#visible.count;
  }

  /** Visible rows, confirmed ones in their order, then those that only a queued write holds. */
  visibleEntries(): Iterable<readonly [string, Row]> {
    return this.#visible.entries();
  }

  /** The views over the visible rows, as these are at this moment. */
  get views(): ViewSet {
    this.settle();
    return this.#views;
  }

  /** Lets go of views that nobody has used for a while; answers whether it is to be called again. */
  sweepViews(nowMs: number): boolean {
    return this.#views.sweep(nowMs);
  }

  /** Views in use, those kept in case somebody asks again, and what all of them take. */
  get viewFigures(): { readonly open: number; readonly idle: number; readonly sizeBytes: number } {
    const { views, idle, sizeBytes } = this.#views.figures;
    return { open: views - idle, idle, sizeBytes };
  }

  /** Whether anyone follows rows or their status. */
  get isWatched(): boolean {
    return this.onlookers.areAny || this.#views.size > 0;
  }

  /**
   * Brings the views to the rows of this moment, where something has changed and is not published yet; their
   * listeners are told by the publication that follows. Answers a number that is another one after each change of
   * a row or of its status.
   */
  settle(): number {
    if (this.#stretch.areViewsBehind) this.#bringViews(this.#stretch.settle(this.#mostTold));
    return this.#stretch.version;
  }

  /** What `settle` answered when everyone had last been told of everything. */
  get toldVersion(): number {
    return this.#toldVersion;
  }

  /** What `settle` answered when the last publication, or the one under way, began to be told. */
  get tellingVersion(): number {
    return this.#tellingVersion;
  }

  isStale(id: string): boolean {
    return this.#stale.has(id);
  }

  get hasStale(): boolean {
    return this.#stale.isAny;
  }

  /** Rows that were declared out of date one by one. */
  get staleIds(): ReadonlySet<string> {
    return this.#stale.ids;
  }

  get isAllStale(): boolean {
    return this.#stale.isAll;
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

  /** The confirmed row stands as it is: reads under way bring no other one. Whether there are any. */
  uphold(id: string, by: ReadMark | undefined): boolean {
    this.#touchOthers(id, by);
    return [...this.#marks].some((mark) => mark !== by && mark.isNewer(id));
  }

  /** Replaces every confirmed row at once; where those are many, readers follow by starting over. */
  confirmAll(rows: Map<string, Row>, options: ConfirmOptions): void {
    const { mark } = options;
    this.#stretch.rememberAll(rows);
    void this.published();
    for (const other of this.#marks) {
      if (other === mark || other.outranks(mark)) continue;
      for (const id of this.store.ids()) other.touch(id);
      for (const id of rows.keys()) other.touch(id);
    }
    this.store.adopt(rows, options.fetchedAt);
    // What was stale is gone; what has come is as old as the read that brought it.
    const wasAll = this.#stale.removeAll();
    if (wasAll && mark?.wasInvalidated === true) this.#stale.addAll();
    else if (wasAll) this.touchAll();
    for (const id of this.#stale.ids) if (mark?.isOutdated(id) !== true) this.#freshen(id);
  }

  /** Shows a queued write. */
  overlayAdd(entry: OverlayOp): void {
    this.#stretch.rememberOp(entry);
    void this.published();
    this.overlay.add(entry);
  }

  /** Ends a queued write; what is confirmed must be confirmed first, in the same stretch. */
  overlayRemove(entry: OverlayOp): void {
    this.#stretch.rememberOp(entry);
    void this.published();
    this.overlay.remove(entry);
  }

  /** Says that a row shows the same with another status. */
  touch(id: string): void {
    this.#stretch.touch(id);
    if (this.#published === undefined) void this.published();
  }

  /** Says that every row may show another status. */
  touchAll(): void {
    this.#stretch.touchAll();
    void this.published();
  }

  markStale(id: string): void {
    this.#stale.add(id);
    this.touch(id);
    for (const mark of this.#marks) mark.outdate(id);
  }

  markAllStale(): void {
    if (this.#stale.addAll()) this.touchAll();
    for (const mark of this.#marks) mark.outdateEverything();
  }

  /** A whole read has brought everything up to date, but for what was invalidated since it began. */
  markAllFresh(mark: ReadMark): void {
    if (mark.wasInvalidated) return;
    if (this.#stale.removeAll()) this.touchAll();
    for (const id of this.#stale.ids) if (!mark.isOutdated(id)) this.#freshen(id);
  }

  /** Changes what is known of the whole. */
  setMeta(change: Partial<TableMeta>): void {
    const { complete } = this.store.meta;
    this.store.setMeta(change);
    if (this.store.meta.complete !== complete) this.notice("completeness");
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
    this.#stretch.startOver();
    void this.published();
  }

  /** As `startOver`, where readers without a view see no difference. */
  resetViews(): void {
    this.#stretch.loseViews();
    void this.published();
  }

  /** Tells what happened to the rows as a whole, in the publication of this stretch. */
  notice(notice: HostNotice): void {
    this.#stretch.notice(notice);
    void this.published();
  }

  /** The master's row has changed, by whomever: positions of tables that don't hold all rows may not fit any more. */
  noteUpstream(change: RowChange): void {
    if (this.store.meta.complete || !this.onlookers.hearNotices) return;
    this.#stretch.noteUpstream(change);
    void this.published();
  }

  /** Appends an event after the row events of this stretch. */
  announce(event: DioEventBody): void {
    this.#events.push(event);
    void this.published();
  }

  /** Resolves when everything changed so far in this stretch is published. */
  published(): Promise<void> {
    this.#published ??= nextMicrotask.then(this.#publishSoon);
    return this.#published;
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
    // What is announced from here on goes with the next publication.
    const events = this.#events.length === 0 ? nobody : this.#events;
    this.#published = undefined;
    if (events.length > 0) this.#events = [];
    this.#isPublishing = true;
    try {
      if (this.#stretch.hasNews) this.#publish();
      for (const event of events) this.bus.append(event);
    } finally {
      this.#isPublishing = false;
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

  /** Nobody reads any more. */
  close(): void {
    this.onlookers.clear();
    this.#views.close();
    this.bus.close();
  }

  get readsUnderWay(): number {
    return this.#marks.size;
  }

  #freshen(id: string): void {
    if (this.#stale.isAny && this.#stale.remove(id)) this.touch(id);
  }

  #touchOthers(id: string, by: ReadMark | undefined): void {
    if (this.#marks.size === 0) return;
    for (const mark of this.#marks) if (mark !== by && !mark.outranks(by)) mark.touch(id);
  }

  #remember(id: string): void {
    this.#stretch.remember(id);
    if (this.#published === undefined) void this.published();
  }

  #publish(): void {
    const stretch = this.#stretch;
    const { hasSteps, version } = stretch;
    this.#tellingVersion = version;
    const publication = stretch.publication(this.#mostTold);
    const { changes, reset, touched } = publication;
    if (stretch.areViewsBehind) this.#bringViews(stretch.settleLast(changes));
    const notices = stretch.end();
    if (notices !== undefined) this.onlookers.tellNotices(notices);
    const isNews = reset || changes.length > 0 || touched === undefined || touched.length > 0;
    if (isNews) {
      this.onlookers.tellRows(publication);
      for (const listener of this.#listeners) this.#guard(() => listener(publication));
    }
    if (isNews || hasSteps) this.#notifyViews(touched);
    this.#toldVersion = version;
    if (reset || changes.length > MAX_ROW_CHANGES) this.bus.append({ type: "invalidated" });
    else for (const change of changes) this.bus.appendRow(this.#eventTypeOf(change), change.id);
  }

  /** Where nobody listens, no more changes are collected than it takes to know that they are many. */
  get #mostTold(): number {
    return this.#listeners.size > 0 || this.isWatched ? Infinity : MAX_ROW_CHANGES + 1;
  }

  /** `undefined`: the views start over. */
  #bringViews(changes: readonly RowChange[] | undefined): void {
    if (this.#views.size === 0) return;
    this.#guard(() => (changes === undefined ? this.#views.reset() : this.#views.apply(changes)));
  }

  #notifyViews(touched: readonly string[] | undefined): void {
    if (this.#views.size > 0) this.#guard(() => this.#views.notify(touched));
  }

  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#logger.error("publication listener failed", { reason: messageOf(error) });
    }
  }

  #eventTypeOf(change: RowChange): "recordInserted" | "recordChanged" | "recordRemoved" {
    // Where nothing is kept, a row that is no longer shown from here is not gone: the master has it.
    if (!this.store.keeps) return "recordChanged";
    if (change.before === undefined) return "recordInserted";
    return change.after === undefined ? "recordRemoved" : "recordChanged";
  }
}
