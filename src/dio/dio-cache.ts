import { type Clock, TimeSlice, toDioramaError } from "../base/index.ts";
import { checkId, type Row, toValue, type Value } from "../record/index.ts";
import type { DioState } from "./dio-state.ts";
import type { OwnRows } from "./own-rows.ts";
import { type RowsInput, toEntries } from "./rows-input.ts";
import type { Run, RunKind } from "./run.ts";
import { toTyped } from "./typed-row.ts";

export interface DioCacheHost {
  readonly state: DioState;
  readonly clock: Clock;
  /** For error messages. */
  readonly name: string;
  readonly rows: OwnRows;
  /** Emptied by hand: nothing is complete or filled any more. */
  emptied(): void;
  inRun<T>(kind: RunKind, work: (run: Run) => Promise<T>): Promise<T>;
  /** Throws `closed` after the end. */
  assertOpen(run?: Run): void;
}

/**
 * The rows of a Dio by id: what every reader sees (`get list count`), and the confirmed layer to write to.
 * No conditions, no order, no search: those are the facade's.
 */
export class DioCache<R extends object = Row> {
  readonly #host: DioCacheHost;
  readonly #run: Run | undefined;

  constructor(host: DioCacheHost, run?: Run) {
    this.#host = host;
    this.#run = run;
  }

  /** Whether it is known to hold every row of the master. */
  get complete(): boolean {
    return this.#host.state.store.meta.complete;
  }

  /** The visible row, queued writes included. */
  async get(id: string): Promise<Readonly<R> | undefined> {
    const known = await this.#know(id);
    return toTyped<R>(this.#run === undefined ? known.visible(id) : this.#run.visible(id));
  }

  /** The row below the queued writes: what the master is known to have. */
  async confirmed(id: string): Promise<Readonly<R> | undefined> {
    const known = await this.#know(id);
    return toTyped<R>(this.#run === undefined ? known.store.get(id) : this.#run.confirmed(id));
  }

  /** Every visible row, as a map of its own. */
  async list(): Promise<Map<string, Readonly<R>>> {
    this.#host.assertOpen(this.#run);
    const { state } = this.#host;
    await state.store.whenLoaded();
    const entries = this.#run === undefined ? state.visibleEntries() : this.#run.visibleEntries();
    const rows = new Map<string, Readonly<R>>();
    for (const [id, row] of entries) rows.set(id, toTyped<R>(row));
    return rows;
  }

  /** Every confirmed row, also one that a queued write hides, as a map of its own. */
  async listConfirmed(): Promise<Map<string, Readonly<R>>> {
    this.#host.assertOpen(this.#run);
    const { store } = this.#host.state;
    await store.whenLoaded();
    const entries = this.#run === undefined ? store.entries() : this.#run.confirmedEntries();
    const rows = new Map<string, Readonly<R>>();
    for (const [id, row] of entries) rows.set(id, toTyped<R>(row));
    return rows;
  }

  /** How many rows are visible. */
  async count(): Promise<number> {
    this.#host.assertOpen(this.#run);
    const { state } = this.#host;
    if (this.#run?.wrote !== true) {
      // Queued writes count only against confirmed rows that are known.
      if (!state.store.isLoaded) await state.store.ensure([...state.overlay.ids()]);
      return state.visibleCount;
    }
    await state.store.whenLoaded();
    let count = 0;
    for (const _ of this.#run.visibleEntries()) count += 1;
    return count;
  }

  /** Puts one confirmed row, new or not. Resolves when every view shows it. */
  insert(id: string, row: R): Promise<void> {
    // Not async: each promise on the way costs as much as the change itself.
    try {
      this.#host.assertOpen(this.#run);
      return this.#write(id, this.#host.rows.toOwn(id, row));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : toDioramaError(error, "invalid", "inserting"));
    }
  }

  /** Puts many confirmed rows in one publication; bad input changes nothing. */
  async insertAll(rows: RowsInput<R>): Promise<void> {
    await this.#inRun(async (run) => run.putAll(await this.#toOwnRows(rows)));
  }

  /** Makes these the only confirmed rows, in one publication; bad input changes nothing. */
  async replaceAll(rows: RowsInput<R>): Promise<void> {
    await this.#inRun(async (run) => {
      const own = await this.#toOwnRows(rows);
      run.clear();
      await run.putAll(own);
    });
  }

  /** Removes one confirmed row; nothing happens where there is none. */
  async delete(id: string): Promise<void> {
    this.#host.assertOpen(this.#run);
    await this.#write(checkId(id, this.#place), undefined);
  }

  /** Removes every confirmed row. Outside a callback the cache is not complete after it. */
  async clear(): Promise<void> {
    this.#host.assertOpen(this.#run);
    if (this.#run === undefined) this.#host.emptied();
    await this.#inRun((run) => {
      run.clear();
      return Promise.resolve();
    });
  }

  /** A small value of the application's own, kept with the rows. */
  getMeta(name: string): Value | undefined {
    return this.#run === undefined ? this.#host.state.store.note(name) : this.#run.note(name);
  }

  /**
   * Keeps a small value with the rows, or with `undefined` forgets it; on disk together with what was written
   * before, in a callback when that is published.
   */
  setMeta(name: string, value: Value | undefined): void {
    this.#host.assertOpen(this.#run);
    const own = value === undefined ? undefined : toValue(value, { ...this.#place, column: name });
    if (this.#run === undefined) this.#host.state.store.setNotes(new Map([[name, own]]));
    else this.#run.setNote(name, own);
  }

  get #place(): { vista: string } {
    return { vista: this.#host.name };
  }

  async #know(id: string): Promise<DioState> {
    this.#host.assertOpen(this.#run);
    const { state } = this.#host;
    if (!state.store.knows(id)) await state.store.ensure([id]);
    return state;
  }

  #write(id: string, row: Row | undefined): Promise<void> {
    const { state, clock } = this.#host;
    if (this.#run !== undefined) {
      if (row === undefined) this.#run.remove(id);
      else this.#run.put(id, row);
      return Promise.resolve();
    }
    if (state.store.knows(id)) {
      state.confirm(id, row, { fetchedAt: clock.now() });
      return state.published();
    }
    // What is written while the row below is looked up came later, and stays.
    return this.#host.inRun("bulk", (run) => {
      if (row === undefined) run.remove(id);
      else run.put(id, row);
      return run.publish();
    });
  }

  async #inRun(work: (run: Run) => Promise<void>): Promise<void> {
    this.#host.assertOpen(this.#run);
    if (this.#run !== undefined) return work(this.#run);
    await this.#host.inRun("bulk", async (run) => {
      await work(run);
      await run.publish();
    });
  }

  /** Collected before anything is written, so that bad input in the middle leaves nothing behind. */
  async #toOwnRows(rows: RowsInput<R>): Promise<Map<string, Row>> {
    const { name, rows: ownRows } = this.#host;
    const slice = new TimeSlice();
    const own = new Map<string, Row>();
    for await (const batch of toEntries(rows, (row) => ownRows.idOf(row), name)) {
      for (const entry of batch) {
        // Not `[id, row]`: it would walk through the entry as through any list.
        const id = entry[0];
        own.set(id, ownRows.toOwn(id, entry[1]));
        if (slice.isOver) await slice.next();
      }
    }
    this.#host.assertOpen(this.#run);
    return own;
  }
}
