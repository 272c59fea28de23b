import { SingleFlight, unreachable } from "../base/index.ts";
import { evaluate, evaluateWindow, type Query, queryKey } from "../query/index.ts";
import { type Entry, type Row, toRow } from "../record/index.ts";
import { type CallOptions, searchColumnsOf } from "../vista/index.ts";
import type { DioContext } from "./dio-context.ts";
import type { FacadeReads, WindowAnswer } from "./facade-reads.ts";
import { planRead, type ReadPlan, type ReadShape } from "./plan.ts";
import { PushedReads, withPending } from "./pushed-reads.ts";
import { QueryFills } from "./query-fills.ts";
import { type Found, Renewal } from "./renewal.ts";
import { RowReads } from "./row-reads.ts";
import type { WholeReads } from "./whole-reads.ts";

/** More rows than this that are out of date are read again together. */
const MAX_REREADS = 100;

const LOCAL: ReadPlan = { kind: "local" };

/** Answers the facade's reads from the rows in memory, and brings in what is missing first. */
export class Reader implements FacadeReads {
  readonly #context: DioContext;
  readonly #wholeReads: WholeReads;
  readonly #renewal: Renewal;
  readonly #rowReads: RowReads;
  readonly #pushed: PushedReads;
  readonly #fills: QueryFills;
  /** Reads of everything for a cache that keeps nothing. */
  readonly #uncached = new SingleFlight<"everything", ReadonlyMap<string, Row>>();

  constructor(context: DioContext, wholeReads: WholeReads) {
    this.#context = context;
    this.#wholeReads = wholeReads;
    this.#renewal = new Renewal(context);
    this.#rowReads = new RowReads(context, wholeReads, this.#renewal);
    this.#pushed = new PushedReads(context);
    this.#fills = new QueryFills((query) => this.#callOnQuery(query), context.options.clock);
  }

  /** Calls of the master under way for readers. */
  get flights(): number {
    return this.#rowReads.underWay + this.#fills.underWay + this.#uncached.size;
  }

  /** What onQuery brought is to be asked for again. */
  forgetFills(): void {
    this.#fills.forget();
  }

  async rows(query: Query, call: CallOptions): Promise<readonly Entry[]> {
    const plan = await this.#prepare(query, "rows");
    if (plan.kind === "push") return this.#pushed.rows(plan, query, this.#searchColumns, call);
    return evaluate(await this.#entries(plan), query, this.#searchColumns);
  }

  async window(query: Query, offset: number, limit: number, call: CallOptions): Promise<WindowAnswer> {
    const isPage = limit > 0 && offset % limit === 0;
    const plan = await this.#prepare(query, isPage ? "page" : "window");
    if (plan.kind !== "push") {
      return evaluateWindow(await this.#entries(plan), query, this.#searchColumns, { offset, limit });
    }
    if (plan.whole) return this.#pushed.window(query, this.#searchColumns, { offset, limit }, call);
    const rows = await this.#pushed.rows(plan, query, this.#searchColumns, call);
    return { rows: rows.slice(offset, offset + limit), total: rows.length };
  }

  async count(query: Query, call: CallOptions): Promise<number> {
    const plan = await this.#prepare(query, "count");
    if (plan.kind === "push") {
      if (plan.whole) return this.#pushed.count(query, call);
      return (await this.#pushed.rows(plan, query, this.#searchColumns, call)).length;
    }
    const { state, options } = this.#context;
    if (options.cache.keeps && query.conditions.length === 0 && query.search === undefined) {
      // Queued writes count against confirmed rows, which have to be known; no other row is needed.
      if (!state.store.isLoaded) await state.store.ensure([...state.overlay.ids()]);
      return state.visibleCount;
    }
    return evaluateWindow(await this.#entries(plan), query, this.#searchColumns, { offset: 0, limit: 0 })
      .total;
  }

  get(id: string): Promise<Row | undefined> {
    return this.#rowReads.get(id);
  }

  /** Reads one row again from the master. */
  reread(id: string): Promise<void> {
    return this.#rowReads.refetch(id);
  }

  visible(id: string): Row | undefined {
    return this.#context.state.visible(id);
  }

  decidesAbsence(id: string): boolean {
    return this.#rowReads.decidesAbsence(id);
  }

  explain(query: Query): string {
    const plan = this.#plan(query, "rows");
    const master = this.#context.master();
    switch (plan.kind) {
      case "local":
        return "answered locally: the cache is complete";
      case "join":
        return "answered locally, once the seed that is running has ended";
      case "fill":
        return "answered locally, after onQuery has filled the cache for it";
      case "readAll":
        return `answered locally, after one read of everything: ${master.explain()}`;
      case "push":
        return `${plan.whole ? "answered" : "in part answered"} by the master: ${master.narrowedBy(plan.pushed).explain()}`;
      default:
        return unreachable(plan);
    }
  }

  get #searchColumns(): readonly string[] | undefined {
    return searchColumnsOf(this.#context.master().schema);
  }

  #plan(query: Query, shape: ReadShape): ReadPlan {
    const { state, options } = this.#context;
    return planRead(query, shape, {
      complete: state.store.meta.complete,
      seeding: this.#wholeReads.isSeeding,
      hasOnQuery: options.callbacks.onQuery !== undefined,
      keeps: options.cache.keeps,
      pending: !state.overlay.isEmpty,
      master: this.#context.master().capabilities,
    });
  }

  /** Brings in what the query needs. Afterwards it is answered as the returned plan says. */
  async #prepare(query: Query, shape: ReadShape): Promise<ReadPlan> {
    this.#context.assertOpen();
    for (;;) {
      const plan = this.#plan(query, shape);
      switch (plan.kind) {
        case "local":
          await this.#renewAll();
          return plan;
        case "fill":
          await this.#fill(query);
          return plan;
        case "readAll":
          if (!this.#context.options.cache.keeps) return plan;
          // What it read may have been dropped by hand meanwhile: then the next look decides.
          await this.#wholeReads.seed();
          if (this.#context.state.store.meta.complete) return LOCAL;
          break;
        case "push":
          return plan;
        case "join":
          // It may end without a complete cache: then the next look decides.
          await this.#wholeReads.seed();
          if (this.#context.state.store.meta.complete) return LOCAL;
          break;
        default:
          unreachable(plan);
      }
    }
  }

  async #entries(plan: ReadPlan): Promise<Iterable<readonly [string, Row]>> {
    const { state, options } = this.#context;
    if (plan.kind === "readAll" && !options.cache.keeps)
      return withPending(this.#context, await this.#readUncached());
    await state.store.whenLoaded();
    return state.visibleEntries();
  }

  #readUncached(): Promise<ReadonlyMap<string, Row>> {
    return this.#uncached.run("everything", async () => {
      const master = this.#context.master();
      const rows = new Map<string, Row>();
      for (const [id, row] of await master.list()) rows.set(id, toRow(row, { vista: master.name, id }));
      return rows;
    });
  }

  #renewAll(): Promise<void> | undefined {
    const { state } = this.#context;
    if (!this.#renewal.canAge && !state.hasStale) return undefined;
    const isStale = state.isAllStale || state.staleIds.size > MAX_REREADS;
    if (!isStale) this.#rereadStale();
    const { seededAt } = state.store.meta;
    const found: Found = { what: "set", since: seededAt, isStale };
    return this.#renewal.renew(found, () => this.#wholeReads.refreshBehind());
  }

  /** A reader of the set looks at all of them; each is read again behind it. */
  #rereadStale(): void {
    let left = MAX_REREADS;
    for (const id of this.#context.state.staleIds) {
      if (left-- === 0) return;
      const found: Found = { what: `row ${id}`, since: undefined, isStale: true };
      void this.#renewal.renew(found, () => this.#rowReads.fetch(id));
    }
  }

  async #fill(query: Query): Promise<void> {
    const key = queryKey(query);
    const since = this.#fills.filledAt(key);
    if (since === undefined) {
      this.#context.assertOnline();
      return this.#fills.fill(key, query);
    }
    if (this.#context.state.hasStale) this.#rereadStale();
    const found: Found = { what: `query ${key}`, since, isStale: false };
    return this.#renewal.renew(found, () => this.#fills.fill(key, query));
  }

  #callOnQuery(query: Query): Promise<void> {
    return this.#context.inRun("query", async (run) => {
      const { onQuery } = this.#context.options.callbacks;
      const result = await onQuery?.(this.#context.handle(run), query, { signal: run.signal });
      const isAll = result?.complete === true;
      await run.publish({ isAll });
      if (isAll && !run.mark.wasEmptied) this.#wholeReads.markComplete(run, undefined);
    });
  }
}
