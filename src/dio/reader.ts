import { SingleFlight, unreachable } from "../base/index.ts";
import { evaluate, evaluateWindow, type Query } from "../query/index.ts";
import { type Entry, type Row, toRow } from "../record/index.ts";
import type { CallOptions } from "../vista/index.ts";
import type { DioContext } from "./dio-context.ts";
import { type FacadeReads, type StepAnswer, stepWithin, type WindowAnswer } from "./facade-reads.ts";
import type { TokenPlace } from "./facade-token.ts";
import { PushedReads, withPending } from "./pushed-reads.ts";
import type { Supply } from "./supply.ts";
import { ViewReads } from "./view-reads.ts";

/** Answers the facade's reads, once what they need has been brought in. */
export class Reader implements FacadeReads {
  readonly #context: DioContext;
  readonly #supply: Supply;
  readonly #pushed: PushedReads;
  readonly #views: ViewReads;
  /** Reads of everything for a cache that keeps nothing. */
  readonly #uncached = new SingleFlight<"everything", ReadonlyMap<string, Row>>();

  constructor(context: DioContext, supply: Supply) {
    this.#context = context;
    this.#supply = supply;
    this.#pushed = new PushedReads(context);
    this.#views = new ViewReads(context.state, () => supply.searchColumns);
  }

  /** Calls of the master under way for readers. */
  get flights(): number {
    return this.#supply.flights + this.#uncached.size;
  }

  async rows(query: Query, call: CallOptions): Promise<readonly Entry[]> {
    const plan = await this.#supply.bring(query, "rows");
    if (plan.kind === "push") return this.#pushed.rows(plan, query, this.#supply.searchColumns, call);
    if (!this.#keeps) return evaluate(await this.#uncachedEntries(), query, this.#supply.searchColumns);
    await this.#context.state.store.whenLoaded();
    return this.#views.rows(query);
  }

  rowsAtOnce(query: Query): readonly Entry[] | undefined {
    if (!this.#keeps || !this.#context.state.store.isLoaded) return undefined;
    if (this.#supply.plan(query, "rows").kind !== "local") return undefined;
    // What is too old is renewed behind; where its readers wait for that, so does this one.
    return this.#supply.renewAll() === undefined ? this.#views.rows(query) : undefined;
  }

  async window(query: Query, offset: number, limit: number, call: CallOptions): Promise<WindowAnswer> {
    const isPage = limit > 0 && offset % limit === 0;
    const plan = await this.#supply.bring(query, isPage ? "page" : "window");
    const { searchColumns } = this.#supply;
    if (plan.kind === "push") {
      if (plan.whole) return this.#pushed.window(query, searchColumns, { offset, limit }, call);
      const rows = await this.#pushed.rows(plan, query, searchColumns, call);
      return { rows: rows.slice(offset, offset + limit), total: rows.length };
    }
    if (!this.#keeps)
      return evaluateWindow(await this.#uncachedEntries(), query, searchColumns, { offset, limit });
    await this.#context.state.store.whenLoaded();
    return this.#views.window(query, offset, limit);
  }

  async step(
    query: Query,
    after: TokenPlace | undefined,
    size: number,
    call: CallOptions,
  ): Promise<StepAnswer> {
    const { kind } = this.#supply.plan(query, "rows");
    if (kind === "push" || !this.#keeps) return stepWithin(await this.rows(query, call), after, size);
    // It may turn out to be another way, once what was waited for is there.
    const plan = await this.#supply.bring(query, "rows");
    if (plan.kind === "push") return stepWithin(await this.rows(query, call), after, size);
    await this.#context.state.store.whenLoaded();
    return this.#views.step(query, after, size);
  }

  async count(query: Query, call: CallOptions): Promise<number> {
    const plan = await this.#supply.bring(query, "count");
    const { searchColumns } = this.#supply;
    if (plan.kind === "push") {
      if (plan.whole) return this.#pushed.count(query, call);
      return (await this.#pushed.rows(plan, query, searchColumns, call)).length;
    }
    if (!this.#keeps) return evaluate(await this.#uncachedEntries(), query, searchColumns).length;
    const { store, overlay } = this.#context.state;
    const isEverything = query.conditions.length === 0 && query.search === undefined;
    // Queued writes count against confirmed rows, which have to be known; no other row is needed.
    if (!isEverything) await store.whenLoaded();
    else if (!store.isLoaded) await store.ensure([...overlay.ids()]);
    return this.#views.count(query);
  }

  get(id: string): Promise<Row | undefined> {
    return this.#supply.rows.get(id);
  }

  visible(id: string): Row | undefined {
    return this.#context.state.visible(id);
  }

  decidesAbsence(id: string): boolean {
    return this.#supply.rows.decidesAbsence(id);
  }

  explain(query: Query): string {
    const plan = this.#supply.plan(query, "rows");
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

  get #keeps(): boolean {
    return this.#context.options.cache.keeps;
  }

  async #uncachedEntries(): Promise<Iterable<readonly [string, Row]>> {
    return withPending(this.#context, await this.#readUncached());
  }

  #readUncached(): Promise<ReadonlyMap<string, Row>> {
    return this.#uncached.run("everything", async () => {
      const master = this.#context.master();
      const rows = new Map<string, Row>();
      for (const [id, row] of await master.list()) rows.set(id, toRow(row, { vista: master.name, id }));
      return rows;
    });
  }
}
