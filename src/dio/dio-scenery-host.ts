import {
  abortable,
  type Clock,
  type DioramaError,
  isDioramaError,
  type Logger,
  toDioramaError,
} from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import type {
  ChunkSink,
  HostNotice,
  NextRows,
  RowStatus,
  SceneryEvent,
  SceneryHost,
  TableFeed,
} from "../scenery/index.ts";
import type { Range, RowChange, ViewSet } from "../views/index.ts";
import type { Schema } from "../vista/index.ts";
import { ChunkLoads } from "./chunk-loads.ts";
import type { DioContext } from "./dio-context.ts";
import { RowStatuses } from "./row-statuses.ts";
import type { RowWatch } from "./row-watch.ts";
import { planFeed } from "./scenery-feed.ts";
import type { ShownRows } from "./shown-rows.ts";
import type { Supply } from "./supply.ts";
import type { Writer } from "./writer.ts";

export interface DioSceneryParts {
  readonly writer: Writer;
  readonly supply: Supply;
  readonly watch: RowWatch;
  readonly shown: ShownRows;
  isClosing(): boolean;
  isSeeding(): boolean;
  /** Joins the seed that is running. */
  seed(): Promise<void>;
}

/** A Dio as its Sceneries see it. */
export class DioSceneryHost implements SceneryHost {
  readonly #context: DioContext;
  readonly #parts: DioSceneryParts;
  readonly #statuses: RowStatuses;
  readonly #chunks: ChunkLoads;
  /** What a Scenery logs as an error is a failure of this Dio. */
  readonly #logger: Logger;

  constructor(context: DioContext, parts: DioSceneryParts) {
    this.#context = context;
    this.#logger = context.failures.logger("listener");
    this.#parts = parts;
    this.#statuses = new RowStatuses(context, parts.writer, parts.supply.rows);
    this.#chunks = new ChunkLoads(context);
  }

  get name(): string {
    return this.#context.name;
  }

  get clock(): Clock {
    return this.#context.options.clock;
  }

  get logger(): Logger {
    return this.#logger;
  }

  get schema(): Schema {
    return this.#context.master().schema;
  }

  get views(): ViewSet {
    this.#context.warm.watch();
    return this.#context.state.views;
  }

  get pageSize(): number {
    return this.#context.options.pageSize;
  }

  get viewportDebounceMs(): number {
    return this.#context.options.viewportDebounceMs;
  }

  get refreshOnOpen(): boolean {
    return this.#context.options.refreshOnOpen;
  }

  get isClosing(): boolean {
    return this.#parts.isClosing();
  }

  settle(): number {
    return this.#context.state.settle();
  }

  get told(): number {
    return this.#context.state.toldVersion;
  }

  get telling(): number {
    return this.#context.state.tellingVersion;
  }

  row(id: string): Row | undefined {
    const { state, warm } = this.#context;
    const row = state.visible(id);
    if (row === undefined) warm.wanted.add(id);
    return row;
  }

  status(id: string): RowStatus {
    return this.#statuses.of(id);
  }

  errorOf(id: string): DioramaError | undefined {
    return this.#statuses.errorOf(id);
  }

  feedOf(query: Query): TableFeed {
    const { state, options } = this.#context;
    const { onQuery, onLoadChunk, totalProvider } = options.callbacks;
    return planFeed(query, {
      complete: state.store.meta.complete,
      seeding: this.#parts.isSeeding(),
      hasOnQuery: onQuery !== undefined,
      hasOnLoadChunk: onLoadChunk !== undefined,
      hasTotalProvider: totalProvider !== undefined,
      master: this.#context.master().capabilities,
    });
  }

  async whenSeeded(signal: AbortSignal): Promise<void> {
    while (this.#parts.isSeeding()) await abortable(this.#parts.seed(), signal);
  }

  async prepare(query: Query, signal: AbortSignal): Promise<void> {
    await this.#loading(signal, abortable(this.#parts.supply.prepare(query), signal));
  }

  isPrepared(query: Query): boolean {
    return this.#parts.supply.holds(query);
  }

  canShow(query: Query): boolean {
    return this.#parts.supply.canShow(query);
  }

  async loadRow(id: string, signal: AbortSignal): Promise<void> {
    await this.#loading(signal, abortable(this.#parts.supply.rows.get(id), signal));
  }

  watchRow(id: string): () => void {
    this.#parts.shown.begin();
    return this.#parts.watch.add(id);
  }

  total(query: Query, signal: AbortSignal): Promise<number | undefined> {
    return this.#loading(signal, this.#chunks.total(query, signal));
  }

  loadChunk(range: Range, sink: ChunkSink, query: Query, signal: AbortSignal): Promise<void> {
    return this.#chunks.load(range, sink, query, signal);
  }

  loadNext(token: string | undefined, size: number, query: Query, signal: AbortSignal): Promise<NextRows> {
    return this.#loading(signal, this.#chunks.next(token, size, query, signal));
  }

  announce(event: SceneryEvent): void {
    const { failures, state } = this.#context;
    if (event.type === "loadFailed") failures.began("load", event.error);
    else if (event.type === "rangeLoaded") failures.ended("load");
    state.announce(event);
  }

  onNotice(listener: (notice: HostNotice, changes?: readonly RowChange[]) => void): () => void {
    this.#parts.shown.begin();
    return this.#context.state.onlookers.onNotice(listener);
  }

  onRow(id: string, listener: () => void): () => void {
    return this.#context.state.onlookers.onRow(id, listener);
  }

  onRows(listener: (ids: readonly string[] | undefined) => void): () => void {
    return this.#context.state.onlookers.onRows(listener);
  }

  /** Whoever opened the Scenery sees its state; what is tried again behind is told too. */
  async #loading<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    const { failures, name } = this.#context;
    try {
      const result = await work;
      failures.ended("load");
      return result;
    } catch (error) {
      const isWanted = !signal.aborted && !this.isClosing && !isDioramaError(error, "closed");
      if (isWanted) failures.tell("load", toDioramaError(error, "unavailable", `${name}: loading rows`));
      throw error;
    }
  }
}
