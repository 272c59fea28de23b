import { type DioramaError, errorAt, toDioramaError } from "../base/index.ts";
import { needs, type Query } from "../query/index.ts";
import { type Row, toRow } from "../record/index.ts";
import type { ChunkSink, NextRows } from "../scenery/index.ts";
import type { Vista } from "../vista/index.ts";
import type { Range } from "../views/index.ts";
import type { DioContext } from "./dio-context.ts";
import type { Run } from "./run.ts";

/** Brings parts of a query into the cache, by position or by token, for tables that don't hold all of it. */
export class ChunkLoads {
  readonly #context: DioContext;

  constructor(context: DioContext) {
    this.#context = context;
  }

  /** How many rows the query has, where the application or the master can say. */
  async total(query: Query, signal: AbortSignal): Promise<number | undefined> {
    const { totalProvider } = this.#context.options.callbacks;
    if (totalProvider !== undefined) {
      const total = await this.#inRun(signal, (run) =>
        totalProvider(this.#context.handle(run), { signal: run.signal, query }),
      );
      return this.#checkTotal(total);
    }
    const counted = { ...query, order: [] };
    const { capabilities } = this.#context.master();
    if (!capabilities.canCount || !needs(counted).every((need) => capabilities[need])) return undefined;
    return this.#inRun(signal, (run) =>
      this.#context.master().narrowedBy(counted).count({ signal: run.signal }),
    );
  }

  /** Positions `[start, end)`: by onLoadChunk, else by the master's windows or pages. */
  load(range: Range, sink: ChunkSink, query: Query, signal: AbortSignal): Promise<void> {
    const { onLoadChunk } = this.#context.options.callbacks;
    return this.#inRun(signal, async (run) => {
      const own = this.#keeping(sink, run);
      if (onLoadChunk === undefined) await this.#loadFromMaster(range, own, query, run);
      else await onLoadChunk(this.#context.handle(run), range, own, query, { signal: run.signal });
      own.assertSound();
    });
  }

  /** The page behind a token of the master. */
  next(token: string | undefined, size: number, query: Query, signal: AbortSignal): Promise<NextRows> {
    return this.#inRun(signal, async (run) => {
      const master = this.#context.master().narrowedBy(query);
      const page = await master.fetchNext(token, size, { signal: run.signal });
      for (const [id, row] of page.rows) run.put(id, this.#toOwn(master, id, row));
      return { ids: [...page.rows.keys()], token: page.token };
    });
  }

  async #loadFromMaster({ start, end }: Range, sink: ChunkSink, query: Query, run: Run): Promise<void> {
    const master = this.#context.master().narrowedBy(query);
    const call = { signal: run.signal };
    if (master.capabilities.canFetchWindow) {
      const { rows } = await master.fetchWindow(start, end - start, call);
      push(rows, start, { start, end }, sink);
      return;
    }
    // Pages of the asked size where it begins one, else of the usual one, as many as it takes.
    const size = start % (end - start) === 0 ? end - start : this.#context.options.pageSize;
    for (let number = Math.floor(start / size) + 1; (number - 1) * size < end; number++) {
      const { rows } = await master.fetchPage(number, size, call);
      push(rows, (number - 1) * size, { start, end }, sink);
      if (rows.size < size) return;
    }
  }

  /**
   * What is pushed is in the cache when the load ends; what comes after that, or after its signal, is nobody's. Of a
   * load whose loader went on after a bad push nothing is kept.
   */
  #keeping(sink: ChunkSink, run: Run): ChunkSink & { assertSound(): void } {
    const { rows, name } = this.#context;
    let failure: DioramaError | undefined;
    return {
      push: (index, id, row) => {
        if (run.hasEnded || run.signal.aborted) return;
        try {
          const own = rows.toOwn(id, row);
          sink.push(index, id, own);
          run.put(id, own);
        } catch (error) {
          failure ??= toDioramaError(error, "invalid", `${name}: onLoadChunk`);
          throw error;
        }
      },
      assertSound: () => {
        if (failure !== undefined) throw failure;
      },
    };
  }

  #toOwn(master: Vista, id: string, row: object): Row {
    return toRow(row, { vista: master.name, id });
  }

  #inRun<T>(signal: AbortSignal, work: (run: Run) => T | Promise<T>): Promise<T> {
    this.#context.assertOpen();
    this.#context.assertOnline();
    return this.#context.inRun(
      "query",
      async (run) => {
        const result = await work(run);
        await run.publish();
        return result;
      },
      { signal },
    );
  }

  #checkTotal(total: number | undefined): number | undefined {
    if (total === undefined || (Number.isSafeInteger(total) && total >= 0)) return total;
    const { name } = this.#context;
    throw errorAt(
      "invalid",
      { vista: name },
      `totalProvider answers a whole number of rows or nothing, not ${String(total)}`,
    );
  }
}

/** The rows from position `first` on, those that the range holds. */
function push(rows: ReadonlyMap<string, Row>, first: number, { start, end }: Range, sink: ChunkSink): void {
  let index = first;
  for (const [id, row] of rows) {
    if (index >= start && index < end) sink.push(index, id, row);
    index += 1;
  }
}
