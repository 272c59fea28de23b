import { isDioramaError, SingleFlight, toDioramaError } from "../base/index.ts";
import { type Row, toRow } from "../record/index.ts";
import type { DioContext } from "./dio-context.ts";
import type { Found, Renewal } from "./renewal.ts";
import type { WholeReads } from "./whole-reads.ts";

/** Reads of one row by its id. */
export class RowReads {
  readonly #context: DioContext;
  readonly #wholeReads: WholeReads;
  readonly #renewal: Renewal;
  readonly #flights = new SingleFlight<string, void>();
  /** Rows of which the master has not told yet. */
  readonly #asked = new Set<string>();

  constructor(context: DioContext, wholeReads: WholeReads, renewal: Renewal) {
    this.#context = context;
    this.#wholeReads = wholeReads;
    this.#renewal = renewal;
  }

  get underWay(): number {
    return this.#flights.size;
  }

  /** Whether this row is being read from the master. */
  isUnderWay(id: string): boolean {
    return this.#asked.size > 0 && this.#asked.has(id);
  }

  async get(id: string): Promise<Row | undefined> {
    const { state } = this.#context;
    this.#context.assertOpen();
    // The common case by itself: everything is here and nothing can be too old.
    if (state.store.isLoaded && state.store.meta.complete && !this.#renewal.canAge && !state.hasStale) {
      return state.visible(id);
    }
    return this.#getChecked(id);
  }

  /** Whether the visible rows decide that there is no row of this id, without asking the master. */
  decidesAbsence(id: string): boolean {
    const { state } = this.#context;
    return state.store.meta.complete || state.overlay.showOver(id, {}) === undefined;
  }

  /** Whether queued writes alone say what shows, whatever the master has. */
  #isDecided(id: string): boolean {
    return this.decidesAbsence(id) || this.#context.state.overlay.showOver(id, undefined) !== undefined;
  }

  /** Reads one row again from the master. One flight for all who ask: it ends with the Dio, not with one of them. */
  fetch(id: string): Promise<void> {
    return this.#flights.running(id) ?? this.#flights.run(id, () => this.#ask(id));
  }

  /** As `fetch`, for who knows that the row is out of date: what was asked before that is no answer. */
  async refetch(id: string): Promise<void> {
    const running = this.#flights.running(id);
    if (running === undefined) return this.fetch(id);
    await running.catch(() => undefined);
    if (this.#context.state.isStale(id)) await this.fetch(id);
  }

  /** As `refetch`, where nobody waits: what fails stays out of date, and the next reader tries again. */
  refetchBehind(id: string): Promise<void> {
    return this.refetch(id).catch((error: unknown) => this.failedBehind(error));
  }

  /** A read that nobody waits for has failed. */
  failedBehind(error: unknown): void {
    const { failures, name } = this.#context;
    if (isDioramaError(error, "closed")) return;
    failures.tell("read", toDioramaError(error, "unavailable", `${name}: reading a row again`));
  }

  #ask(id: string): Promise<void> {
    const { state } = this.#context;
    return this.#context.inRun("query", async (run) => {
      const master = this.#context.master();
      this.#asked.add(id);
      if (state.isWatched) state.touch(id);
      let isTold = false;
      try {
        const row = await master.get(id, { signal: run.signal });
        if (row === undefined) run.remove(id);
        else run.put(id, toRow(row, { vista: master.name, id }));
        // Who shows the row hears of both at once: what it is, and that it is not on its way any more.
        this.#asked.delete(id);
        // It may have come from elsewhere meanwhile: then what was read changes nothing.
        const before = state.visible(id);
        await run.publish();
        isTold = state.visible(id) !== before;
        this.#context.failures.ended("read");
      } finally {
        this.#asked.delete(id);
        if (state.isWatched && !isTold) state.touch(id);
      }
    });
  }

  async #getChecked(id: string): Promise<Row | undefined> {
    const { state } = this.#context;
    if (!state.store.knows(id)) await state.store.ensure([id]);
    if (!this.#context.options.cache.keeps) return this.#getUncached(id);
    if (state.store.get(id) !== undefined || state.store.meta.complete) await this.#renew(id);
    else if (!this.#isDecided(id)) await this.fetch(id);
    return state.visible(id);
  }

  /** A cache that keeps nothing: the master's row with the queued writes on top. */
  async #getUncached(id: string): Promise<Row | undefined> {
    const { state } = this.#context;
    if (this.#isDecided(id)) return state.overlay.showOver(id, undefined);
    const master = this.#context.master();
    const row = await master.get(id);
    return state.overlay.showOver(id, row === undefined ? undefined : toRow(row, { vista: master.name, id }));
  }

  #renew(id: string): Promise<void> | undefined {
    const { state } = this.#context;
    const { complete, seededAt } = state.store.meta;
    const isOwn = !complete || (state.isStale(id) && !state.isAllStale);
    if (!isOwn) {
      const found: Found = { what: "set", since: seededAt, isStale: state.isAllStale };
      return this.#renewal.renew(found, () => this.#wholeReads.refreshBehind());
    }
    const found: Found = {
      what: `row ${id}`,
      since: state.store.fetchedAt(id),
      isStale: state.isStale(id),
    };
    return this.#renewal.renew(found, () => this.fetch(id));
  }
}
