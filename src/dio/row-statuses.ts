import type { DioramaError } from "../base/index.ts";
import type { RowStatus } from "../scenery/index.ts";
import type { DioContext } from "./dio-context.ts";
import type { RowReads } from "./row-reads.ts";
import type { Writer } from "./writer.ts";

/** How rows stand. Asked for every row on every screen: where nothing is out of the ordinary it costs nothing. */
export class RowStatuses {
  readonly #context: DioContext;
  readonly #writer: Writer;
  readonly #reads: RowReads;

  constructor(context: DioContext, writer: Writer, reads: RowReads) {
    this.#context = context;
    this.#writer = writer;
    this.#reads = reads;
  }

  of(id: string): RowStatus {
    const { state } = this.#context;
    if (!state.overlay.isEmpty && state.overlay.has(id)) return "pending";
    if (this.errorOf(id) !== undefined) return "failed";
    if (state.hasStale && state.isStale(id)) return "stale";
    if (this.#isOld(id)) return "stale";
    return this.#reads.isUnderWay(id) ? "loading" : "fresh";
  }

  /** Of the newest write of this row that failed for good. */
  errorOf(id: string): DioramaError | undefined {
    return this.#writer.hasFailures ? this.#writer.failureOf(id) : undefined;
  }

  #isOld(id: string): boolean {
    const { state, options } = this.#context;
    if (options.freshForMs === Infinity) return false;
    const since = state.store.fetchedAt(id);
    return since !== undefined && Math.abs(options.clock.now() - since) > options.freshForMs;
  }
}
