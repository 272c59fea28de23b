import { evaluate, type Query } from "../query/index.ts";
import { type Entry, type Row, toRow } from "../record/index.ts";
import type { CallOptions } from "../vista/index.ts";
import type { DioContext } from "./dio-context.ts";
import type { WindowAnswer } from "./facade-reads.ts";
import type { ReadPlan } from "./plan.ts";

export type PushPlan = Extract<ReadPlan, { readonly kind: "push" }>;

/** Reads that the master answers, in whole or in part; what they bring is kept by id. */
export class PushedReads {
  readonly #context: DioContext;

  constructor(context: DioContext) {
    this.#context = context;
  }

  async rows(
    plan: PushPlan,
    query: Query,
    searchColumns: readonly string[] | undefined,
    call: CallOptions,
  ): Promise<readonly Entry[]> {
    const { state } = this.#context;
    const master = this.#context.master().narrowedBy(plan.pushed);
    const found = await this.#keep(async () => (await master.list(call)).entries());
    // What came while the master was asked is newer than its answer, and queued writes may bring rows into it.
    const shown = state.overlay.isEmpty ? this.#shown(found) : withPending(this.#context, found);
    return evaluate(shown, query, searchColumns);
  }

  async window(
    query: Query,
    searchColumns: readonly string[] | undefined,
    range: { readonly offset: number; readonly limit: number },
    call: CallOptions,
  ): Promise<WindowAnswer> {
    const { offset, limit } = range;
    const master = this.#context.master().narrowedBy(query);
    let total: number | undefined;
    const rows = await this.#keep(async () => {
      const page = master.capabilities.canFetchWindow
        ? await master.fetchWindow(offset, limit, call)
        : await master.fetchPage(offset / limit + 1, limit, call);
      total = page.total;
      return page.rows.entries();
    });
    return { rows: evaluate(this.#shown(rows), query, searchColumns), total };
  }

  count(query: Query, call: CallOptions): Promise<number> {
    return this.#context.master().narrowedBy(query).count(call);
  }

  /** The same objects that every other reader gets, as they are now. */
  *#shown(found: Iterable<Entry>): Generator<Entry> {
    const { state, options } = this.#context;
    for (const [id, row] of found) {
      const shown = options.cache.keeps ? state.visible(id) : row;
      if (shown !== undefined) yield [id, shown];
    }
  }

  /** Puts the master's rows into the cache, unless something newer came meanwhile, and answers with them. */
  #keep(read: () => Promise<Iterable<readonly [string, object]>>): Promise<readonly Entry[]> {
    return this.#context.inRun("query", async (run) => {
      const rows: Entry[] = [];
      const { name } = this.#context.master();
      for (const [id, row] of await read()) rows.push([id, toRow(row, { vista: name, id })]);
      if (!this.#context.options.cache.keeps) return rows;
      for (const [id, row] of rows) run.put(id, row);
      await run.publish();
      return rows;
    });
  }
}

/** Rows of the master as a reader sees them: newer confirmed ones and queued writes on top. */
export function* withPending(
  context: DioContext,
  found: Iterable<readonly [string, Row]>,
): Generator<readonly [string, Row]> {
  const { state, options } = context;
  const seen = new Set<string>();
  for (const [id, row] of found) {
    seen.add(id);
    const shown = options.cache.keeps ? state.visible(id) : state.overlay.showOver(id, row);
    if (shown !== undefined) yield [id, shown];
  }
  for (const id of state.overlay.ids()) {
    const shown = seen.has(id) ? undefined : state.visible(id);
    if (shown !== undefined) yield [id, shown];
  }
}
