import { ChangeLog } from "./change-log.ts";
import type { RowChange } from "./row-change.ts";
import type { Selection } from "./selection.ts";
import type { Selections } from "./selections.ts";
import type { SharedView } from "./shared-view.ts";

/** Views of one kind that are kept without a user: so many … */
const MAX_IDLE = 32;
/** … of at most so many bytes together … */
const MAX_IDLE_BYTES = 64 * 2 ** 20;
/** … and for about so long. */
const IDLE_MS = 60_000;

interface Kept<View> {
  readonly view: View;
  selection: Selection;
  users: number;
  /** Up to where in the log it has followed, while it sleeps; else `undefined`. */
  position: number | undefined;
  /** When a sweep first found it without users. */
  idleSince: number | undefined;
}

/**
 * Views by what they show: whoever asks for the same gets the same. One that nobody uses any more is kept for a while
 * and sleeps: changes cost it nothing until somebody asks for it again, and then as many as it has missed.
 */
export class ViewPool<View extends SharedView> {
  readonly #selections: Selections;
  readonly #onDrop: (view: View) => void;
  readonly #kept = new Map<string, Kept<View>>();
  /** Without users, the one first that has been for the longest. */
  readonly #idle = new Set<Kept<View>>();
  readonly #log = new ChangeLog();
  #sleeping = 0;

  constructor(selections: Selections, onDrop: (view: View) => void) {
    this.#selections = selections;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#kept.size;
  }

  get idleCount(): number {
    return this.#idle.size;
  }

  get sizeBytes(): number {
    let bytes = 0;
    for (const { view } of this.#kept.values()) bytes += view.sizeBytes;
    return bytes;
  }

  has(key: string): boolean {
    return this.#kept.has(key);
  }

  /** The view, for one more user. `create` makes it as the rows are now. */
  acquire(key: string, create: () => View): View {
    const kept = this.#upToDate(key) ?? this.#add(create());
    kept.users += 1;
    if (this.#idle.delete(kept)) this.#wake(kept);
    return kept.view;
  }

  /** One user less. Returns whether the view is kept without any. */
  release(view: View): boolean {
    const kept = this.#kept.get(view.key);
    if (kept?.view !== view) return false;
    kept.users -= 1;
    if (kept.users > 0) return false;
    kept.idleSince = undefined;
    this.#idle.add(kept);
    if (view.canSleep) this.#sleep(kept);
    this.#keepBounds();
    return this.#idle.has(kept);
  }

  /** Every view, also those that sleep. */
  *views(): Generator<View, void, undefined> {
    for (const { view } of this.#kept.values()) yield view;
  }

  /** Makes one of them as the rows are now. False where that takes more than to start over: it is gone then. */
  refresh(view: View): boolean {
    return this.#upToDate(view.key)?.view === view;
  }

  /** The views that hear of every change. */
  *awake(): Generator<View, void, undefined> {
    for (const { view, position } of this.#kept.values()) if (position === undefined) yield view;
  }

  /** After the views that are awake have heard of these changes. */
  append(changes: readonly RowChange[]): void {
    if (this.#sleeping > 0) this.#log.append(changes);
  }

  /** Rows changed too much to follow. */
  reset(): void {
    for (const kept of this.#idle) this.#drop(kept);
    for (const { view } of this.#kept.values()) view.reset();
  }

  /** Lets go of what has been without users for too long. Returns whether any is left that is. */
  sweep(nowMs: number): boolean {
    for (const kept of this.#idle) {
      // A clock that was set back must not keep anything for longer than a whole time more.
      if (kept.idleSince === undefined || kept.idleSince > nowMs) kept.idleSince = nowMs;
      else if (nowMs - kept.idleSince >= IDLE_MS) this.#drop(kept);
    }
    return this.#idle.size > 0;
  }

  close(): void {
    for (const kept of this.#kept.values()) this.#drop(kept);
  }

  #add(view: View): Kept<View> {
    const selection = this.#selections.follow(view.scope, view);
    const kept = { view, selection, users: 0, position: undefined, idleSince: undefined };
    this.#kept.set(view.key, kept);
    return kept;
  }

  /** As the rows are now; dropped where that takes more than to start over. */
  #upToDate(key: string): Kept<View> | undefined {
    const kept = this.#kept.get(key);
    if (kept?.position === undefined) return kept;
    const missed = this.#log.since(kept.position);
    kept.position = this.#log.end;
    if (missed !== undefined && this.#hasCaughtUp(kept, missed)) return kept;
    this.#drop(kept);
    return undefined;
  }

  #hasCaughtUp({ view, selection }: Kept<View>, missed: readonly RowChange[]): boolean {
    const changes: RowChange[] = [];
    for (const change of missed) {
      const narrowed = selection.narrow(change);
      if (narrowed !== undefined) changes.push(narrowed);
    }
    return changes.length === 0 || view.catchUp(changes);
  }

  #sleep(kept: Kept<View>): void {
    this.#selections.unfollow(kept.selection, kept.view);
    kept.position = this.#log.end;
    this.#sleeping += 1;
  }

  #wake(kept: Kept<View>): void {
    if (kept.position === undefined) return;
    kept.selection = this.#selections.follow(kept.view.scope, kept.view);
    kept.position = undefined;
    this.#isOneLessAsleep();
  }

  #isOneLessAsleep(): void {
    this.#sleeping -= 1;
    if (this.#sleeping === 0) this.#log.clear();
  }

  #keepBounds(): void {
    let bytes = 0;
    for (const { view } of this.#idle) bytes += view.sizeBytes;
    for (const kept of this.#idle) {
      if (this.#idle.size <= MAX_IDLE && bytes <= MAX_IDLE_BYTES) return;
      bytes -= kept.view.sizeBytes;
      this.#drop(kept);
    }
  }

  #drop(kept: Kept<View>): void {
    this.#kept.delete(kept.view.key);
    this.#idle.delete(kept);
    if (kept.position === undefined) this.#selections.unfollow(kept.selection, kept.view);
    else this.#isOneLessAsleep();
    kept.view.close();
    this.#onDrop(kept.view);
  }
}
