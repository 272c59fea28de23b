import { errorAt, uuidV7, type ErrorPlace } from "../base/index.ts";
import { evaluate, evaluateWindow, queryKey, type Query } from "../query/index.ts";
import { checkId, equalRows, idOf, type Entry, type Row } from "../record/index.ts";
import type { Capabilities } from "./capabilities.ts";
import type { ChangeEvent } from "./change-event.ts";
import { checkPartial, checkRow } from "./check-row.ts";
import { requireCapability, requireQuery } from "./gate.ts";
import { MemoryFeed } from "./memory-feed.ts";
import { OpMemory } from "./op-memory.ts";
import { parseToken } from "./parse-token.ts";
import { asEntries, asRow, asTyped, asTypedEntries } from "./row-types.ts";
import { searchColumnsOf } from "./schema-columns.ts";
import type { Schema } from "./schema.ts";
import type { CallOptions, Page, Source, TokenPage, WriteOptions } from "./source.ts";
import type { StandardSchemaV1 } from "./standard-schema.ts";

/** Rows of one batch of `read`. */
const BATCH_ROWS = 1_000;

export interface MemorySourceInput<R extends object> {
  readonly name: string;
  readonly schema: Schema;
  readonly capabilities: Capabilities;
  readonly validator?: StandardSchemaV1<unknown, R> | undefined;
  readonly rows: RowsInput<R>;
}

/** Rows by id, or rows that hold their id in the id column. */
export type RowsInput<R extends object> = ReadonlyMap<string, R> | Iterable<R>;

/**
 * The reference source: rows in memory, every capability, and controls for whoever plays the backend (`set`,
 * `remove`, `replaceAll`, `emit`): synchronous, no capability needed. A write that changes nothing keeps the old
 * row, its version and its silence. A query with parts that it does not claim is refused, not half answered.
 */
export class MemorySource<R extends object = Row> implements Source<R> {
  readonly name: string;
  readonly schema: Schema;
  readonly capabilities: Capabilities;
  readonly validator?: StandardSchemaV1<unknown, R> | undefined;
  readonly #rows = new Map<string, R>();
  readonly #feed = new MemoryFeed<R>();
  readonly #done = new OpMemory();
  /** Other rows under the same count must not pass for these: every source counts under a mark of its own. */
  readonly #mark = uuidV7();
  #changes = 0;

  constructor(input: MemorySourceInput<R>) {
    this.name = input.name;
    this.schema = input.schema;
    this.capabilities = input.capabilities;
    this.validator = input.validator;
    for (const [id, row] of this.#entriesOf(input.rows)) this.#rows.set(id, row);
  }

  /** What is stored now, live. */
  get rows(): ReadonlyMap<string, R> {
    return this.#rows;
  }

  /** How many readers wait for changes. */
  get watcherCount(): number {
    return this.#feed.readerCount;
  }

  /** Stores a row from outside, as another user of the backend would. */
  set(id: string, row: R): void {
    this.#put(id, this.#checked(id, row), undefined);
  }

  /** Removes a row from outside; whether it was there. */
  remove(id: string): boolean {
    return this.#drop(id, undefined);
  }

  /** Exchanges all rows from outside, order included; watchers hear what differs, row by row. */
  replaceAll(rows: RowsInput<R>): void {
    const next = new Map(this.#entriesOf(rows));
    const before = new Map(this.#rows);
    const ids = [...before.keys()];
    if ([...next.keys()].some((id, index) => id !== ids[index])) this.#changes += 1;
    this.#rows.clear();
    for (const [id, row] of next) this.#rows.set(id, keptOr(row, before.get(id)));
    for (const id of ids) if (!next.has(id)) this.#tell("deleted", id, undefined);
    for (const [id, row] of this.#rows) {
      const old = before.get(id);
      if (old !== row) this.#tell(old === undefined ? "inserted" : "updated", id, undefined);
    }
  }

  /** Tells every watcher, whether it is true or not. */
  emit(event: ChangeEvent<R>): void {
    this.#feed.emit(event);
  }

  fingerprint(): string {
    const { columns, idColumn } = this.schema;
    return `memory:${JSON.stringify([this.name, idColumn ?? null, columns.map(({ name, type }) => [name, type])])}`;
  }

  async version(): Promise<string> {
    return `${this.#mark}:${this.#changes}`;
  }

  async *read(query: Query, call: CallOptions): AsyncGenerator<readonly Entry<R>[], void, undefined> {
    const entries = this.#evaluate(query);
    for (let start = 0; start < entries.length; start += BATCH_ROWS) {
      call.signal?.throwIfAborted();
      yield entries.slice(start, start + BATCH_ROWS);
    }
  }

  get(id: string): Promise<R | undefined> {
    return Promise.resolve(this.#rows.get(id));
  }

  async count(query: Query): Promise<number> {
    requireCapability(this, "canCount", "count");
    requireQuery(this, query);
    const isWhole = query.conditions.length === 0 && query.search === undefined;
    return isWhole ? this.#rows.size : this.#evaluate(query).length;
  }

  async page(query: Query, page: { readonly number: number; readonly size: number }): Promise<Page<R>> {
    requireCapability(this, "canFetchPage", "fetch a page");
    return this.#window(query, (page.number - 1) * page.size, page.size);
  }

  async window(query: Query, window: { readonly offset: number; readonly limit: number }): Promise<Page<R>> {
    requireCapability(this, "canFetchWindow", "fetch a window");
    return this.#window(query, window.offset, window.limit);
  }

  /** The token holds the last row's id and place: the walk goes on behind that row, or at its place if it is gone. */
  async next(
    query: Query,
    from: { readonly token: string | undefined; readonly size: number },
  ): Promise<TokenPage<R>> {
    requireCapability(this, "canFetchNext", "walk");
    const entries = this.#evaluate(query);
    const start = from.token === undefined ? 0 : this.#startAfter(from.token, query, entries);
    const rows = entries.slice(start, start + from.size);
    const last = rows.at(-1);
    if (last === undefined || start + rows.length >= entries.length) return { rows };
    return { rows, token: JSON.stringify([queryKey(query, { order: true }), start + rows.length, last[0]]) };
  }

  async insert(id: string, row: R, call: WriteOptions): Promise<R> {
    requireCapability(this, "canInsert", "insert");
    return this.#done.once(call.opId, () => {
      if (this.#rows.has(id)) throw errorAt("conflict", this.#place(id), "there is such a row already");
      return this.#put(id, this.#checked(id, row), call.opId);
    });
  }

  async replace(id: string, row: R, call: WriteOptions): Promise<R> {
    requireCapability(this, "canUpdate", "replace");
    return this.#done.once(call.opId, () => this.#put(id, this.#checked(id, row), call.opId));
  }

  async patch(id: string, partial: Partial<R>, call: WriteOptions): Promise<R> {
    requireCapability(this, "canUpdate", "patch");
    return this.#done.once(call.opId, () => {
      const current = this.#rows.get(id);
      if (current === undefined) throw this.#missing(id);
      const merged = { ...current, ...checkPartial(this.schema, id, partial, this.#place(id)) };
      return this.#put(id, this.#checked(id, merged), call.opId);
    });
  }

  async delete(id: string, call: WriteOptions): Promise<void> {
    requireCapability(this, "canDelete", "delete");
    this.#done.once(call.opId, () => {
      if (!this.#drop(id, call.opId)) throw this.#missing(id);
    });
  }

  async deleteAll(query: Query, call: WriteOptions): Promise<void> {
    requireCapability(this, "canDelete", "delete");
    this.#done.once(call.opId, () => {
      for (const [id] of this.#evaluate(query)) this.#drop(id, call.opId);
    });
  }

  watch(call: CallOptions): AsyncIterableIterator<ChangeEvent<R>, undefined> {
    requireCapability(this, "canSubscribe", "watch");
    return this.#feed.read(call.signal);
  }

  #evaluate(query: Query): readonly Entry<R>[] {
    requireQuery(this, query);
    return asTypedEntries<R>(evaluate(asEntries(this.#rows), query, searchColumnsOf(this.schema)));
  }

  #window(query: Query, offset: number, limit: number): Page<R> {
    requireQuery(this, query);
    const columns = searchColumnsOf(this.schema);
    const page = evaluateWindow(asEntries(this.#rows), query, columns, { offset, limit });
    const rows = asTypedEntries<R>(page.rows);
    return this.capabilities.canCount ? { rows, total: page.total } : { rows };
  }

  #startAfter(token: string, query: Query, entries: readonly Entry<R>[]): number {
    const [key, place, lastId] = parseToken(token);
    if (key !== queryKey(query, { order: true }) || !Number.isSafeInteger(place)) {
      throw errorAt(
        "invalid",
        { vista: this.name },
        "the token is none of this query's; begin again without one",
      );
    }
    const found = entries.findIndex((entry) => entry[0] === lastId);
    return found === -1 ? Number(place) : found + 1;
  }

  #put(id: string, row: R, opId: string | undefined): R {
    const current = this.#rows.get(id);
    const stored = keptOr(row, current);
    if (stored === current) return current;
    this.#rows.set(id, stored);
    this.#tell(current === undefined ? "inserted" : "updated", id, opId);
    return stored;
  }

  #drop(id: string, opId: string | undefined): boolean {
    if (!this.#rows.delete(id)) return false;
    this.#tell("deleted", id, opId);
    return true;
  }

  /** Every change of content comes through here, after it was made. */
  #tell(type: "inserted" | "updated" | "deleted", id: string, opId: string | undefined): void {
    this.#changes += 1;
    const mark = opId === undefined ? {} : { opId };
    const row = this.#rows.get(id);
    if (type === "deleted") this.#feed.emit({ type, id, ...mark });
    else if (row !== undefined) this.#feed.emit({ type, id, row, ...mark });
  }

  #checked(id: string, row: object): R {
    return asTyped<R>(checkRow(this.schema, checkId(id, this.#place(id)), row, this.#place(id)));
  }

  *#entriesOf(rows: RowsInput<R>): Generator<Entry<R>> {
    const { idColumn } = this.schema;
    const seen = new Set<string>();
    for (const [id, row] of isRowMap(rows) ? rows : this.#identified(rows, idColumn)) {
      if (seen.has(id)) throw errorAt("invalid", this.#place(id), "two rows have this id");
      seen.add(id);
      yield [id, this.#checked(id, row)];
    }
  }

  *#identified(rows: Iterable<R>, idColumn: string | undefined): Generator<Entry<R>> {
    for (const row of rows) {
      if (idColumn === undefined) {
        throw errorAt(
          "invalid",
          this.#place(),
          "rows without an id column come as a Map of id → row; or name it with `id`",
        );
      }
      const value = Object.hasOwn(row, idColumn) ? asRow(row)[idColumn] : undefined;
      yield [idOf(value, { vista: this.name, column: idColumn }), row];
    }
  }

  #missing(id: string): Error {
    return errorAt("notFound", this.#place(id), "there is no such row");
  }

  #place(id?: string): ErrorPlace {
    return { vista: this.name, id };
  }
}

/** The old row where the new one has the same content: readers compare by identity. */
function keptOr<R extends object>(row: R, old: R | undefined): R {
  return old !== undefined && equalRows(asRow(old), asRow(row)) ? old : row;
}

/** Rows under ids that they need not hold themselves. */
export function isRowMap<R extends object>(rows: RowsInput<R>): rows is ReadonlyMap<string, R> {
  return rows instanceof Map;
}
