import { linkSignals } from "../../base/index.ts";
import type { Query } from "../../query/index.ts";
import type { Entry, Row } from "../../record/index.ts";
import {
  missingFor,
  requireCapability,
  type CallOptions,
  type Capabilities,
  type ChangeEvent,
  type Page,
  type Schema,
  type Source,
  type StandardSchemaV1,
  type TokenPage,
  type WriteOptions,
} from "../../vista/index.ts";
import { capabilitiesOf } from "./capabilities-of.ts";
import { CollectionVersion } from "./collection-version.ts";
import { explainPlan } from "./explain-plan.ts";
import type { HttpClient } from "./http-client.ts";
import { ItemRequests } from "./item-requests.ts";
import { PageRequests } from "./page-requests.ts";
import { NextReader } from "./read-next.ts";
import { RestReads } from "./rest-reads.ts";
import type { RestSettings } from "./rest-settings.ts";
import { RestWrites } from "./rest-writes.ts";
import { RowReader } from "./row-reader.ts";
import { settingsFingerprint } from "./settings-fingerprint.ts";
import { asEntries, asEntry, asRow, asTyped } from "./typed-rows.ts";
import { watchVersions } from "./watch-versions.ts";

/** A collection of a REST API as a source. It claims what the options say that the API can, and adds the rest itself. */
export class RestSource<R extends object = Row> implements Source<R> {
  readonly name: string;
  readonly schema: Schema;
  readonly capabilities: Capabilities;
  readonly validator: StandardSchemaV1<unknown, R> | undefined;
  /** Where the API has a path for one row. */
  readonly get?: (id: string, call: CallOptions) => Promise<R | undefined>;
  /** Where the API chooses the ids. */
  readonly add?: (row: Partial<R>, call: WriteOptions) => Promise<Entry<R>>;
  readonly #settings: RestSettings;
  readonly #reads: RestReads;
  readonly #next: NextReader;
  readonly #pages: PageRequests;
  readonly #writes: RestWrites;
  readonly #version: CollectionVersion;
  readonly #closing = new AbortController();

  constructor(
    settings: RestSettings,
    client: HttpClient,
    validator: StandardSchemaV1<unknown, R> | undefined,
  ) {
    this.name = settings.name;
    this.schema = settings.schema;
    this.capabilities = capabilitiesOf(settings);
    this.validator = validator;
    const reader = new RowReader(settings);
    const items = new ItemRequests(settings, client, reader);
    this.#settings = settings;
    this.#pages = new PageRequests(settings, client, reader);
    this.#reads = new RestReads({ settings, client, reader, pages: this.#pages, items });
    this.#next = new NextReader(this.#pages, this.#reads);
    this.#writes = new RestWrites({ settings, client, reader, items });
    this.#version = new CollectionVersion(settings, client);
    if (settings.item !== undefined) this.get = (id, call) => this.#get(id, call);
    if (settings.writes.add === true) this.add = (row, call) => this.#add(row, call);
  }

  fingerprint(): string {
    return settingsFingerprint(this.#settings);
  }

  version(call: CallOptions = {}): Promise<string | undefined> {
    return this.#version.read(call.signal);
  }

  async *read(query: Query, call: CallOptions = {}): AsyncGenerator<readonly Entry<R>[], void, undefined> {
    this.#requireQuery(query);
    for await (const batch of this.#reads.rows(this.#reads.plan(query), call.signal)) {
      call.signal?.throwIfAborted();
      yield asEntries<R>(batch);
    }
  }

  async count(query: Query, call: CallOptions = {}): Promise<number> {
    requireCapability(this, "canCount", "count");
    this.#requireQuery(query);
    return this.#reads.count(query, call.signal);
  }

  async page(
    query: Query,
    { number, size }: { readonly number: number; readonly size: number },
    call: CallOptions = {},
  ): Promise<Page<R>> {
    return this.window(query, { offset: (number - 1) * size, limit: size }, call);
  }

  async window(
    query: Query,
    window: { readonly offset: number; readonly limit: number },
    call: CallOptions = {},
  ): Promise<Page<R>> {
    requireCapability(this, "canFetchWindow", "fetch a window");
    this.#requireQuery(query);
    const page = await this.#reads.window(this.#reads.plan(query), window, call.signal);
    return { ...page, rows: asEntries<R>(page.rows) };
  }

  async next(
    query: Query,
    from: { readonly token: string | undefined; readonly size: number },
    call: CallOptions = {},
  ): Promise<TokenPage<R>> {
    requireCapability(this, "canFetchNext", "walk");
    this.#requireQuery(query);
    const page = await this.#next.step(query, from, call.signal);
    return { ...page, rows: asEntries<R>(page.rows) };
  }

  async insert(id: string, row: R, call: WriteOptions = {}): Promise<R> {
    requireCapability(this, "canInsert", "insert");
    return asTyped<R>(await this.#writes.insert(id, asRow(row), call));
  }

  async replace(id: string, row: R, call: WriteOptions = {}): Promise<R> {
    requireCapability(this, "canUpdate", "replace");
    return asTyped<R>(await this.#writes.replace(id, asRow(row), call));
  }

  async patch(id: string, partial: Partial<R>, call: WriteOptions = {}): Promise<R> {
    requireCapability(this, "canUpdate", "patch");
    return asTyped<R>(await this.#writes.patch(id, asRow(partial), call));
  }

  async delete(id: string, call: WriteOptions = {}): Promise<void> {
    requireCapability(this, "canDelete", "delete");
    return this.#writes.delete(id, call);
  }

  /** Row by row: the ids are read first, for pages shift under deletions. */
  async deleteAll(query: Query, call: WriteOptions = {}): Promise<void> {
    requireCapability(this, "canDelete", "delete");
    this.#requireQuery(query);
    const ids: string[] = [];
    for await (const batch of this.#reads.rows(this.#reads.plan({ ...query, order: [] }), call.signal)) {
      for (const [id] of batch) ids.push(id);
    }
    await this.#writes.deleteEach(ids, call);
  }

  async *watch(call: CallOptions = {}): AsyncGenerator<ChangeEvent<R>, void, undefined> {
    requireCapability(this, "canSubscribe", "watch");
    const { pollEveryMs = Infinity, http } = this.#settings;
    const ends = linkSignals(call.signal, this.#closing.signal);
    try {
      const stamp = (signal: AbortSignal): Promise<string> => this.#version.stamp(signal);
      yield* watchVersions({
        everyMs: pollEveryMs,
        clock: http.clock,
        signal: ends.signal,
        stamp,
        known: this.#version.known,
      });
    } finally {
      ends.release();
    }
  }

  explain(query: Query): string {
    return explainPlan(this.#settings, this.#pages, this.#reads.plan(query));
  }

  /** Ends what watches. */
  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #get(id: string, { signal }: CallOptions): Promise<R | undefined> {
    const row = await this.#reads.get(id, signal);
    return row === undefined ? undefined : asTyped<R>(row);
  }

  async #add(row: Partial<R>, call: WriteOptions): Promise<Entry<R>> {
    return asEntry<R>(await this.#writes.add(asRow(row), call));
  }

  #requireQuery(query: Query): void {
    const missing = missingFor(this, query);
    if (missing !== undefined) requireCapability(this, missing, "answer such a query");
  }
}
