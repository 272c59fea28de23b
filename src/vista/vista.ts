import { errorAt, type ErrorPlace } from "../base/index.ts";
import {
  checkQuery,
  condition,
  everything,
  hasId,
  narrow,
  orderedBy,
  queryKey,
  searching,
  type ComparisonOperator,
  type ConditionInput,
  type Direction,
  type ListOperator,
  type OrderInput,
  type Query,
  type RowTest,
} from "../query/index.ts";
import { checkId, idOf, type Entry, type Row, type Value } from "../record/index.ts";
import { askSource, toError } from "./ask-source.ts";
import type { Capabilities } from "./capabilities.ts";
import type { ChangeEvent } from "./change-event.ts";
import { explainQuery } from "./explain-query.ts";
import { missingFor, requireCapability, requireQuery, unimplemented } from "./gate.ts";

import { toConditions, toOrderTerms, type ColumnOf } from "./query-input.ts";
import { fetchRow, readBatches, readEntries, toRows, toStoredRow } from "./read-source.ts";
import {
  checkCount,
  checkWhole,
  toRowPage,
  toRowTokenPage,
  type RowPage,
  type RowTokenPage,
} from "./row-page.ts";
import { createRowTest } from "./row-test.ts";
import { asRow } from "./row-types.ts";
import { columnNamesOf, searchColumnsOf, titleColumnsOf } from "./schema-columns.ts";
import type { ReferenceTarget, Schema } from "./schema.ts";
import type { CallOptions, Source, WriteOptions } from "./source.ts";
import { watchSource } from "./watch-source.ts";
import {
  addRow,
  deleteRow,
  deleteRows,
  insertRow,
  patchRow,
  replaceRow,
  type WriteTarget,
} from "./write-source.ts";

/** Rows that a `fetchNext` without a size asks for. */
const DEFAULT_STEP_ROWS = 100;

const noOptions: WriteOptions = Object.freeze({});

/**
 * One data source under a narrowing and an order: an immutable handle. What its source does not claim is
 * `unsupported`, never a silently unfiltered answer; bad names, ids and values are `invalid` before the source
 * sees them. An aborted call rejects with its signal's reason.
 */
export class Vista<R extends object = Row> {
  readonly source: Source<R>;
  readonly query: Query;
  readonly #place: ErrorPlace;
  /** Every row shows, as the source has it: then a get needs no check of its answer. */
  readonly #plain: boolean;
  #test: RowTest | undefined;

  constructor(source: Source<R>, query: Query = everything) {
    this.source = source;
    this.query = query;
    this.#place = { vista: source.name };
    this.#plain =
      query.conditions.length === 0 && query.search === undefined && source.validator === undefined;
  }

  get name(): string {
    return this.source.name;
  }

  get schema(): Schema {
    return this.source.schema;
  }

  /** What the source does natively. */
  get capabilities(): Capabilities {
    return this.source.capabilities;
  }

  /** The column that holds the id as well, where there is one. */
  get idColumn(): string | undefined {
    return this.source.schema.idColumn;
  }

  /** The columns that name a row to people. */
  get titleColumns(): readonly string[] {
    return titleColumnsOf(this.source.schema);
  }

  /** Rows whose column equals the value: always equality, whatever text the value is. */
  where(column: ColumnOf<R>, value: Value): Vista<R>;
  where(column: ColumnOf<R>, operator: ComparisonOperator | ListOperator, value: Value): Vista<R>;
  /** Rows for which all of the conditions hold. */
  where(conditions: ConditionInput | readonly ConditionInput[]): Vista<R>;
  where(...given: readonly unknown[]): Vista<R> {
    return this.#under(narrow(this.query, ...toConditions(given, this.#place)));
  }

  /** The row of that id, or no row. */
  withId(id: string): Vista<R> {
    return this.#under(narrow(this.query, hasId(checkId(id, this.#place))));
  }

  /** Ordered by a further column: null and absent last unless told otherwise, ties by id. */
  orderBy(column: ColumnOf<R>, direction?: Direction, nulls?: "first" | "last"): Vista<R>;
  orderBy(terms: readonly OrderInput[]): Vista<R>;
  orderBy(...given: readonly unknown[]): Vista<R> {
    return this.#under(orderedBy(this.query, ...toOrderTerms(given, this.#place)));
  }

  /** Rows that hold the text, whatever its case, in a searchable column. Replaces an earlier search; blank: none. */
  search(text: string): Vista<R> {
    return this.#under(searching(this.query, text));
  }

  /** Narrowed and ordered by a further query: conditions and order are added, a search replaces. */
  narrowedBy(query: Query): Vista<R> {
    const narrowed = orderedBy(narrow(this.query, ...query.conditions), ...query.order);
    return this.#under(query.search === undefined ? narrowed : searching(narrowed, query.search));
  }

  /** Every row by id, in the query's order or else the source's own. */
  async list(call: CallOptions = noOptions): Promise<Map<string, R>> {
    requireQuery(this.source, this.query);
    const rows = new Map<string, R>();
    for await (const batch of readEntries(this.source, this.query, call))
      await toRows(this.source, batch, rows);
    return rows;
  }

  /** The rows as the source sends them: for more of them than memory should hold. Ids are unique within a batch. */
  async *batches(call: CallOptions = noOptions): AsyncGenerator<readonly Entry<R>[], void, undefined> {
    requireQuery(this.source, this.query);
    yield* readBatches(this.source, this.query, call);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Entry<R>, void, undefined> {
    for await (const batch of this.batches()) yield* batch;
  }

  /** The first row in the query's order, with its id. */
  async first(call: CallOptions = noOptions): Promise<Entry<R> | undefined> {
    if (this.capabilities.canFetchWindow) {
      const [entry] = (await this.fetchWindow(0, 1, call)).rows;
      return entry;
    }
    for await (const batch of this.batches(call)) {
      if (batch[0] !== undefined) return batch[0];
    }
    return undefined;
  }

  /** The row of that id, if there is one and this vista shows it: exact, whatever the source can do. */
  get(id: string, call: CallOptions = noOptions): Promise<R | undefined> {
    const { source } = this;
    if (!this.#plain || source.get === undefined || call.signal !== undefined) return this.#get(id, call);
    try {
      return source.get(checkId(id, this.#place), call);
    } catch (error) {
      return Promise.reject(toError(error, `${source.name}, get`));
    }
  }

  async #get(id: string, call: CallOptions): Promise<R | undefined> {
    const row = await fetchRow(this.source, checkId(id, this.#place), call);
    if (row === undefined || this.#shows?.(id, asRow(row)) === false) return undefined;
    return toStoredRow(this.source, id, row);
  }

  /** How many rows there are. */
  async count(call: CallOptions = noOptions): Promise<number> {
    const { source } = this;
    const query = withoutOrder(this.query);
    requireCapability(source, "canCount", "count");
    requireQuery(source, query);
    const count = await askSource(source, "count", call, () => {
      return source.count?.(query, call) ?? unimplemented(source, "count", "canCount");
    });
    return checkCount(source, count, "count");
  }

  /** Page `number` (from 1) of pages of `size` rows. */
  async fetchPage(number: number, size: number, call: CallOptions = noOptions): Promise<RowPage<R>> {
    const { source, query } = this;
    requireCapability(source, "canFetchPage", "fetch a page");
    requireQuery(source, query);
    checkWhole(source, "a page number", number, 1);
    checkWhole(source, "a page size", size, 1);
    const page = await askSource(source, "page", call, () => {
      return source.page?.(query, { number, size }, call) ?? unimplemented(source, "page", "canFetchPage");
    });
    return toRowPage(source, page, size);
  }

  /** At most `limit` rows, from the `offset`th (from 0) on. */
  async fetchWindow(offset: number, limit: number, call: CallOptions = noOptions): Promise<RowPage<R>> {
    const { source, query } = this;
    requireCapability(source, "canFetchWindow", "fetch a window");
    requireQuery(source, query);
    checkWhole(source, "an offset", offset, 0);
    checkWhole(source, "a limit", limit, 1);
    const page = await askSource(source, "window", call, () => {
      return (
        source.window?.(query, { offset, limit }, call) ?? unimplemented(source, "window", "canFetchWindow")
      );
    });
    return toRowPage(source, page, limit);
  }

  /** The next `size` rows of a walk; no token begins one, and an answer without a token ends it. */
  async fetchNext(
    token?: string,
    size: number = DEFAULT_STEP_ROWS,
    call: CallOptions = noOptions,
  ): Promise<RowTokenPage<R>> {
    const { source, query } = this;
    requireCapability(source, "canFetchNext", "walk");
    requireQuery(source, query);
    checkWhole(source, "a step size", size, 1);
    if (token !== undefined && typeof token !== "string")
      throw errorAt("invalid", this.#place, "a token is a text");
    const page = await askSource(source, "next", call, () => {
      return source.next?.(query, { token, size }, call) ?? unimplemented(source, "next", "canFetchNext");
    });
    return toRowTokenPage(source, page, size);
  }

  /** Stores a new row and answers with it as stored; `conflict` where the id is taken. */
  insert(id: string, row: R, call: WriteOptions = noOptions): Promise<R> {
    return insertRow(this.#target(), id, row, call);
  }

  /** Stores a new row and answers with its id: the source's choice, else the row's own, else a UUIDv7. */
  add(row: Partial<R>, call: WriteOptions = noOptions): Promise<string> {
    return addRow(this.#target(), row, call);
  }

  /** Stores the whole row in place of the one that is there; inserts where there is none. */
  replace(id: string, row: R, call: WriteOptions = noOptions): Promise<R> {
    return replaceRow(this.#target(), id, row, call);
  }

  /** Changes the given columns and no others; `notFound` where this vista shows no such row. */
  patch(id: string, partial: Partial<R>, call: WriteOptions = noOptions): Promise<R> {
    return patchRow(this.#target(), id, partial, call);
  }

  /** `notFound` where this vista shows no such row. */
  delete(id: string, call: WriteOptions = noOptions): Promise<void> {
    return deleteRow(this.#target(), id, call);
  }

  /** Deletes the rows that this vista shows and no others. */
  deleteAll(call: WriteOptions = noOptions): Promise<void> {
    return deleteRows(this.source, withoutOrder(this.query), call);
  }

  /** The master's own changes, as this narrowing sees them; ends when the signal fires. */
  watch(call: CallOptions = noOptions): AsyncIterableIterator<ChangeEvent<R>, undefined> {
    const { source } = this;
    requireCapability(source, "canSubscribe", "watch");
    if (source.watch === undefined) unimplemented(source, "watch", "canSubscribe");
    return watchSource(source, this.#shows, call);
  }

  /** The vista on the other end of a reference, narrowed to the rows that belong to this one. */
  related<Other extends object = Row>(name: string, row: R): Vista<Other> {
    requireCapability(this.source, "canTraverse", "follow references");
    const reference = this.schema.references.find((candidate) => candidate.name === name);
    if (reference === undefined) {
      const names = this.schema.references.map((known) => known.name).join(", ");
      throw errorAt(
        "invalid",
        this.#place,
        `no reference ${JSON.stringify(name)}; references are: ${names || "none"}`,
      );
    }
    const column = reference.column;
    const value = Object.hasOwn(row, column) ? (asRow(row)[column] ?? null) : null;
    return relatedTo<Other>(reference.target(), reference.targetColumn, value);
  }

  /** What would be sent for this query, without sending it. Values show as `?`. */
  explain(): string {
    const { source, query } = this;
    const missing = missingFor(source, query);
    if (missing !== undefined)
      return `${this.name}: ${explainQuery(query)}; refused: the source has no ${missing}`;
    return `${this.name}: ${source.explain?.(query) ?? explainQuery(query)}`;
  }

  /** Kind, location and schema of the source, and the narrowing: another fingerprint means other rows. */
  fingerprint(): string {
    const narrowing = withoutOrder(this.query);
    const source = this.source.fingerprint();
    return narrowing.conditions.length === 0 && narrowing.search === undefined
      ? source
      : `${source}|${queryKey(narrowing)}`;
  }

  /** Changes whenever the source's content does; `undefined`: it can't tell. */
  async version(call: CallOptions = noOptions): Promise<string | undefined> {
    return askSource(this.source, "version", call, () => this.source.version?.(call));
  }

  get #shows(): RowTest | undefined {
    this.#test ??= createRowTest(this.query, searchColumnsOf(this.schema));
    return this.#test;
  }

  #target(): WriteTarget<R> {
    return { source: this.source, shows: this.#shows };
  }

  #under(query: Query): Vista<R> {
    checkQuery(query, columnNamesOf(this.schema), this.schema.open, this.name);
    return new Vista(this.source, query);
  }
}

/** The vista of a source; a vista is its own. `invalid` for what is neither. */
export function vista<R extends object>(from: Source<R> | Vista<R>): Vista<R> {
  if (from instanceof Vista) return from;
  if (isSource(from)) return new Vista(from);
  throw errorAt(
    "invalid",
    {},
    "a vista is made of a source: an object with name, schema, capabilities and read()",
  );
}

/** Callers without a compiler may hand over anything. */
function isSource(from: unknown): boolean {
  return typeof from === "object" && from !== null && "name" in from && "schema" in from && "read" in from;
}

/** Counts, deletions and fingerprints know no order. */
function withoutOrder(query: Query): Query {
  return query.order.length === 0 ? query : Object.freeze({ ...query, order: everything.order });
}

function relatedTo<R extends object>(
  target: ReferenceTarget,
  column: string | undefined,
  value: Value,
): Vista<R> {
  const whole = toVista<R>(target);
  if (column !== undefined) return whole.narrowedBy(narrow(everything, condition(column, "=", value)));
  const ids = value === null ? [] : [idOf(value, { vista: target.name })];
  return whole.narrowedBy(narrow(everything, hasId(...ids)));
}

function toVista<R extends object>(target: ReferenceTarget): Vista<R> {
  if (!(target instanceof Vista) && !isSource(target)) {
    throw errorAt("invalid", { vista: target.name }, "a reference leads to a vista or a source");
  }
  // A reference does not know the type of the rows that it leads to: the caller of `related` says it.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return vista(target as unknown as Source<R> | Vista<R>);
}
