import type { Clock, DioramaError, Logger } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import type { Schema } from "../vista/index.ts";
import type { Range, RowChange, ViewSet } from "../views/index.ts";

/** How a row stands: `pending`: a queued write shows; `failed`: a write of it failed for good. */
export type RowStatus = "fresh" | "stale" | "loading" | "pending" | "failed";

/** Where the rows of a table come from. */
export type TableFeed =
  /** Every row that matches is, or will be, in the cache. */
  | "eager"
  /** Blocks of positions, asked of `onLoadChunk` or of the master's windows or pages. */
  | "paged"
  /** One page after the other, by tokens. */
  | "sequential";

/** What a Scenery may announce on the Dio's bus. */
export type SceneryEvent =
  | { readonly type: "viewportChanged" | "rangeLoaded"; readonly range: Range }
  | { readonly type: "loadFailed"; readonly range: Range; readonly error: DioramaError };

/** Where a loader puts rows: each position of the asked range at most once, while its signal has not fired. */
export interface ChunkSink {
  /**
   * Throws `invalid` for a position that is no whole number or lies outside, for one or an id that was there before,
   * and for a bad id; the load fails with it even if the loader goes on. To be called before the row is kept. What
   * comes after the load has ended, or its signal has fired, is ignored.
   */
  push(index: number, id: string, row: Row): void;
}

/** Of one page of a sequential table. */
export interface NextRows {
  readonly ids: readonly string[];
  /** None at the end. */
  readonly token: string | undefined;
}

/** What happened to the rows as a whole, told after the views are up to date and before their listeners. */
export type HostNotice =
  /** A refresh ended, or everything was declared out of date: blocks that are shown are loaded again. */
  | "refreshed"
  /** Completeness came or went, a seed ended without it, or what `prepare` had brought was forgotten. */
  | "completeness"
  /**
   * Rows were inserted, removed or changed in the master in a way that positions of a paged table may not fit any more:
   * by somebody else, or since it has accepted a write.
   */
  | "upstream"
  | "closed";

/** What Sceneries need of the Dio that they show. Every call but `schema`, `status` and `row` may throw `closed`. */
export interface SceneryHost {
  /** For error messages. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly schema: Schema;
  readonly views: ViewSet;
  readonly pageSize: number;
  readonly viewportDebounceMs: number;
  readonly refreshOnOpen: boolean;
  /** It ends its Sceneries in a moment: what fails from now on is nothing to tell of. */
  readonly isClosing: boolean;
  /**
   * Brings the views to the rows of this moment, where something has changed and is not published yet. Cheap, since
   * every read of a Scenery begins with it. Answers a number that is another one after each change of a row, of
   * its status or of its error, so that what was read stays good while the number does.
   */
  settle(): number;
  /**
   * What `settle` answered when everyone had last been told of everything: while it answers the same, whoever was
   * told nothing shows what it showed.
   */
  readonly told: number;
  /** What `settle` answered when the last publication, or the one under way, began to be told. */
  readonly telling: number;
  /** The visible row, if it is in memory. */
  row(id: string): Row | undefined;
  status(id: string): RowStatus;
  /** Why the row's status is `failed`. */
  errorOf(id: string): DioramaError | undefined;
  /** How a table of this query is fed now. */
  feedOf(query: Query): TableFeed;
  /** Resolves when no read of everything is under way that decides how tables are fed; rejects with its failure. */
  whenSeeded(signal: AbortSignal): Promise<void>;
  /** Makes the cache hold every row of the query (a seed is joined, `onQuery` called, the master read). */
  prepare(query: Query, signal: AbortSignal): Promise<void>;
  /** Whether what `prepare` promised still holds. */
  isPrepared(query: Query): boolean;
  /** Whether views of the query can be opened: rows of an earlier session may still be on their way into memory. */
  canShow(query: Query): boolean;
  /** Looks the row up in the cache and, while that is incomplete, in the master. */
  loadRow(id: string, signal: AbortSignal): Promise<void>;
  /** While any watcher is there, an invalidated row is read again at once. */
  watchRow(id: string): () => void;
  /** The number of rows of a paged table, where anyone can say; asked once per open. */
  total(query: Query, signal: AbortSignal): Promise<number | undefined>;
  /** Loads positions of a paged table into the cache and tells the sink which id stands where. */
  loadChunk(range: Range, sink: ChunkSink, query: Query, signal: AbortSignal): Promise<void>;
  /** Loads the page behind a token into the cache. */
  loadNext(token: string | undefined, size: number, query: Query, signal: AbortSignal): Promise<NextRows>;
  announce(event: SceneryEvent): void;
  /**
   * `changes`, with `upstream` where all of them are known: the master's rows before and after, by which a table tells
   * whether they concern it. A row of which nobody knew counts as inserted.
   */
  onNotice(listener: (notice: HostNotice, changes?: readonly RowChange[]) => void): () => void;
  /** Calls the listener in each publication that changed this row, its status, or whether it is there. */
  onRow(id: string, listener: () => void): () => void;
  /** Calls the listener in each publication with the ids that changed or show another status; `undefined`: too many to tell. */
  onRows(listener: (ids: readonly string[] | undefined) => void): () => void;
}
