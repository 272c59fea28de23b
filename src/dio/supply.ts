import { unreachable } from "../base/index.ts";
import { type Query, queryKey } from "../query/index.ts";
import { toRow } from "../record/index.ts";
import { createRowTest, searchColumnsOf } from "../vista/index.ts";
import type { DioContext } from "./dio-context.ts";
import { planRead, type ReadPlan, type ReadShape } from "./plan.ts";
import type { PushPlan } from "./pushed-reads.ts";
import { QueryFills } from "./query-fills.ts";
import { type Found, Renewal } from "./renewal.ts";
import { RowReads } from "./row-reads.ts";
import type { WholeReads } from "./whole-reads.ts";

/** More rows than this that are out of date are read again together. */
const MAX_REREADS = 100;
/** Rows that a refresh reads again at the same time. */
const REREADS_AT_ONCE = 8;

const LOCAL: ReadPlan = { kind: "local" };

/** Brings into the cache what a read needs, once for all who need it, and renews what is too old. */
export class Supply {
  readonly rows: RowReads;
  readonly #context: DioContext;
  readonly #wholeReads: WholeReads;
  readonly #renewal: Renewal;
  /** By onQuery. */
  readonly #fills: QueryFills;
  /** Of the master, where the rows stay. */
  readonly #kept: QueryFills;

  constructor(context: DioContext, wholeReads: WholeReads) {
    this.#context = context;
    this.#wholeReads = wholeReads;
    this.#renewal = new Renewal(context);
    this.rows = new RowReads(context, wholeReads, this.#renewal);
    this.#fills = new QueryFills((query) => this.#callOnQuery(query), context.options.clock);
    this.#kept = new QueryFills((query) => this.#readKept(query), context.options.clock);
  }

  /** Calls of the master under way for readers. */
  get flights(): number {
    return this.rows.underWay + this.#fills.underWay + this.#kept.underWay;
  }

  get searchColumns(): readonly string[] | undefined {
    return searchColumnsOf(this.#context.master().schema);
  }

  /** What was brought for single queries is to be asked for again. */
  forget(): void {
    this.#fills.forget();
    this.#kept.forget();
    this.#context.state.notice("completeness");
  }

  plan(query: Query, shape: ReadShape): ReadPlan {
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
  async bring(query: Query, shape: ReadShape): Promise<ReadPlan> {
    this.#context.assertOpen();
    for (;;) {
      const plan = this.plan(query, shape);
      switch (plan.kind) {
        case "local":
          await this.renewAll();
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

  /**
   * Makes the cache hold every row of the query, as `holds` says from then on. Where an earlier session has kept its
   * order, some may still be on their way into memory.
   */
  async prepare(query: Query): Promise<void> {
    const { state, warm } = this.#context;
    const asked = { ...query, order: [] };
    const plan = await this.bring(asked, "rows");
    if (plan.kind === "push") await this.#prepareByMaster(plan, asked);
    if (!(await warm.restore(query))) await state.store.whenLoaded();
  }

  /** Whether the view of the query can be opened. */
  canShow(query: Query): boolean {
    const { state, warm } = this.#context;
    return state.store.isLoaded || warm.hasRestored(query);
  }

  /** Whether every row of the query is known to be in the cache. */
  holds(query: Query): boolean {
    const { state } = this.#context;
    if (!this.canShow(query)) return false;
    if (state.store.meta.complete) return true;
    const key = queryKey(query);
    return this.#fills.filledAt(key) !== undefined || this.#kept.filledAt(key) !== undefined;
  }

  /** Has a complete cache that is out of date renewed, as the Lens says. */
  renewAll(): Promise<void> | undefined {
    const { state } = this.#context;
    if (!this.#renewal.canAge && !state.hasStale) return undefined;
    const isStale = state.isAllStale || state.staleIds.size > MAX_REREADS;
    if (!isStale) this.#rereadStale();
    const { seededAt } = state.store.meta;
    const found: Found = { what: "set", since: seededAt, isStale };
    return this.#renewal.renew(found, () => this.#wholeReads.refreshBehind());
  }

  /** Reads rows again from the master, a few at a time; rejects with the first failure. */
  async rereadAll(ids: Iterable<string>): Promise<void> {
    const queue = [...ids][Symbol.iterator]();
    const reread = async (): Promise<void> => {
      for (const id of queue) await this.rows.refetch(id);
    };
    await Promise.all(Array.from({ length: REREADS_AT_ONCE }, reread));
  }

  /** A reader of the set looks at all of them; each is read again behind it. */
  #rereadStale(): void {
    let left = MAX_REREADS;
    for (const id of this.#context.state.staleIds) {
      if (left-- === 0) return;
      const found: Found = { what: `row ${id}`, since: undefined, isStale: true };
      void this.#renewal.renew(found, () => this.rows.fetch(id));
    }
  }

  async #fill(query: Query): Promise<void> {
    const since = this.#fills.filledAt(queryKey(query));
    if (since === undefined) this.#context.assertOnline();
    else if (this.#context.state.hasStale) this.#rereadStale();
    return this.#fillOrRenew(this.#fills, query);
  }

  async #prepareByMaster({ pushed }: PushPlan, query: Query): Promise<void> {
    if (pushed.search === query.search) return this.#fillOrRenew(this.#kept, query);
    // What the master can't search it is not asked to: then all of it is read, once.
    await this.#wholeReads.seed();
  }

  #fillOrRenew(fills: QueryFills, query: Query): Promise<void> | undefined {
    const key = queryKey(query);
    const since = fills.filledAt(key);
    if (since === undefined) return fills.fill(key, query);
    const found: Found = { what: `query ${key}`, since, isStale: false };
    return this.#renewal.renew(found, () => fills.fill(key, query));
  }

  #callOnQuery(query: Query): Promise<void> {
    return this.#context.inRun("query", async (run) => {
      const { onQuery } = this.#context.options.callbacks;
      const result = await onQuery?.(this.#context.handle(run), query, { signal: run.signal });
      const isAll = result?.complete === true;
      await run.publish({ isAll });
      if (isAll && !run.mark.wasEmptied) this.#wholeReads.markComplete(run, undefined);
      this.#context.failures.ended("read");
    });
  }

  /** Puts what the master answers into the cache, and takes out what matches and the master has not told of. */
  #readKept(query: Query): Promise<void> {
    const { state } = this.#context;
    return this.#context.inRun("query", async (run) => {
      const master = this.#context.master();
      const found = await master.narrowedBy(query).list({ signal: run.signal });
      for (const [id, row] of found) run.put(id, toRow(row, { vista: master.name, id }));
      await state.store.whenLoaded();
      const matches = createRowTest(query, this.searchColumns) ?? (() => true);
      for (const [id, row] of state.store.entries()) {
        if (found.has(id) || !matches(id, row)) continue;
        // What is queued on it shows only while it is there: that row alone is asked for.
        if (state.overlay.has(id)) state.markStale(id);
        else run.forget(id);
      }
      await run.publish();
    });
  }
}
