import type { ActivitySignal, Clock, Logger } from "../base/index.ts";
import type { CacheBackend, CacheTable } from "../cache/index.ts";
import type { Query } from "../query/index.ts";
import type { Durability, WriteQueue } from "../queue/index.ts";
import type { Row } from "../record/index.ts";
import type { ChangeEvent, Vista, WriteOp } from "../vista/index.ts";
import type { Dio } from "./dio.ts";
import type { Range } from "../views/index.ts";
import type { OpenKeptOrders } from "./kept-orders.ts";
import type { WritePolicy, WriteResult } from "./writer.ts";

/** What every callback gets last: `signal` fires when the Dio closes or the work is no longer wanted. */
export interface CallbackCall {
  readonly signal: AbortSignal;
}

/** Of totalProvider: the conditions and search of the table that is being opened. */
export interface TotalCall extends CallbackCall {
  readonly query: Query;
}

/** Where onLoadChunk puts rows: each position of the asked range, and each id, at most once. */
export interface LoadSink<R extends object = Row> {
  /** Throws `invalid` for a position outside of the range, or one or an id that was there before. */
  push(index: number, id: string, row: R): void;
}

/** What onLoadChunk is called with. */
export type ChunkLoad<R extends object = Row> = readonly [
  dio: Dio<R>,
  range: Range,
  sink: LoadSink<R>,
  query: Query,
  call: CallbackCall,
];

/** What a filling callback may say of the cache it leaves behind. */
export type FillResult = void | { readonly complete?: boolean };

type Promised<T> = T | Promise<T>;

/** Fills the cache: onStart, onRefresh, and what stands in for them. */
export type Fill = (dio: Dio, call: CallbackCall) => Promised<FillResult>;

/** The callbacks of a Lens; each may be overridden for one Dio. Their Dio reads its own unpublished writes. */
export interface DioCallbacks<R extends object = Row> {
  /** Once for each makeDio; usually copies the master into the cache. Default: the first read does. */
  readonly onStart?: ((dio: Dio<R>, call: CallbackCall) => Promised<FillResult>) | undefined;
  /** By timer and by hand. Default: reconcile a complete cache with the master, mark another one stale. */
  readonly onRefresh?: ((dio: Dio<R>, call: CallbackCall) => Promised<FillResult>) | undefined;
  /** Routes one write; resolving means accepted. Default: write to the master. */
  readonly onWrite?: ((dio: Dio<R>, op: WriteOp<R>, call: CallbackCall) => Promised<WriteResult>) | undefined;
  /** Routes several writes that may go together; one result for each, or nothing. Instead of `onWrite`. */
  readonly onWriteBatch?:
    | ((
        dio: Dio<R>,
        ops: readonly WriteOp<R>[],
        call: CallbackCall,
      ) => Promised<readonly WriteResult[] | void>)
    | undefined;
  /** Takes in one upstream change. Default: apply it. */
  readonly onEvent?:
    | ((dio: Dio<R>, change: ChangeEvent<R>, call: CallbackCall) => Promised<void>)
    | undefined;
  /**
   * Must leave every row that matches the query's conditions and search in the cache; order is only a hint.
   * Called once for each conditions and search, until a refresh, `invalidateAll` or `clear`.
   */
  readonly onQuery?: ((dio: Dio<R>, query: Query, call: CallbackCall) => Promised<FillResult>) | undefined;
  /** How many rows a paged Scenery has, asked once for each that is opened; `undefined`: nobody knows. */
  readonly totalProvider?: ((dio: Dio<R>, call: TotalCall) => Promised<number | undefined>) | undefined;
  /** Loads the rows at positions `[start, end)` of the query, in its order, through `sink.push(index, id, row)`. */
  readonly onLoadChunk?: ((...load: ChunkLoad<R>) => Promised<void>) | undefined;
}

/** What a Lens does with an open Dio, whatever its rows are. */
export interface OpenDio {
  /** Of its master. */
  fingerprint(): string;
  facade(): Vista;
  /** Resolves when every cache change so far is in its table. */
  flush(): Promise<void>;
  /** `isKept`, by default true: its rows may be wanted again; else the table is left as it is. */
  close(drainMs: number, rows?: { readonly isKept?: boolean }): Promise<void>;
}

/** The queue of one Dio, and what it is able to keep. */
export interface OpenedQueue {
  readonly queue: WriteQueue;
  readonly durability: Durability;
}

/** What a Dio is opened over. */
export interface OpenedStores extends OpenedQueue {
  readonly table: CacheTable;
  /** The table held rows of another source, or nothing at all. */
  readonly isEmptied: boolean;
  /** Absent where the table keeps no orders of views. */
  readonly openKeptOrders: OpenKeptOrders | undefined;
}

/** Everything a Dio is built from: plain data, made by the Lens. Times in milliseconds. */
export interface DioOptions {
  readonly callbacks: DioCallbacks;
  /** Copies the whole master, for the first reader. */
  readonly seed: Fill;
  /** Brings a complete cache to what the master has; without onRefresh. */
  readonly reconcile: Fill;
  readonly table: string;
  readonly cache: CacheBackend;
  readonly openQueue: (table: string) => Promise<OpenedQueue>;
  readonly writes: WritePolicy;
  readonly onStartBlocking: boolean;
  /** Infinity: never by itself. */
  readonly refreshEveryMs: number;
  readonly freshForMs: number;
  readonly staleForMs: number;
  readonly deadlineMs: number;
  /** How long a viewport has to stand still before what it misses is loaded. */
  readonly viewportDebounceMs: number;
  /** Rows of one load of a paged Scenery. */
  readonly pageSize: number;
  /** Whether a paged Scenery that opens on rows of the cache loads them again. */
  readonly refreshOnOpen: boolean;
  readonly activity: ActivitySignal;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Called once it can be closed, before onStart: throwing ends it. */
  readonly onOpen: (open: OpenDio) => void;
  /** Called once, when the Dio has closed. */
  readonly onClose: (open: OpenDio) => void;
  /** The facade of another open Dio of the same Lens over this vista, if there is one. */
  readonly facadeOf: (master: Vista<object>) => Vista<object> | undefined;
}
