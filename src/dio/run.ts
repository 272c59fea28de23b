import { yieldToLoop } from "../base/index.ts";
import { equalRows, type Row } from "../record/index.ts";
import type { DioState } from "./dio-state.ts";
import type { ReadMark } from "./read-mark.ts";

/** What a callback was called for. */
export type RunKind = "start" | "refresh" | "seed" | "event" | "query" | "write" | "bulk";

/** Rows handled between two turns of the event loop. */
const STRETCH_ROWS = 4_000;
/** How far a publication may run ahead of the disk. */
const MAX_UNWRITTEN_ROWS = 20_000;
/** So many rows are looked up in a warm start's table one by one; more wait until all have arrived. */
const MAX_ENSURED_ROWS = 100;

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
  #staged = new Map<string, Row | undefined>();
  #cleared = false;
  #wroteBulk = false;
  #wroteWhole = false;
  #wrote = false;

  constructor(state: DioState, options: { kind: RunKind; startedAt: number; signal: AbortSignal }) {
    this.#state = state;
    this.kind = options.kind;
    this.startedAt = options.startedAt;
    this.signal = options.signal;
    this.mark = state.beginRead();
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

  noteBulk(): void {
    this.#wroteBulk = true;
  }

  put(id: string, row: Row): void {
    this.#wrote = true;
    this.#staged.set(id, row);
  }

  remove(id: string): void {
    this.#wrote = true;
    this.#staged.set(id, undefined);
  }

  /** Everything that is not put after it is removed at the next publication. */
  clear(): void {
    this.#wrote = true;
    this.#cleared = true;
    this.#wroteWhole = true;
    this.#staged = new Map();
  }

  /** The confirmed row as this run sees it. */
  confirmed(id: string): Row | undefined {
    if (this.#staged.has(id)) return this.#staged.get(id);
    return this.#cleared ? undefined : this.#state.store.get(id);
  }

  /** The visible row as this run sees it. */
  visible(id: string): Row | undefined {
    return this.#state.overlay.showOver(id, this.confirmed(id));
  }

  *visibleEntries(): Generator<readonly [string, Row]> {
    const seen = new Set<string>();
    for (const id of this.#ids()) {
      seen.add(id);
      const row = this.visible(id);
      if (row !== undefined) yield [id, row];
    }
    for (const id of this.#state.overlay.ids()) {
      const row = seen.has(id) ? undefined : this.visible(id);
      if (row !== undefined) yield [id, row];
    }
  }

  /** Makes everyone see what was written so far. The thread is held only for what really differs. */
  async publish(): Promise<void> {
    const { store } = this.#state;
    if (this.#staged.size === 0 && !this.#cleared) return;
    if (this.#cleared || this.#staged.size > MAX_ENSURED_ROWS) await store.whenLoaded();
    else await store.ensure([...this.#staged.keys()]);
    if (store.count === 0 && this.#canBeAdopted()) {
      const rows = this.#takeRows();
      if (rows.size > 0) this.#state.confirmAll(rows, this.mark);
    } else {
      await this.#publishDifference();
    }
    await this.#state.published();
    // A fill that is faster than the disk waits for it here, so that the changes not yet written stay few.
    await store.journal.whenBelow(MAX_UNWRITTEN_ROWS);
  }

  /** Ends the run; what was not published is dropped. */
  end(): void {
    this.#staged = new Map();
    this.#state.endRead(this.mark);
  }

  *#ids(): Generator<string> {
    if (!this.#cleared) yield* this.#state.store.ids();
    for (const id of this.#staged.keys()) {
      if (this.#cleared || this.#state.store.get(id) === undefined) yield id;
    }
  }

  /** An empty store takes the whole map at once, if nothing it holds was overtaken. */
  #canBeAdopted(): boolean {
    return this.#staged.size > MAX_ENSURED_ROWS && !this.mark.hasTouched && this.#state.overlay.isEmpty;
  }

  #takeRows(): Map<string, Row> {
    const staged = this.#staged;
    this.#staged = new Map();
    this.#cleared = false;
    for (const [id, row] of staged) if (row === undefined) staged.delete(id);
    // No `undefined` is left in it; a copy of a million entries would only prove that.
    return staged as Map<string, Row>;
  }

  async #publishDifference(): Promise<void> {
    const staged = this.#staged;
    const cleared = this.#cleared;
    this.#staged = new Map();
    this.#cleared = false;
    const gone = cleared ? await this.#missingFrom(staged) : [];
    await this.#dropEqual(staged);
    // From here to the end in one stretch: this is what readers see as one step.
    const options = { fetchedAt: this.startedAt, mark: this.mark };
    for (const id of gone) if (!this.mark.isNewer(id)) this.#state.confirm(id, undefined, options);
    for (const [id, row] of staged) if (!this.mark.isNewer(id)) this.#state.confirm(id, row, options);
  }

  /** Stored ids that are not staged. Rows that come after this look are newer than the run anyway. */
  async #missingFrom(staged: ReadonlyMap<string, unknown>): Promise<string[]> {
    const gone: string[] = [];
    let count = 0;
    for (const id of this.#state.store.ids()) {
      if (!staged.has(id)) gone.push(id);
      if (++count % STRETCH_ROWS === 0) await yieldToLoop();
    }
    return gone;
  }

  /** Leaves what differs from the store. A row that changes after this look is newer than the run anyway. */
  async #dropEqual(staged: Map<string, Row | undefined>): Promise<void> {
    if (staged.size <= STRETCH_ROWS) return;
    let count = 0;
    for (const [id, row] of staged) {
      const old = this.#state.store.get(id);
      const same = row === undefined ? old === undefined : old !== undefined && equalRows(old, row);
      if (same && !this.#state.isStale(id)) staged.delete(id);
      if (++count % STRETCH_ROWS === 0) await yieldToLoop();
    }
  }
}
