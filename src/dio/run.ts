import { DioramaError, yieldToLoop } from "../base/index.ts";
import { equalRows, type Row, type Value } from "../record/index.ts";
import type { ConfirmOptions, DioState } from "./dio-state.ts";
import { ReadMark } from "./read-mark.ts";

/** What a callback was called for. */
export type RunKind = "start" | "refresh" | "seed" | "event" | "query" | "write" | "bulk";

/** Kinds whose rows are handed over; those of the others are asked of the master. */
const TOLD: ReadonlySet<RunKind> = new Set<RunKind>(["event", "write", "bulk"]);

/** Rows handled between two turns of the event loop. */
const STRETCH_ROWS = 4_000;
/** How far a publication may run ahead of the disk. */
const MAX_UNWRITTEN_ROWS = 20_000;
/** So many rows are looked up in a warm start's table one by one; more wait until all have arrived. */
const MAX_ENSURED_ROWS = 100;
/** Older than every read. */
const NO_ANSWER = new ReadMark(0, "asked");

/** What was written since the last publication. */
interface Staged {
  /** `undefined`: removed. */
  rows: Map<string, Row | undefined>;
  /** What was there before is gone. */
  cleared: boolean;
  hasRemovals: boolean;
  /** With `cleared`: what is staged is every row there is. */
  isAll: boolean;
  readonly notes: Map<string, Value | undefined>;
}

/**
 * A callback's transaction: its writes are its own until they are published, as the difference to what is
 * there then. A row that something else changed since the run began keeps the newer value.
 */
export class Run {
  readonly kind: RunKind;
  readonly signal: AbortSignal;
  /** When it began, milliseconds since 1970: how old what it read is. */
  readonly startedAt: number;
  readonly mark: ReadMark;
  readonly #state: DioState;
  #staged = createStaged();
  /** Rows that are removed without an answer as to what has become of them. */
  readonly #forgotten = new Set<string>();
  /** On its way to everyone: the run goes on seeing it. */
  #leaving: Staged | undefined;
  /** One publication after the other. */
  #publishing: Promise<void> = Promise.resolve();
  #wroteBulk = false;
  #wroteWhole = false;
  #wrote = false;
  #hasEnded = false;

  constructor(state: DioState, options: { kind: RunKind; startedAt: number; signal: AbortSignal }) {
    this.#state = state;
    this.kind = options.kind;
    this.startedAt = options.startedAt;
    this.signal = options.signal;
    this.mark = state.beginRead(TOLD.has(options.kind) ? "told" : "asked");
  }

  /** Whether it wrote with `insertAll` or `replaceAll`, which means that it wrote everything there is. */
  get wroteBulk(): boolean {
    return this.#wroteBulk;
  }

  /** Whether it cleared first, so that nothing older is left. */
  get wroteWhole(): boolean {
    return this.#wroteWhole;
  }

  /** Whether it fills the cache, so that a read inside it that waited for a fill would wait for itself. */
  get isFill(): boolean {
    return this.kind !== "event" && this.kind !== "write" && this.kind !== "bulk";
  }

  get wrote(): boolean {
    return this.#wrote;
  }

  /** Its callback is done: what its handle writes now nobody would publish. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  // Writing ------------------------------------------------------------------------------------------------

  put(id: string, row: Row): void {
    this.#beginWrite();
    this.#staged.rows.set(id, row);
  }

  /** Puts many rows, as all that there are. The map is the run's own from now on. */
  async putAll(rows: Map<string, Row>): Promise<void> {
    this.#beginWrite();
    this.#wroteBulk = true;
    if (this.#staged.rows.size === 0) {
      this.#staged.rows = rows;
      this.#staged.hasRemovals = false;
      return;
    }
    let count = 0;
    for (const [id, row] of rows) {
      this.put(id, row);
      if (++count % STRETCH_ROWS === 0) await yieldToLoop();
    }
  }

  remove(id: string): void {
    this.#beginWrite();
    this.#staged.rows.set(id, undefined);
    this.#staged.hasRemovals = true;
  }

  /** Removes a row that is not what it was, if it is there at all: whoever reads it meanwhile knows more. */
  forget(id: string): void {
    this.remove(id);
    this.#forgotten.add(id);
  }

  /** Everything that is not put after it is removed at the next publication. */
  clear(): void {
    this.#beginWrite();
    this.#wroteWhole = true;
    this.#wroteBulk = false;
    this.#staged.rows = new Map();
    this.#staged.cleared = true;
    this.#staged.hasRemovals = false;
  }

  /** Keeps a small value with the rows, from the publication on that brings what was written before. */
  setNote(name: string, value: Value | undefined): void {
    this.#assertLive();
    this.#staged.notes.set(name, value);
  }

  // Reading ------------------------------------------------------------------------------------------------

  /** The confirmed row as this run sees it. */
  confirmed(id: string): Row | undefined {
    const staged = this.#staged;
    if (staged.cleared || staged.rows.has(id)) return staged.rows.get(id);
    const leaving = this.#leaving;
    if (leaving !== undefined && (leaving.cleared || leaving.rows.has(id))) return leaving.rows.get(id);
    return this.#state.store.get(id);
  }

  /** The visible row as this run sees it. */
  visible(id: string): Row | undefined {
    return this.#state.overlay.showOver(id, this.confirmed(id));
  }

  /** The confirmed rows as this run sees them. */
  *confirmedEntries(): Generator<readonly [string, Row]> {
    const seen = new Set<string>();
    for (const id of this.#ids()) {
      const row = seen.has(id) ? undefined : this.confirmed(id);
      seen.add(id);
      if (row !== undefined) yield [id, row];
    }
  }

  *visibleEntries(): Generator<readonly [string, Row]> {
    const seen = new Set<string>();
    for (const id of this.#ids()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const row = this.visible(id);
      if (row !== undefined) yield [id, row];
    }
  }

  note(name: string): Value | undefined {
    for (const staged of [this.#staged, this.#leaving]) {
      if (staged?.notes.has(name) === true) return staged.notes.get(name);
    }
    return this.#state.store.note(name);
  }

  // Publishing ---------------------------------------------------------------------------------------------

  /**
   * Makes everyone see what was written so far. The thread is held only for what really differs. `isAll`: it is
   * everything there is; else a cache whose rows were cleared is not complete from here on.
   */
  publish({ isAll = !this.isFill && this.#wroteBulk }: { readonly isAll?: boolean } = {}): Promise<void> {
    const turn = this.#publishing.then(() => this.#publishStaged(isAll));
    // Its failure belongs to who asked for it, not to the next one.
    this.#publishing = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the run; what was not published is dropped. */
  end(): void {
    this.#hasEnded = true;
    this.#staged = createStaged();
    this.#state.endRead(this.mark);
  }

  *#ids(): Generator<string> {
    if (!this.#staged.cleared) {
      if (this.#leaving?.cleared !== true) yield* this.#state.store.ids();
      if (this.#leaving !== undefined) yield* this.#leaving.rows.keys();
    }
    yield* this.#staged.rows.keys();
    yield* this.#state.overlay.ids();
  }

  #beginWrite(): void {
    this.#assertLive();
    this.#wrote = true;
  }

  #assertLive(): void {
    this.signal.throwIfAborted();
    if (!this.#hasEnded) return;
    throw new DioramaError(
      "invalid",
      "the callback that this Dio was made for has ended, so nobody would publish what it writes now; use the Dio that makeDio returned",
    );
  }

  async #publishStaged(isAll: boolean): Promise<void> {
    const leaving = this.#staged;
    const { rows, cleared, notes } = leaving;
    if (rows.size === 0 && !cleared && notes.size === 0) return;
    this.#assertLive();
    const { store } = this.#state;
    this.#staged = createStaged();
    this.#leaving = leaving;
    leaving.isAll = isAll;
    try {
      if (cleared || rows.size > MAX_ENSURED_ROWS) await store.whenLoaded();
      else if (!store.isLoaded) await store.ensure([...rows.keys()]);
      if (cleared || rows.size > STRETCH_ROWS) await this.#publishLarge(leaving);
      else this.#confirm(leaving);
    } catch (error) {
      this.#takeBack(leaving);
      throw error;
    } finally {
      this.#leaving = undefined;
    }
    await this.#state.published();
    // A fill that is faster than the disk waits for it here, so that the changes not yet written stay few.
    await store.journal.whenBelow(MAX_UNWRITTEN_ROWS);
  }

  /** Looks first, in turns, what really differs, so that the step itself is short. */
  async #publishLarge(leaving: Staged): Promise<void> {
    const { rows, cleared } = leaving;
    if (this.#canBeAdopted(leaving)) {
      this.#confirm(leaving, []);
      return;
    }
    // Of changes made by whomever between the look and the step.
    const look = this.#state.beginRead();
    const ids: string[] = [];
    try {
      if (cleared) await this.#collectMissing(rows, ids);
      await this.#collectDiffering(rows, ids);
    } finally {
      this.#state.endRead(look);
    }
    for (const id of look.touched()) if (cleared || rows.has(id)) ids.push(id);
    this.#confirm(leaving, ids);
  }

  /** The step that readers see: one stretch. Of these ids, or of all that is staged. */
  #confirm(leaving: Staged, ids?: Iterable<string>): void {
    this.signal.throwIfAborted();
    // The callback failed meanwhile: what it had not published is dropped.
    if (this.#hasEnded) return;
    const options = { fetchedAt: this.startedAt, mark: this.mark };
    if (this.#canBeAdopted(leaving)) {
      this.#state.confirmAll(toRowMap(leaving), options);
    } else if (ids === undefined) {
      leaving.rows.forEach((row, id) => this.#confirmOne(id, row, options));
    } else {
      for (const id of ids) this.#confirmOne(id, leaving.rows.get(id), options);
    }
    if (this.kind === "event" && leaving.cleared) this.#state.notice("upstream");
    const { store } = this.#state;
    if (leaving.cleared && !leaving.isAll && store.meta.complete) this.#state.setMeta({ complete: false });
    if (leaving.notes.size > 0) store.setNotes(leaving.notes);
  }

  #confirmOne(id: string, row: Row | undefined, options: ConfirmOptions): void {
    if (this.mark.isNewer(id)) return;
    const before = this.kind === "event" ? this.#state.store.get(id) : undefined;
    const isForgotten = row === undefined && this.#forgotten.has(id);
    this.#state.confirm(id, row, isForgotten ? { ...options, mark: NO_ANSWER } : options);
    if (this.kind === "event") this.#state.noteUpstream({ id, before, after: row });
  }

  /** An empty store takes the whole map at once, if nothing it holds was overtaken. */
  #canBeAdopted({ rows }: Staged): boolean {
    const { store, overlay } = this.#state;
    const isFirst = store.keeps && store.isLoaded && store.count === 0 && overlay.isEmpty;
    return isFirst && rows.size > MAX_ENSURED_ROWS && !this.mark.hasTouched;
  }

  /** It could not be published: what was written since stands on top of it. */
  #takeBack(leaving: Staged): void {
    if (this.#hasEnded) return;
    const since = this.#staged;
    if (!since.cleared) {
      for (const [id, row] of since.rows) leaving.rows.set(id, row);
      since.rows = leaving.rows;
      since.cleared = leaving.cleared;
      since.hasRemovals ||= leaving.hasRemovals;
    }
    for (const [name, value] of leaving.notes) if (!since.notes.has(name)) since.notes.set(name, value);
  }

  /** Stored ids that are not staged. */
  async #collectMissing(staged: ReadonlyMap<string, unknown>, ids: string[]): Promise<void> {
    let count = 0;
    for (const id of this.#state.store.ids()) {
      if (!staged.has(id)) ids.push(id);
      if (++count % STRETCH_ROWS === 0) await yieldToLoop();
    }
  }

  /** Staged ids whose row is not the stored one, or is to be said to be up to date again. */
  async #collectDiffering(staged: ReadonlyMap<string, Row | undefined>, ids: string[]): Promise<void> {
    let count = 0;
    for (const [id, row] of staged) {
      const old = this.#state.store.get(id);
      const same = row === undefined ? old === undefined : old !== undefined && equalRows(old, row);
      if (!same || this.#state.isStale(id)) ids.push(id);
      if (++count % STRETCH_ROWS === 0) await yieldToLoop();
    }
  }
}

function createStaged(): Staged {
  return { rows: new Map(), cleared: false, hasRemovals: false, isAll: false, notes: new Map() };
}

/** The staged rows without removals: the run gives the map away. */
function toRowMap({ rows, hasRemovals }: Staged): Map<string, Row> {
  if (hasRemovals) for (const [id, row] of rows) if (row === undefined) rows.delete(id);
  // No `undefined` is left in it; a copy of a million entries would only prove that.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return rows as Map<string, Row>;
}
