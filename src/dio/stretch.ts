import { equalRows, type Row } from "../record/index.ts";
import type { HostNotice } from "../scenery/index.ts";
import type { RowChange } from "../views/index.ts";
import type { Notices } from "./onlookers.ts";
import { concernedIds, hidesEverything, type Overlay, type OverlayOp } from "./overlay.ts";
import type { Publication } from "./publication.ts";
import type { RowStore } from "./row-store.ts";
import { ShownBefore } from "./shown-before.ts";
import type { VisibleRows } from "./visible-rows.ts";

/** More changes than this in one publication are one `invalidated` on the bus. */
export const MAX_ROW_CHANGES = 1_000;

const nobody: readonly never[] = [];

/** Ids that go together: those of a map of rows, or of the store. */
interface Ids {
  readonly size: number;
  keys(): Iterable<string>;
}

/**
 * What one synchronous stretch has changed, and what of it the views know already: its owner notes each change
 * before making it, and asks at the end what to publish. It changes no row and tells nobody.
 */
export class Stretch {
  readonly #store: RowStore;
  readonly #overlay: Overlay;
  readonly #visible: VisibleRows;
  /** What the ids that were changed showed before. */
  readonly #before = new ShownBefore();
  #touched = new Set<string>();
  #touchedAll = false;
  /** A row may show again what it showed before: one that was confirmed once, over nothing queued, differs. */
  #mayBeSame = false;
  #reset = false;
  /** The views don't know yet of everything that has changed. */
  #areViewsBehind = false;
  /** They have to start over. */
  #areViewsLost = false;
  /** What they were told on the way of ids that were changed; absent: nothing was. */
  #told: Map<string, Row | undefined> | undefined;
  /** What has changed since. */
  #sinceTold = new Set<string>();
  #notices: Map<HostNotice, readonly RowChange[] | undefined> = new Map();
  #version = 0;

  constructor(store: RowStore, overlay: Overlay, visible: VisibleRows) {
    this.#store = store;
    this.#overlay = overlay;
    this.#visible = visible;
  }

  /** Counts changes of rows and of their status, from the first stretch on. */
  get version(): number {
    return this.#version;
  }

  get hasNews(): boolean {
    if (this.#before.size > 0 || this.#touched.size > 0 || this.#reset) return true;
    return this.#touchedAll || this.#areViewsLost || this.#notices.size > 0;
  }

  get areViewsBehind(): boolean {
    return this.#areViewsBehind;
  }

  /** The views were told something on the way, or start over: they have news even where nothing differs in the end. */
  get hasSteps(): boolean {
    return this.#told !== undefined || this.#areViewsLost;
  }

  // Before a change ----------------------------------------------------------------------------------------

  /** What the id shows is about to change. */
  remember(id: string): void {
    if (this.#before.has(id)) this.#mayBeSame = true;
    else this.#before.add(id, this.#visible.get(id));
    if (this.#told !== undefined) this.#sinceTold.add(id);
    this.#areViewsBehind = true;
    this.#version += 1;
  }

  /** Every id may change, all of these too; too many to follow are told as a new start. */
  rememberAll(more: Ids): void {
    const { hidesAll } = this.#overlay;
    const stored = hidesAll ? 0 : this.#store.count;
    const isFew = stored + this.#overlay.size + more.size <= MAX_ROW_CHANGES;
    if (!isFew || !this.#store.isLoaded) {
      this.startOver();
      return;
    }
    this.#mayBeSame = true;
    if (!hidesAll) for (const id of this.#store.ids()) this.remember(id);
    for (const id of this.#overlay.ids()) this.remember(id);
    for (const id of more.keys()) this.remember(id);
  }

  /** A queued write is about to come or to go. */
  rememberOp({ op }: OverlayOp): void {
    if (hidesEverything(op)) {
      const store = this.#store;
      this.rememberAll({ size: this.#overlay.hidesAll ? store.count : 0, keys: () => store.ids() });
      return;
    }
    this.#mayBeSame = true;
    for (const id of concernedIds(op)) {
      this.remember(id);
      this.#touched.add(id);
    }
  }

  /** The row shows the same with another status. */
  touch(id: string): void {
    this.#touched.add(id);
    this.#version += 1;
  }

  touchAll(): void {
    this.#touchedAll = true;
    this.#version += 1;
  }

  /** More has changed than is followed: readers start over. */
  startOver(): void {
    this.#reset = true;
    this.loseViews();
  }

  /** The views alone start over. */
  loseViews(): void {
    this.#areViewsLost = true;
    this.#areViewsBehind = true;
    this.#version += 1;
  }

  notice(notice: HostNotice): void {
    this.#notices.set(notice, undefined);
  }

  /** A row of the master has changed: nothing to add where it was noted already without its rows. */
  noteUpstream(change: RowChange): void {
    const noted = this.#notices.get("upstream");
    if (noted === undefined && this.#notices.has("upstream")) return;
    this.#notices.set("upstream", [...(noted ?? []), change]);
  }

  // On the way ---------------------------------------------------------------------------------------------

  /** What the views have to be told now, in the middle of the stretch, and know then; `undefined`: to start over. */
  settle(most: number): readonly RowChange[] | undefined {
    const isEvery = this.#told === undefined || this.#areViewsLost;
    const unknown = this.#settled(this.#areViewsLost ? nobody : this.#unknownChanges(most));
    const told = (this.#told ??= new Map());
    const note = (_: unknown, id: string): unknown => told.set(id, this.#visible.get(id));
    if (isEvery) this.#before.forEach(note);
    else this.#sinceTold.forEach(note);
    this.#sinceTold = new Set();
    return unknown;
  }

  // At its end ---------------------------------------------------------------------------------------------

  /** What the stretch has changed; of changes no more than `most`. */
  publication(most: number): Publication {
    const reset = this.#reset;
    const changes = reset ? nobody : this.#changesSince(this.#before, most);
    return { changes, reset, touched: this.#touchedAll ? undefined : listOf(this.#touched) };
  }

  /** As `settle`, of the changes that are being published: views that were told on the way know other steps. */
  settleLast(changes: readonly RowChange[]): readonly RowChange[] | undefined {
    return this.#settled(this.#told === undefined ? changes : this.#unknownChanges(Infinity));
  }

  /** The next stretch begins. What is to be told of the whole, where there is anything. */
  end(): Notices | undefined {
    const notices = this.#notices;
    this.#before.clear();
    if (this.#touched.size > 0) this.#touched = new Set();
    if (this.#sinceTold.size > 0) this.#sinceTold = new Set();
    if (notices.size > 0) this.#notices = new Map();
    this.#told = undefined;
    this.#touchedAll = false;
    this.#mayBeSame = false;
    this.#reset = false;
    return notices.size > 0 ? notices : undefined;
  }

  #settled(changes: readonly RowChange[]): readonly RowChange[] | undefined {
    const areLost = this.#areViewsLost;
    this.#areViewsLost = false;
    this.#areViewsBehind = false;
    return areLost ? undefined : changes;
  }

  /** What has changed since views were told last. */
  #unknownChanges(most: number): readonly RowChange[] {
    if (this.#told === undefined) return this.#changesSince(this.#before, most);
    const since = new Map<string, Row | undefined>();
    for (const id of this.#sinceTold) {
      since.set(id, this.#told.has(id) ? this.#told.get(id) : this.#before.get(id));
    }
    this.#mayBeSame = true;
    return this.#changesSince(since, Infinity);
  }

  #changesSince(before: Pick<ShownBefore, "forEach">, most: number): readonly RowChange[] {
    const mayBeSame = this.#mayBeSame || !this.#overlay.isEmpty;
    const changes: RowChange[] = [];
    before.forEach((old, id) => {
      if (changes.length === most) return;
      const after = this.#visible.get(id);
      if (old === after) return;
      const isSame = mayBeSame && old !== undefined && after !== undefined && equalRows(old, after);
      if (isSame) this.#keep(id, old);
      else changes.push({ id, before: old, after });
    });
    return changes;
  }

  /** The same content stays the same object for readers, whichever layer it now comes from. */
  #keep(id: string, row: Row): void {
    const base = this.#store.get(id);
    if (base !== undefined && equalRows(base, row)) this.#store.keep(id, row);
    this.#overlay.keep(id, this.#store.get(id), row);
  }
}

function listOf(ids: ReadonlySet<string>): readonly string[] {
  return ids.size === 0 ? nobody : [...ids];
}
