import { yieldToLoop } from "../../src/base/index.ts";
import { everything, type Query } from "../../src/query/index.ts";
import type { Row } from "../../src/record/index.ts";
import type { ChunkSink } from "../../src/scenery/index.ts";
import { PagedTable } from "../../src/scenery/paged-table.ts";
import type { ModelUse, TableModel } from "../../src/scenery/table-model.ts";
import type { Range, ViewEffect } from "../../src/views/index.ts";
import { MapHost } from "./map-host.ts";

/** One call of the loader, which ends when the test says so. */
export interface HeldLoad {
  readonly range: Range;
  readonly sink: ChunkSink;
  readonly signal: AbortSignal;
  /** Pushes what the source has in the range, or these, and resolves. */
  answer(ids?: readonly string[]): Promise<void>;
  fail(error?: Error): Promise<void>;
}

/** A paged table over a list of ids, with everything that was asked for and told. */
export class PagedRig {
  readonly host = new MapHost();
  readonly source: string[];
  /** What the host says of the total. */
  total: number | undefined | Error;
  totalCalls = 0;
  /** Loads answer at once unless this is set. */
  isHolding = false;
  readonly held: HeldLoad[] = [];
  /** `547..647` for each call of the loader. */
  readonly loads: string[] = [];
  readonly effects: ViewEffect[] = [];
  /** Rows that a queued delete hides. */
  readonly hidden = new Set<string>();
  /** Loads fail with it while it is set. */
  failure: Error | undefined;

  constructor(rows: number | readonly string[], total?: number | "unknown") {
    this.source = typeof rows === "number" ? Array.from({ length: rows }, (_, at) => `r${at}`) : [...rows];
    this.total = total === "unknown" ? undefined : (total ?? this.source.length);
    this.host.feeds.feedOf = () => "paged";
    this.host.feeds.total = async () => {
      this.totalCalls += 1;
      if (this.total instanceof Error) throw this.total;
      return this.total;
    };
    this.host.feeds.loadChunk = (range, sink, _query, signal) => this.#load(range, sink, signal);
  }

  /** What was asked for since this was last called. */
  takeLoads(): string[] {
    return this.loads.splice(0);
  }

  takeEffects(): ViewEffect[] {
    return this.effects.splice(0);
  }

  /** The events of the bus since this was last called, as `rangeLoaded 0..100`. */
  takeAnnounced(): string[] {
    return this.host.announced.splice(0).map(({ type, range }) => `${type} ${range.start}..${range.end}`);
  }

  /** A table with one use, and what it misses at first loaded, unless loads are held. */
  async open(query: Query = everything): Promise<{ table: TableModel; use: ModelUse }> {
    const table = new PagedTable(this.host, query, this.host.pageSize);
    const use = table.use((effect) => this.effects.push(effect));
    await settle();
    return { table, use };
  }

  /** Sets a viewport and lets it come to rest. */
  async look(use: ModelUse, start: number, end: number): Promise<void> {
    use.setViewport({ start, end });
    await this.host.clock.advance(this.host.viewportDebounceMs);
    await settle();
  }

  async #load(range: Range, sink: ChunkSink, signal: AbortSignal): Promise<void> {
    this.loads.push(`${range.start}..${range.end}`);
    if (this.failure !== undefined) throw this.failure;
    if (!this.isHolding) return this.push(range, sink);
    const end = Promise.withResolvers<void>();
    this.held.push({
      range,
      sink,
      signal,
      answer: async (ids) => {
        this.push(range, sink, ids);
        end.resolve();
        await settle();
      },
      fail: async (error = new Error("down")) => {
        end.reject(error);
        await settle();
      },
    });
    return end.promise;
  }

  /** As a Dio's loader does: the sink first, then the row, published at the end. */
  push({ start, end }: Range, sink: ChunkSink, ids: readonly string[] = this.source.slice(start, end)): void {
    for (const [at, id] of ids.entries()) {
      const row: Row = this.host.row(id) ?? { id, name: `row ${id}` };
      sink.push(start + at, id, row);
      if (!this.hidden.has(id) && this.host.row(id) !== row) this.host.set(id, row);
    }
    this.host.publish();
  }
}

/** Lets everything that is due now happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await yieldToLoop();
}

/** What a model shows at these positions: `-` where nothing is. */
export function shown(table: TableModel, start: number, end: number): string {
  return table
    .idsBetween(start, end)
    .map((id) => id ?? "-")
    .join(" ");
}
