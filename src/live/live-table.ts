import { DioramaError, errorAt } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import {
  type CallOptions,
  type Capabilities,
  type ChangeEvent,
  createCapabilities,
  missingFor,
  type Page,
  requireCapability,
  type Schema,
  type Source,
  type TokenPage,
  type Vista,
  type WriteOptions,
} from "../vista/index.ts";
import type { Cache } from "./cache.ts";
import {
  checkCache,
  checkCacheKey,
  checkLiveOptions,
  type LiveTableOptions,
  untypedVista,
} from "./live-options.ts";
import { LiveParts } from "./live-parts.ts";
import type { LiveStep } from "./live-step.ts";
import { everyEntry } from "./shelf.ts";
import { fromWalkToken, toWalkToken } from "./walk-tokens.ts";

/**
 * A page cache in front of a vista, itself a Source: pages, records and counts are read from the cache where it has
 * them, writes go through to the master and drop what is cached before they answer, and changes that a stream tells
 * drop what they touch. It shows the master's rows as they are: narrow and order the master, and give each view a
 * cache key of its own.
 */
export class LiveTable<R extends object = Row> implements Source<R> {
  readonly name: string;
  readonly cacheKey: string;
  /** Rows of a cached page. */
  readonly pageSize: number;
  /** There where the write target chooses ids itself. */
  readonly add?: (row: Partial<R>, call: WriteOptions) => Promise<Entry<R>>;
  readonly #master: Vista;
  readonly #target: Vista;
  readonly #parts: LiveParts;
  #closed: Promise<void> | undefined;

  /**
   * `cacheKey`: a text without `/`, one for each view. `invalid` for what can't be. The stream is listened to from here
   * on.
   */
  constructor(
    master: Vista<R> | Source<R>,
    cacheKey: string,
    cache: Cache,
    options: LiveTableOptions<R> = {},
  ) {
    this.#master = untypedVista(master);
    this.cacheKey = checkCacheKey(cacheKey);
    const settings = checkLiveOptions(options);
    this.name = this.#master.name;
    this.pageSize = settings.pageSize;
    this.#target = settings.writeTarget ?? this.#master;
    this.#parts = new LiveParts(this.#master, this.#target, this.cacheKey, {
      ...settings,
      cache: checkCache(cache),
    });
    if (this.#target.source.add !== undefined) {
      this.add = async (row, call) => {
        this.#assertOpen();
        return asTyped<Entry<R>>(await this.#parts.writes.add(asRow(row), call));
      };
    }
  }

  get schema(): Schema {
    return this.#master.schema;
  }

  /** No narrowing and no order of its own: a Dio over it adds them. */
  get capabilities(): Capabilities {
    const { canInsert, canUpdate, canDelete } = this.#target.capabilities;
    return createCapabilities({
      canFetchPage: true,
      canFetchWindow: true,
      canFetchNext: true,
      canCount: this.#parts.pages.canCount,
      canSubscribe: this.#parts.changes.canWatch,
      canTraverse: this.#master.capabilities.canTraverse,
      canInsert,
      canUpdate,
      canDelete,
    });
  }

  fingerprint(): string {
    return `live:${this.#master.fingerprint()}`;
  }

  async *read(query: Query, call: CallOptions): AsyncGenerator<readonly Entry<R>[], void, undefined> {
    this.#check(query);
    for await (const page of this.#parts.lists.pages(call.signal)) {
      call.signal?.throwIfAborted();
      yield asTyped<readonly Entry<R>[]>([...page]);
    }
  }

  async get(id: string, call: CallOptions = {}): Promise<R | undefined> {
    const { reads, pages } = this.#parts;
    const { rows } = await reads.read(pages.record(id), call.signal);
    const row = rows.get(id);
    return row === undefined ? undefined : asTyped<R>(row);
  }

  async count(query: Query, call: CallOptions): Promise<number> {
    this.#check(query);
    requireCapability(this, "canCount", "count");
    const { reads, pages } = this.#parts;
    const { total } = await reads.read(pages.count(), call.signal);
    if (total !== undefined) return total;
    throw errorAt("corrupt", { vista: this.name }, "the cached count is none; drop it with invalidate()");
  }

  page(
    query: Query,
    page: { readonly number: number; readonly size: number },
    call: CallOptions,
  ): Promise<Page<R>> {
    return this.window(query, { offset: (page.number - 1) * page.size, limit: page.size }, call);
  }

  async window(
    query: Query,
    window: { readonly offset: number; readonly limit: number },
    call: CallOptions,
  ): Promise<Page<R>> {
    this.#check(query);
    const { rows, total } = await this.#parts.windows.window(window.offset, window.limit, call.signal);
    const typed = asTyped<readonly Entry<R>[]>(rows);
    return total === undefined ? { rows: typed } : { rows: typed, total };
  }

  /** A walk goes by place, as pages do. */
  async next(
    query: Query,
    from: { readonly token: string | undefined; readonly size: number },
    call: CallOptions,
  ): Promise<TokenPage<R>> {
    this.#check(query);
    const offset = from.token === undefined ? 0 : fromWalkToken(from.token, this);
    const { rows, isEnd } = await this.#parts.windows.window(offset, from.size, call.signal);
    const typed = asTyped<readonly Entry<R>[]>(rows);
    return isEnd ? { rows: typed } : { rows: typed, token: toWalkToken(offset + from.size, this) };
  }

  async insert(id: string, row: R, call: WriteOptions): Promise<R> {
    this.#assertOpen();
    return asTyped<R>(await this.#parts.writes.insert(id, asRow(row), call));
  }

  async replace(id: string, row: R, call: WriteOptions): Promise<R> {
    this.#assertOpen();
    return asTyped<R>(await this.#parts.writes.replace(id, asRow(row), call));
  }

  async patch(id: string, partial: Partial<R>, call: WriteOptions): Promise<R> {
    this.#assertOpen();
    return asTyped<R>(await this.#parts.writes.patch(id, asRow(partial), call));
  }

  async delete(id: string, call: WriteOptions): Promise<void> {
    this.#assertOpen();
    await this.#parts.writes.delete(id, call);
  }

  async deleteAll(query: Query, call: WriteOptions): Promise<void> {
    this.#check(query);
    await this.#parts.writes.deleteAll(call);
  }

  /** Changes after what they touch is dropped: who reads then reads what the master has. */
  watch(call: CallOptions): AsyncIterable<ChangeEvent<R>> {
    this.#assertOpen();
    requireCapability(this, "canSubscribe", "watch");
    return asTyped<AsyncIterable<ChangeEvent<R>>>(this.#parts.changes.watch(call.signal));
  }

  explain(query: Query): string {
    this.#check(query);
    return `pages of ${this.pageSize} cached as ${JSON.stringify(this.cacheKey)}; a miss asks ${this.#master.explain()}`;
  }

  /** Tells each step as it is done, until the returned function is called. */
  onStep(listener: (step: LiveStep) => void): () => void {
    return this.#parts.steps.listen(listener);
  }

  /** Drops what is cached under the key, or what of it begins so: `page_`, `id/7`. */
  async invalidate(prefix?: string): Promise<void> {
    this.#assertOpen();
    if (prefix !== undefined && (typeof prefix !== "string" || prefix === "")) {
      const what = "a prefix is what sub-keys begin with, such as page_ or id/7; without one all is dropped";
      throw errorAt("invalid", { vista: this.name }, what);
    }
    const drop = prefix === undefined ? everyEntry : { prefixes: [prefix], entries: [] };
    await this.#parts.changes.drop(drop, "call");
  }

  /** Ends the stream and whatever waits; later calls are `closed`. The master and the cache stay open. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const reason = this.#closedError();
    this.#parts.seats.end(reason);
    await Promise.all([this.#parts.writes.close(reason), this.#parts.changes.close()]);
    this.#parts.release();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw this.#closedError();
  }

  #closedError(): DioramaError {
    const message = `${this.name}: the LiveTable ${JSON.stringify(this.cacheKey)} is closed`;
    return new DioramaError("closed", message, { place: { vista: this.name } });
  }

  /** For callers without a Vista in front. */
  #check(query: Query): void {
    this.#assertOpen();
    const missing = missingFor(this, query);
    if (missing !== undefined) requireCapability(this, missing, "narrow or order its rows");
  }
}

/** Rows come from the master that the same call named, or go there: their type is only out of sight. */
function asTyped<T>(value: unknown): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as T;
}

/** As above, the other way. */
function asRow(row: object): Row {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return row as Row;
}
