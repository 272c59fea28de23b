import { DioramaError, type Logger, silentLogger } from "../../src/base/index.ts";
import type { Query } from "../../src/query/index.ts";
import type { Row } from "../../src/record/index.ts";
import type {
  ChunkSink,
  HostNotice,
  NextRows,
  RowStatus,
  SceneryEvent,
  SceneryHost,
  TableFeed,
} from "../../src/scenery/index.ts";
import { createManualClock, type ManualClock } from "../../src/testing/index.ts";
import { createSchema, type Schema, searchColumnsOf } from "../../src/vista/index.ts";
import { type Range, type RowChange, ViewSet } from "../../src/views/index.ts";

/** What a test decides of a MapHost: how it is fed, and what its loads do. Each load may be replaced at any time. */
export interface MapHostFeeds {
  feedOf: (query: Query) => TableFeed;
  prepare: (query: Query, signal: AbortSignal) => Promise<void>;
  isPrepared: (query: Query) => boolean;
  canShow: (query: Query) => boolean;
  loadRow: (id: string, signal: AbortSignal) => Promise<void>;
  total: (query: Query, signal: AbortSignal) => Promise<number | undefined>;
  loadChunk: (range: Range, sink: ChunkSink, query: Query, signal: AbortSignal) => Promise<void>;
  loadNext: (token: string | undefined, size: number, query: Query, signal: AbortSignal) => Promise<NextRows>;
}

const unasked = (call: string) => (): never => {
  throw new Error(`nobody said what ${call} does`);
};

/** The columns of a MapHost whose test doesn't name others. */
export const productSchema: Schema = createSchema({
  id: "id",
  columns: {
    id: "text",
    name: "text",
    category: "text",
    price: "number",
    stock: "integer",
    weight: "decimal",
  },
});

/**
 * A small real host: a Map of rows under a ViewSet and a clock that stands still. Changes show at once, as on a
 * Dio, and are told by `publish`, which the test calls where a Dio would at the end of a stretch.
 */
export class MapHost implements SceneryHost {
  readonly name = "products";
  readonly clock: ManualClock = createManualClock();
  readonly logged: string[] = [];
  readonly logger: Logger = { ...silentLogger, error: (message) => void this.logged.push(message) };
  readonly schema: Schema;
  readonly views: ViewSet;
  pageSize = 100;
  viewportDebounceMs = 50;
  refreshOnOpen = true;
  /** Complete unless a test says otherwise. */
  readonly feeds: MapHostFeeds = {
    feedOf: () => "eager",
    prepare: async () => undefined,
    isPrepared: () => true,
    canShow: () => true,
    loadRow: async () => undefined,
    total: unasked("total"),
    loadChunk: unasked("loadChunk"),
    loadNext: unasked("loadNext"),
  };
  /** Loads are refused from then on. */
  isClosing = false;
  readonly announced: SceneryEvent[] = [];
  told = 0;
  telling = 0;
  readonly #rows = new Map<string, Row>();
  readonly #statuses = new Map<string, { readonly status: RowStatus; readonly error?: DioramaError }>();
  /** What the ids changed since the last settle showed before it. */
  readonly #unsettled = new Map<string, Row | undefined>();
  readonly #changed = new Set<string>();
  readonly #touched = new Set<string>();
  #reset = false;
  #version = 0;
  readonly #noticed = new Set<(notice: HostNotice, changes?: readonly RowChange[]) => void>();
  readonly #watched = new Map<string, number>();
  readonly #onRow = new Map<string, Set<() => void>>();
  readonly #onRows = new Set<(ids: readonly string[] | undefined) => void>();
  #steps: (() => boolean)[] = [];

  constructor(rows: Iterable<readonly [string, Row]> = [], schema: Schema = productSchema) {
    this.schema = schema;
    for (const [id, row] of rows) this.#rows.set(id, row);
    const set = this.#rows;
    this.views = new ViewSet(
      {
        get: (id) => set.get(id),
        get count() {
          return set.size;
        },
        isLoaded: true,
        entries: () => set,
      },
      { searchColumns: () => searchColumnsOf(schema), schedule: (step) => void this.#steps.push(step) },
    );
  }

  // What a test does ---------------------------------------------------------------------------------------

  /** Puts a row, or with `undefined` removes it. */
  set(id: string, row: Row | undefined): void {
    this.#version += 1;
    this.#changed.add(id);
    if (!this.#unsettled.has(id)) this.#unsettled.set(id, this.#rows.get(id));
    if (row === undefined) this.#rows.delete(id);
    else this.#rows.set(id, row);
  }

  /** Another status for a row: `fresh` is what it has without. */
  setStatus(id: string, status: RowStatus, error?: DioramaError): void {
    this.#version += 1;
    this.#touched.add(id);
    if (status === "fresh") this.#statuses.delete(id);
    else this.#statuses.set(id, error === undefined ? { status } : { status, error });
  }

  /** Other rows altogether: told as a reset. */
  replaceAll(rows: Iterable<readonly [string, Row]>): void {
    this.#version += 1;
    this.#reset = true;
    this.#unsettled.clear();
    this.#rows.clear();
    for (const [id, row] of rows) this.#rows.set(id, row);
    this.views.reset();
  }

  /** Ends a stretch: views, then the notices, then everyone who shows rows. */
  publish(...notices: readonly HostNotice[]): void {
    this.settle();
    for (const notice of notices) for (const listener of this.#noticed) listener(notice);
    if (this.#changed.size === 0 && this.#touched.size === 0 && !this.#reset) return;
    const ids = [...new Set([...this.#changed, ...this.#touched])];
    const [touched, reset] = [[...this.#touched], this.#reset];
    this.#changed.clear();
    this.#touched.clear();
    this.#reset = false;
    const version = this.#version;
    this.telling = version;
    this.views.notify(touched);
    const concerned = reset ? [...this.#onRow.values()] : ids.map((id) => this.#onRow.get(id) ?? []);
    for (const listeners of concerned) for (const listener of listeners) listener();
    for (const listener of this.#onRows) listener(reset ? undefined : ids);
    this.told = version;
  }

  /** A notice alone, with the changes that it is about. */
  notify(notice: HostNotice, changes?: readonly RowChange[]): void {
    for (const listener of this.#noticed) listener(notice, changes);
  }

  /** As `set` and `publish`. */
  put(id: string, row: Row | undefined): void {
    this.set(id, row);
    this.publish();
  }

  /** Lets what is done behind go on until nothing is left of it. */
  runSteps(): void {
    const steps = this.#steps;
    this.#steps = [];
    for (const step of steps) while (step());
  }

  close(): void {
    this.isClosing = true;
    for (const listener of this.#noticed) listener("closed");
    this.views.close();
  }

  rows(): ReadonlyMap<string, Row> {
    return this.#rows;
  }

  watchersOf(id: string): number {
    return this.#watched.get(id) ?? 0;
  }

  /** Everyone who is told anything, views aside. */
  get listenerCount(): number {
    const rows = [...this.#onRow.values()].reduce((sum, listeners) => sum + listeners.size, 0);
    const watchers = [...this.#watched.values()].reduce((sum, count) => sum + count, 0);
    return this.#noticed.size + rows + this.#onRow.size + this.#onRows.size + watchers;
  }

  // What Sceneries do --------------------------------------------------------------------------------------

  settle(): number {
    if (this.#unsettled.size > 0) {
      const changes: RowChange[] = [];
      for (const [id, before] of this.#unsettled) {
        const after = this.#rows.get(id);
        if (before !== after) changes.push({ id, before, after });
      }
      this.#unsettled.clear();
      this.views.apply(changes);
    }
    return this.#version;
  }

  row(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  status(id: string): RowStatus {
    return this.#statuses.get(id)?.status ?? "fresh";
  }

  errorOf(id: string): DioramaError | undefined {
    return this.#statuses.get(id)?.error;
  }

  feedOf(query: Query): TableFeed {
    return this.feeds.feedOf(query);
  }

  async whenSeeded(): Promise<void> {}

  prepare(query: Query, signal: AbortSignal): Promise<void> {
    return this.#load(() => this.feeds.prepare(query, signal));
  }

  isPrepared(query: Query): boolean {
    return this.feeds.isPrepared(query);
  }

  canShow(query: Query): boolean {
    return this.feeds.canShow(query);
  }

  loadRow(id: string, signal: AbortSignal): Promise<void> {
    return this.#load(() => this.feeds.loadRow(id, signal));
  }

  total(query: Query, signal: AbortSignal): Promise<number | undefined> {
    return this.#load(() => this.feeds.total(query, signal));
  }

  loadChunk(range: Range, sink: ChunkSink, query: Query, signal: AbortSignal): Promise<void> {
    return this.#load(() => this.feeds.loadChunk(range, sink, query, signal));
  }

  loadNext(token: string | undefined, size: number, query: Query, signal: AbortSignal): Promise<NextRows> {
    return this.#load(() => this.feeds.loadNext(token, size, query, signal));
  }

  announce(event: SceneryEvent): void {
    this.announced.push(event);
  }

  watchRow(id: string): () => void {
    this.#watched.set(id, this.watchersOf(id) + 1);
    return once(() => {
      const left = this.watchersOf(id) - 1;
      if (left === 0) this.#watched.delete(id);
      else this.#watched.set(id, left);
    });
  }

  onNotice(listener: (notice: HostNotice, changes?: readonly RowChange[]) => void): () => void {
    const own = (notice: HostNotice, changes?: readonly RowChange[]): void => listener(notice, changes);
    this.#noticed.add(own);
    return () => this.#noticed.delete(own);
  }

  onRow(id: string, listener: () => void): () => void {
    const own = (): void => listener();
    const listeners = this.#onRow.get(id) ?? new Set();
    this.#onRow.set(id, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#onRow.get(id) === listeners) this.#onRow.delete(id);
    };
  }

  onRows(listener: (ids: readonly string[] | undefined) => void): () => void {
    const own = (ids: readonly string[] | undefined): void => listener(ids);
    this.#onRows.add(own);
    return () => this.#onRows.delete(own);
  }

  async #load<T>(load: () => Promise<T>): Promise<T> {
    if (this.isClosing) throw new DioramaError("closed", `${this.name}: it is closed`);
    return load();
  }
}

function once(end: () => void): () => void {
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    end();
  };
}
