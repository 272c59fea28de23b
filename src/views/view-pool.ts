import { assert } from "../base/index.ts";
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
  /** It is in the list of those that may be put to sleep. */
  isDrowsy: boolean;
  /** The number of its last release. */
  releasedAt: number;
  /** When a sweep first found it without users. */
  idleSince: number | undefined;
  /** What it took when its last user went … */
  idleBytes: number;
  /** … as it was after so many batches of changes. */
  weighedAt: number;
}

/**
 * Views by what they show: whoever asks for the same gets the same. One that nobody uses any more is kept for a while
 * and sleeps: changes cost it nothing until somebody asks for it again, and then as many as it has missed. Opening and
 * releasing the same again and again, as reads of pages do, leaves hardly anything to be done.
 */
export class ViewPool<View extends SharedView> {
  readonly #selections: Selections;
  readonly #onDrop: (view: View) => void;
  readonly #kept = new Map<string, Kept<View>>();
  readonly #log = new ChangeLog();
  /** Those that are to sleep from the next change on, where nobody uses them by then. */
  #drowsy: Kept<View>[] = [];
  #sleeping = 0;
  #idle = 0;
  #idleBytes = 0;
  #releases = 0;
  #batches = 0;

  constructor(selections: Selections, onDrop: (view: View) => void) {
    this.#selections = selections;
    this.#onDrop = onDrop;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** How many of them have no users. */
  get idleCount(): number {
    return this.#idle;
  }

  get sizeBytes(): number {
    let bytes = 0;
    for (const { view } of this.#kept.values()) bytes += view.sizeBytes;
    return bytes;
  }

  /** Whether it is there, and can be made as the rows are now. */
  has(key: string): boolean {
    return this.#upToDate(key) !== undefined;
  }

  /** The view, for one more user. `create` makes it as the rows are now. */
  acquire(key: string, create: () => View): View {
    const kept = this.#upToDate(key) ?? this.#add(create());
    kept.users += 1;
    if (kept.users === 1) {
      this.#idle -= 1;
      this.#idleBytes -= kept.idleBytes;
      if (kept.position !== undefined) this.#wake(kept);
    }
    return kept.view;
  }

  /** One user less. Returns whether the view is kept without any. */
  release(view: View): boolean {
    const kept = this.#kept.get(view.key);
    if (kept?.view !== view) return false;
    kept.users -= 1;
    if (kept.users > 0) return false;
    this.#becomeIdle(kept);
    if (view.canSleep && !kept.isDrowsy) {
      kept.isDrowsy = true;
      this.#drowsy.push(kept);
    }
    while (this.#idle > MAX_IDLE || this.#idleBytes > MAX_IDLE_BYTES) this.#dropOldest();
    return this.#kept.get(view.key) === kept;
  }

  /** Every view, also those that sleep. */
  *views(): Generator<View, void, undefined> {
    for (const { view } of this.#kept.values()) yield view;
  }

  /** Makes one of them as the rows are now. False where that takes more than to start over: it is gone then. */
  refresh(view: View): boolean {
    return this.#upToDate(view.key)?.view === view;
  }

  /** Before changes: those that nobody uses don't hear of them. */
  putToSleep(): void {
    if (this.#drowsy.length === 0) return;
    for (const kept of this.#drowsy) {
      kept.isDrowsy = false;
      if (kept.users > 0 || this.#kept.get(kept.view.key) !== kept) continue;
      this.#selections.unfollow(kept.selection, kept.view);
      kept.position = this.#log.end;
      this.#sleeping += 1;
    }
    this.#drowsy = [];
  }

  /** After the views that are awake have heard of these changes. */
  append(changes: readonly RowChange[]): void {
    this.#batches += 1;
    if (this.#sleeping > 0) this.#log.append(changes);
  }

  /** Rows changed too much to follow. */
  reset(): void {
    for (const kept of this.#kept.values()) {
      if (kept.users === 0) this.#drop(kept);
      else kept.view.reset();
    }
  }

  /** Lets go of what has been without users for too long. Returns whether any is left that is. */
  sweep(nowMs: number): boolean {
    for (const kept of this.#kept.values()) {
      if (kept.users > 0) continue;
      // A clock that was set back must not keep anything for longer than a whole time more.
      if (kept.idleSince === undefined || kept.idleSince > nowMs) kept.idleSince = nowMs;
      else if (nowMs - kept.idleSince >= IDLE_MS) this.#drop(kept);
    }
    return this.#idle > 0;
  }

  close(): void {
    for (const kept of this.#kept.values()) this.#drop(kept);
  }

  /** Without a user, until `acquire` counts the first. */
  #add(view: View): Kept<View> {
    const kept: Kept<View> = {
      view,
      selection: this.#selections.follow(view.scope, view),
      users: 0,
      position: undefined,
      isDrowsy: false,
      releasedAt: 0,
      idleSince: undefined,
      idleBytes: 0,
      weighedAt: -1,
    };
    this.#kept.set(view.key, kept);
    this.#becomeIdle(kept);
    return kept;
  }

  #becomeIdle(kept: Kept<View>): void {
    kept.idleSince = undefined;
    // To weigh it is to go through all of it.
    if (kept.weighedAt !== this.#batches) kept.idleBytes = kept.view.sizeBytes;
    kept.weighedAt = this.#batches;
    kept.releasedAt = this.#releases += 1;
    this.#idle += 1;
    this.#idleBytes += kept.idleBytes;
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

  #wake(kept: Kept<View>): void {
    kept.selection = this.#selections.follow(kept.view.scope, kept.view);
    kept.position = undefined;
    this.#isOneLessAsleep();
  }

  #isOneLessAsleep(): void {
    this.#sleeping -= 1;
    if (this.#sleeping === 0) this.#log.clear();
  }

  #dropOldest(): void {
    let oldest: Kept<View> | undefined;
    for (const kept of this.#kept.values()) {
      if (kept.users === 0 && kept.releasedAt < (oldest?.releasedAt ?? Infinity)) oldest = kept;
    }
    assert(oldest, "what is idle is kept");
    this.#drop(oldest);
  }

  #drop(kept: Kept<View>): void {
    this.#kept.delete(kept.view.key);
    if (kept.users === 0) {
      this.#idle -= 1;
      this.#idleBytes -= kept.idleBytes;
    }
    if (kept.position === undefined) this.#selections.unfollow(kept.selection, kept.view);
    else this.#isOneLessAsleep();
    kept.view.close();
    this.#onDrop(kept.view);
  }
}
