import type { Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import type { Capabilities } from "./capabilities.ts";
import type { ChangeEvent } from "./change-event.ts";
import type { Schema } from "./schema.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /** The idempotency key: the same key again has no second effect where the backend can tell. */
  readonly opId?: string | undefined;
}

export interface Page<R extends object = Row> {
  readonly rows: readonly Entry<R>[];
  /** How many rows the whole query has, where the source says. */
  readonly total?: number;
}

export interface TokenPage<R extends object = Row> {
  readonly rows: readonly Entry<R>[];
  /** Opaque; absent at the end. */
  readonly token?: string;
}

/**
 * The driver contract: what a backend implements. Law for both sides:
 *
 * - The Vista in front checks names, ids and capabilities. A Source is handed a query only of parts that it
 *   claims (`canMatch` = and ids, `canFilter` the rest, `canOrder`, `canSearch`), and honours all of it.
 * - A method whose capability is claimed is there. `read` always is.
 * - Rows are plain objects that nobody mutates afterwards; ids are unique within one answer.
 * - A miss is `undefined` (get) or `notFound` (patch, delete); `insert` of an existing id is `conflict`.
 *   An outage is `unavailable`; what retrying can't mend is `rejected`. Everything is a DioramaError.
 * - `call.signal` ends the work soon; what it rejects with then does not matter.
 * - Every method may be called at any time, concurrently, and again after a failure.
 */
export interface Source<R extends object = Row> {
  /** Names the Vista and, unless told otherwise, its cache table. */
  readonly name: string;
  readonly schema: Schema;
  readonly capabilities: Capabilities;
  /** Checks rows at the boundary, both ways. */
  readonly validator?: StandardSchemaV1<unknown, R> | undefined;

  /** Kind, location and schema: another fingerprint means other data. No secrets in it. */
  fingerprint(): string;
  /** Changes whenever the content does (an ETag; size and time of a file). `undefined`: can't tell now. */
  version?(call: CallOptions): Promise<string | undefined>;

  /** The rows of the query in batches, in its order or else the source's own. Stops reading when returned. */
  read(query: Query, call: CallOptions): AsyncIterable<readonly Entry<R>[]>;
  /** One row. Where absent, the Vista looks through `read`. */
  get?(id: string, call: CallOptions): Promise<R | undefined>;
  count?(query: Query, call: CallOptions): Promise<number>;
  /** `number` counts from 1. */
  page?(
    query: Query,
    page: { readonly number: number; readonly size: number },
    call: CallOptions,
  ): Promise<Page<R>>;
  window?(
    query: Query,
    window: { readonly offset: number; readonly limit: number },
    call: CallOptions,
  ): Promise<Page<R>>;
  next?(
    query: Query,
    from: { readonly token: string | undefined; readonly size: number },
    call: CallOptions,
  ): Promise<TokenPage<R>>;

  /** Each write answers with the row as it is stored. */
  insert?(id: string, row: R, call: WriteOptions): Promise<R>;
  /** Inserts under an id of the backend's choice. Where absent, the Vista mints a UUIDv7 and inserts. */
  add?(row: Partial<R>, call: WriteOptions): Promise<Entry<R>>;
  replace?(id: string, row: R, call: WriteOptions): Promise<R>;
  patch?(id: string, partial: Partial<R>, call: WriteOptions): Promise<R>;
  delete?(id: string, call: WriteOptions): Promise<void>;
  /** Deletes the rows of the query and no others. */
  deleteAll?(query: Query, call: WriteOptions): Promise<void>;

  /** Changes from the moment of the first `next()`; ends when the signal fires, throws when the feed is lost. */
  watch?(call: CallOptions): AsyncIterable<ChangeEvent<R>>;
  /** What would be sent for this query, for people. No credentials. */
  explain?(query: Query): string;
  /** Releases what the source holds (watchers, connections). Idempotent. */
  close?(): Promise<void>;
}
