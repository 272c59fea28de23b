import {
  type ActivitySignal,
  type Clock,
  isDioramaError,
  type Logger,
  messageOf,
  SingleFlight,
} from "../base/index.ts";
import { evaluate, evaluateWindow, type Query, queryKey } from "../query/index.ts";
import { type Entry, type Row, toRow } from "../record/index.ts";
import { type CallOptions, searchColumnsOf, type Vista } from "../vista/index.ts";
import type { DioState } from "./dio-state.ts";
import type { FacadeReads, WindowAnswer } from "./facade-reads.ts";
import { decideFreshness, type Freshness } from "./freshness.ts";
import { planRead, type ReadPlan, type ReadShape, type Situation } from "./plan.ts";
import { QueryFills } from "./query-fills.ts";
import type { Run, RunKind } from "./run.ts";
import { toUntyped } from "./typed-row.ts";

export interface ReaderHost {
  readonly state: DioState;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly activity: ActivitySignal;
  readonly freshForMs: number;
  readonly staleForMs: number;
  readonly keeps: boolean;
  readonly hasOnQuery: boolean;
  master(): Vista;
  assertOpen(): void;
  /** Runs the callback for one query. */
  fill(query: Query): Promise<void>;
  /** Reads the whole master into the cache; joins a read that is running. */
  seed(): Promise<void>;
  isSeeding(): boolean;
  /** Refreshes in the background, or joins the refresh that is running. */
  refreshBehind(): Promise<void>;
  inRun<T>(kind: RunKind, work: (run: Run) => Promise<T>): Promise<T>;
}

/** Answers the facade's reads from the rows in memory, and brings in what is missing first. */
export class Reader implements FacadeReads {
  readonly #host: ReaderHost;
  readonly #fills: QueryFills;
  readonly #gets = new SingleFlight<string, void>();
  readonly #canAge: boolean;
  readonly #wholeReads = new SingleFlight<"all", ReadonlyMap<string, Row>>();

  constructor(host: ReaderHost) {
    this.#host = host;
    this.#canAge = host.freshForMs !== Infinity;
    this.#fills = new QueryFills((query) => host.fill(query), host.clock);
  }

  get flights(): number {
    return this.#gets.size + this.#fills.underWay + this.#wholeReads.size;
  }

  /** What onQuery brought is to be asked for again. */
  forgetFills(): void {
    this.#fills.forget();
  }

  async rows(query: Query, call: CallOptions): Promise<readonly Entry[]> {
    const plan = await this.#prepare(query, "rows");
    if (plan.kind === "push") return this.#pushedRows(plan, query, call);
    return evaluate(await this.#entries(plan), query, this.#searchColumns);
  }

  async window(query: Query, offset: number, limit: number, call: CallOptions): Promise<WindowAnswer> {
    const isPage = limit > 0 && offset % limit === 0;
    const plan = await this.#prepare(query, isPage ? "page" : "window");
    if (plan.kind === "push") {
      if (plan.whole) return this.#pushedWindow(query, offset, limit, call);
      const rows = await this.#pushedRows(plan, query, call);
      return { rows: rows.slice(offset, offset + limit), total: rows.length };
    }
    return evaluateWindow(await this.#entries(plan), query, this.#searchColumns, { offset, limit });
  }

  async count(query: Query, call: CallOptions): Promise<number> {
    const plan = await this.#prepare(query, "count");
    if (plan.kind === "push") {
      if (plan.whole) return this.#host.master().narrowedBy(query).count(call);
      return (await this.#pushedRows(plan, query, call)).length;
    }
    const narrows = query.conditions.length > 0 || query.search !== undefined;
    const { state } = this.#host;
    if (!narrows && this.#host.keeps) {
      if (!state.store.isLoaded) await state.store.ensure([...state.overlay.ids()]);
      return state.visibleCount;
    }
    return evaluateWindow(await this.#entries(plan), query, this.#searchColumns, { offset: 0, limit: 0 })
      .total;
  }

  async get(id: string): Promise<Row | undefined> {
    const { state } = this.#host;
    this.#host.assertOpen();
    // The common case by itself: everything is here and nothing can be too old.
    if (state.store.isLoaded && state.store.meta.complete && !this.#canAge && !state.hasStale)
      return state.visible(id);
    return this.#getChecked(id);
  }

  async #getChecked(id: string): Promise<Row | undefined> {
    const { state } = this.#host;
    if (!state.store.knows(id)) await state.store.ensure([id]);
    const { complete } = state.store.meta;
    const base = state.store.get(id);
    const settled = complete || base !== undefined || state.overlay.showOver(id, {}) === undefined;
    if (!settled) {
      await this.#fetch(id);
      return state.visible(id);
    }
    if (base !== undefined || complete) await this.#freshenRow(id);
    return state.visible(id);
  }

  /** Whether the visible rows decide that there is no row of this id, without asking the master. */
  decidesAbsence(id: string): boolean {
    const { state } = this.#host;
    return state.store.meta.complete || state.overlay.showOver(id, {}) === undefined;
  }

  explain(query: Query): string {
    const plan = planRead(query, "rows", this.#situation());
    switch (plan.kind) {
      case "local":
        return "answered locally: the cache is complete";
      case "join":
        return "answered locally, once the seed that is running has ended";
      case "fill":
        return "answered locally, after onQuery has filled the cache for it";
      case "readAll":
        return `answered locally, after one read of everything: ${this.#host.master().explain()}`;
      case "push":
        return `${plan.whole ? "answered by" : "in part answered by"} the master: ${this.#host.master().narrowedBy(plan.pushed).explain()}`;
    }
  }

  get #searchColumns(): readonly string[] | undefined {
    return searchColumnsOf(this.#host.master().schema);
  }

  #situation(): Situation {
    const { state, hasOnQuery, keeps } = this.#host;
    return {
      complete: state.store.meta.complete,
      seeding: this.#host.isSeeding(),
      hasOnQuery,
      keeps,
      pending: !state.overlay.isEmpty,
      master: this.#host.master().capabilities,
    };
  }

  /** Brings in what the query needs. Afterwards it is answered as the returned plan says. */
  async #prepare(query: Query, shape: ReadShape): Promise<ReadPlan> {
    this.#host.assertOpen();
    for (;;) {
      const plan = planRead(query, shape, this.#situation());
      if (plan.kind === "local") await this.#freshenAll();
      if (plan.kind === "fill") await this.#fill(query);
      if (plan.kind === "readAll" && this.#host.keeps) await this.#host.seed();
      if (plan.kind !== "join") return plan;
      // It may end without a complete cache: then the next look decides.
      await this.#host.seed();
    }
  }

  async #entries(plan: ReadPlan): Promise<Iterable<readonly [string, Row]>> {
    const { state } = this.#host;
    if (plan.kind === "readAll" && !this.#host.keeps) return this.#overlaid(await this.#readWhole());
    await state.store.whenLoaded();
    return state.visibleEntries();
  }

  // Without a cache ----------------------------------------------------------------------------------------

  #readWhole(): Promise<ReadonlyMap<string, Row>> {
    return this.#wholeReads.run("all", async () => {
      const rows = new Map<string, Row>();
      for (const [id, row] of await this.#host.master().list()) rows.set(id, toUntyped(row));
      return rows;
    });
  }

  /** Rows of the master as the reader sees them: queued writes on top. */
  *#overlaid(rows: Iterable<readonly [string, Row]>): Generator<readonly [string, Row]> {
    const { overlay } = this.#host.state;
    const seen = new Set<string>();
    for (const [id, row] of rows) {
      seen.add(id);
      const shown = overlay.showOver(id, row);
      if (shown !== undefined) yield [id, shown];
    }
    for (const id of overlay.ids()) {
      const shown = seen.has(id) ? undefined : overlay.showOver(id, undefined);
      if (shown !== undefined) yield [id, shown];
    }
  }

  // Pushing down -------------------------------------------------------------------------------------------

  async #pushedRows(
    plan: ReadPlan & { kind: "push" },
    query: Query,
    call: CallOptions,
  ): Promise<readonly Entry[]> {
    const found = await this.#keep(async () =>
      (await this.#host.master().narrowedBy(plan.pushed).list(call)).entries(),
    );
    if (plan.whole && this.#host.state.overlay.isEmpty) return found;
    // Queued writes can bring rows into the query that the master does not have there.
    return evaluate(this.#withPending(found), query, this.#searchColumns);
  }

  async #pushedWindow(query: Query, offset: number, limit: number, call: CallOptions): Promise<WindowAnswer> {
    const master = this.#host.master().narrowedBy(query);
    let total: number | undefined;
    const rows = await this.#keep(async () => {
      const page = master.capabilities.canFetchWindow
        ? await master.fetchWindow(offset, limit, call)
        : await master.fetchPage(offset / limit + 1, limit, call);
      total = page.total;
      return page.rows.entries();
    });
    return { rows, total };
  }

  *#withPending(found: Iterable<Entry>): Generator<readonly [string, Row]> {
    const { state } = this.#host;
    const seen = new Set<string>();
    for (const [id, row] of found) {
      seen.add(id);
      const shown = this.#host.keeps ? state.visible(id) : state.overlay.showOver(id, row);
      if (shown !== undefined) yield [id, shown];
    }
    for (const id of state.overlay.ids()) {
      const shown = seen.has(id) ? undefined : state.visible(id);
      if (shown !== undefined) yield [id, shown];
    }
  }

  /** Puts the master's rows into the cache, unless something newer came meanwhile, and answers with them. */
  #keep(read: () => Promise<Iterable<readonly [string, object]>>): Promise<readonly Entry[]> {
    return this.#host.inRun("query", async (run) => {
      const rows: Entry[] = [];
      const place = { vista: this.#host.master().name };
      for (const [id, row] of await read()) rows.push([id, toRow(row, { ...place, id })]);
      if (!this.#host.keeps) return rows;
      for (const [id, row] of rows) run.put(id, row);
      await run.publish();
      return rows;
    });
  }

  // One row ------------------------------------------------------------------------------------------------

  /** One flight for all who ask: it ends with the Dio, not with the patience of the first of them. */
  #fetch(id: string): Promise<void> {
    return this.#gets.run(id, () =>
      this.#host.inRun("query", async (run) => {
        const row = await this.#host.master().get(id, { signal: run.signal });
        if (row === undefined) run.remove(id);
        else run.put(id, toRow(row, { vista: this.#host.master().name, id }));
        await run.publish();
      }),
    );
  }

  /** Reads one row again from the master; used by `invalidateRecord` and by stale rows. */
  reread(id: string): Promise<void> {
    return this.#fetch(id);
  }

  async #freshenRow(id: string): Promise<void> {
    const { state, clock, freshForMs, staleForMs } = this.#host;
    if (state.store.meta.complete && !state.isStale(id)) return this.#freshenAll();
    const fetchedAt = state.store.fetchedAt(id);
    const ageMs = fetchedAt === undefined ? undefined : clock.now() - fetchedAt;
    const freshness = decideFreshness({ ageMs, invalidated: state.isStale(id) }, freshForMs, staleForMs);
    await this.#follow(freshness, () =>
      state.isAllStale && state.store.meta.complete ? this.#host.refreshBehind() : this.#fetch(id),
    );
  }

  // Freshness ----------------------------------------------------------------------------------------------

  #freshenAll(): Promise<void> | undefined {
    const { state, clock, freshForMs, staleForMs } = this.#host;
    const { seededAt } = state.store.meta;
    if (freshForMs === Infinity && !state.isAllStale) return undefined;
    const ageMs = seededAt === undefined ? undefined : clock.now() - seededAt;
    const freshness = decideFreshness({ ageMs, invalidated: state.isAllStale }, freshForMs, staleForMs);
    return this.#follow(freshness, () => this.#host.refreshBehind());
  }

  async #fill(query: Query): Promise<void> {
    const key = queryKey(query);
    const filledAt = this.#fills.filledAt(key);
    if (filledAt === undefined) {
      await this.#fills.fill(key, query);
      return;
    }
    const { clock, freshForMs, staleForMs } = this.#host;
    const freshness = decideFreshness(
      { ageMs: clock.now() - filledAt, invalidated: false },
      freshForMs,
      staleForMs,
    );
    await this.#follow(freshness, () => this.#fills.fill(key, query));
  }

  /** Fresh: nothing. Behind: in the background. Wait: first, and what there is after all if that fails. */
  async #follow(freshness: Freshness, renew: () => Promise<void>): Promise<void> {
    if (freshness === "fresh" || this.#host.activity.state === "offline") return;
    const renewed = renew().catch((error: unknown) => {
      if (!isDioramaError(error, "closed"))
        this.#host.logger.info("renewing failed", { reason: messageOf(error) });
    });
    if (freshness === "wait") await renewed;
  }
}
