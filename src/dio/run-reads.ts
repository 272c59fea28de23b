import { evaluate, evaluateWindow, type Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import { searchColumnsOf, type Vista } from "../vista/index.ts";
import type { FacadeReads, WindowAnswer } from "./facade-reads.ts";
import type { Run } from "./run.ts";

/**
 * Reads inside a callback that has written, or that fills the cache itself: what its run sees, asking nobody,
 * since whoever it asked might wait for the run.
 */
export class RunReads implements FacadeReads {
  readonly #run: Run;
  readonly #searchColumns: readonly string[] | undefined;

  constructor(run: Run, master: Vista) {
    this.#run = run;
    this.#searchColumns = searchColumnsOf(master.schema);
  }

  rows(query: Query): Promise<readonly Entry[]> {
    return Promise.resolve(evaluate(this.#run.visibleEntries(), query, this.#searchColumns));
  }

  window(query: Query, offset: number, limit: number): Promise<WindowAnswer> {
    return Promise.resolve(this.#evaluate(query, offset, limit));
  }

  count(query: Query): Promise<number> {
    return Promise.resolve(this.#evaluate(query, 0, 0).total);
  }

  get(id: string): Promise<Row | undefined> {
    return Promise.resolve(this.#run.visible(id));
  }

  decidesAbsence(): boolean {
    return true;
  }

  explain(): string {
    return "answered locally: a callback reads its own writes";
  }

  #evaluate(query: Query, offset: number, limit: number): { rows: Entry[]; total: number } {
    return evaluateWindow(this.#run.visibleEntries(), query, this.#searchColumns, { offset, limit });
  }
}
