import { evaluate, evaluateWindow, type Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import { type CallOptions, searchColumnsOf } from "../vista/index.ts";
import type { DioContext } from "./dio-context.ts";
import { type FacadeReads, type StepAnswer, stepWithin, type WindowAnswer } from "./facade-reads.ts";
import type { TokenPlace } from "./facade-token.ts";
import type { Run } from "./run.ts";

/**
 * Reads inside a callback. One that has written, or that fills the cache itself, sees what its run sees and asks
 * nobody, since whoever it asked might wait for the run; any other reads as everyone does.
 */
export class RunReads implements FacadeReads {
  readonly #context: DioContext;
  readonly #run: Run;
  readonly #outside: FacadeReads;

  constructor(context: DioContext, run: Run, outside: FacadeReads) {
    this.#context = context;
    this.#run = run;
    this.#outside = outside;
  }

  async rows(query: Query, call: CallOptions): Promise<readonly Entry[]> {
    if (!this.#isOwn) return this.#outside.rows(query, call);
    await this.#whenLoaded();
    return evaluate(this.#run.visibleEntries(), query, this.#searchColumns);
  }

  rowsAtOnce(query: Query): readonly Entry[] | undefined {
    if (!this.#isOwn) return this.#outside.rowsAtOnce(query);
    if (!this.#context.state.store.isLoaded) return undefined;
    return evaluate(this.#run.visibleEntries(), query, this.#searchColumns);
  }

  async window(query: Query, offset: number, limit: number, call: CallOptions): Promise<WindowAnswer> {
    if (!this.#isOwn) return this.#outside.window(query, offset, limit, call);
    await this.#whenLoaded();
    return this.#evaluate(query, offset, limit);
  }

  async step(
    query: Query,
    after: TokenPlace | undefined,
    size: number,
    call: CallOptions,
  ): Promise<StepAnswer> {
    if (!this.#isOwn) return this.#outside.step(query, after, size, call);
    return stepWithin(await this.rows(query, call), after, size);
  }

  async count(query: Query, call: CallOptions): Promise<number> {
    if (!this.#isOwn) return this.#outside.count(query, call);
    await this.#whenLoaded();
    return this.#evaluate(query, 0, 0).total;
  }

  async get(id: string, call: CallOptions): Promise<Row | undefined> {
    if (!this.#isOwn) return this.#outside.get(id, call);
    const { store } = this.#context.state;
    if (!store.knows(id)) await store.ensure([id]);
    return this.#run.visible(id);
  }

  visible(id: string): Row | undefined {
    return this.#isOwn ? this.#run.visible(id) : this.#outside.visible(id);
  }

  decidesAbsence(id: string): boolean {
    return this.#outside.decidesAbsence(id);
  }

  explain(query: Query): string {
    return this.#isOwn ? "answered locally: a callback reads its own writes" : this.#outside.explain(query);
  }

  get #isOwn(): boolean {
    return !this.#run.hasEnded && (this.#run.wrote || this.#run.isFill);
  }

  get #searchColumns(): readonly string[] | undefined {
    return searchColumnsOf(this.#context.master().schema);
  }

  #whenLoaded(): Promise<void> {
    this.#context.assertOpen();
    return this.#context.state.store.whenLoaded();
  }

  #evaluate(query: Query, offset: number, limit: number): { rows: Entry[]; total: number } {
    return evaluateWindow(this.#run.visibleEntries(), query, this.#searchColumns, { offset, limit });
  }
}
