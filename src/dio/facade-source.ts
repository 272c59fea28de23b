import { DioramaError, type ErrorCode } from "../base/index.ts";
import { everything, type Query, queryKey } from "../query/index.ts";
import type { Entry, Row } from "../record/index.ts";
import {
  type CallOptions,
  type Capabilities,
  type ChangeEvent,
  createCapabilities,
  type Page,
  type Reference,
  type ReferenceTarget,
  type Schema,
  type Source,
  type TokenPage,
  validateRow,
  Vista,
  type WriteOptions,
} from "../vista/index.ts";
import type { DioState } from "./dio-state.ts";
import { mergeRow } from "./overlay.ts";
import type { FacadeReads } from "./facade-reads.ts";
import { fromToken, toToken } from "./facade-token.ts";
import type { Writer, WriteRequest } from "./writer.ts";

export interface FacadeHost {
  readonly state: DioState;
  readonly reads: FacadeReads;
  readonly writer: Writer;
  /** Writes go somewhere else than to the master, so what the master can't do does not matter. */
  readonly hasRoute: boolean;
  readonly name: string;
  master(): Vista;
  facadeOf(master: Vista<object>): Vista<object> | undefined;
  assertOpen(): void;
}

/** The Dio as a Source: every read a local answer, every write a queued op. */
export class FacadeSource implements Source {
  readonly #host: FacadeHost;

  constructor(host: FacadeHost) {
    this.#host = host;
  }

  get name(): string {
    return this.#host.name;
  }

  /** The master's, with references that lead to other facades where there are some. */
  get schema(): Schema {
    const { schema } = this.#host.master();
    if (schema.references.length === 0) return schema;
    const references = schema.references.map((reference) => ({
      ...reference,
      target: () => this.#facadeBehind(reference),
    }));
    return { ...schema, references };
  }

  /** What it can really do: all reading, and the writing that the master or a route takes. */
  get capabilities(): Capabilities {
    const { capabilities } = this.#host.master();
    const { hasRoute } = this.#host;
    return createCapabilities({
      canCount: true,
      canOrder: true,
      canSearch: true,
      canMatch: true,
      canFilter: true,
      canFetchPage: true,
      canFetchNext: true,
      canFetchWindow: true,
      canSubscribe: true,
      canInsert: hasRoute || capabilities.canInsert,
      canUpdate: hasRoute || capabilities.canUpdate,
      canDelete: hasRoute || capabilities.canDelete,
      canTraverse: capabilities.canTraverse,
    });
  }

  fingerprint(): string {
    return `dio of ${this.#host.master().source.fingerprint()}`;
  }

  async *read(query: Query, call: CallOptions): AsyncGenerator<readonly Entry[]> {
    const batchRows = 1_000;
    const rows = await this.#host.reads.rows(query, call);
    for (let start = 0; start < rows.length; start += batchRows) yield rows.slice(start, start + batchRows);
  }

  get(id: string, call: CallOptions): Promise<Row | undefined> {
    return this.#host.reads.get(id, call);
  }

  count(query: Query, call: CallOptions): Promise<number> {
    return this.#host.reads.count(query, call);
  }

  page(
    query: Query,
    page: { readonly number: number; readonly size: number },
    call: CallOptions,
  ): Promise<Page> {
    return this.window(query, { offset: (page.number - 1) * page.size, limit: page.size }, call);
  }

  async window(
    query: Query,
    window: { readonly offset: number; readonly limit: number },
    call: CallOptions,
  ): Promise<Page> {
    const { rows, total } = await this.#host.reads.window(query, window.offset, window.limit, call);
    return total === undefined ? { rows } : { rows, total };
  }

  async next(
    query: Query,
    from: { readonly token: string | undefined; readonly size: number },
    call: CallOptions,
  ): Promise<TokenPage> {
    const all = await this.#host.reads.rows(query, call);
    let start = 0;
    if (from.token !== undefined) {
      const place = fromToken(from.token, this.name);
      const at = all.findIndex(([id]) => id === place.afterId);
      start = at === -1 ? Math.min(place.offset, all.length) : at + 1;
    }
    const rows = all.slice(start, start + from.size);
    const end = start + rows.length;
    const last = rows.at(-1);
    return last === undefined || end >= all.length
      ? { rows }
      : { rows, token: toToken({ offset: end, afterId: last[0] }) };
  }

  async insert(id: string, row: Row, call: WriteOptions): Promise<Row> {
    if (!this.#isQueued(call)) {
      await this.#know(id);
      if (this.#host.state.visible(id) !== undefined)
        throw this.#refusal("conflict", id, "there is a row of this id already");
    }
    const valid = await this.#validated(id, row);
    return this.#queue({ kind: "insert", id, row: valid }, call, valid);
  }

  async replace(id: string, row: Row, call: WriteOptions): Promise<Row> {
    await this.#know(id);
    const valid = await this.#validated(id, row);
    return this.#queue({ kind: "replace", id, row: valid }, call, valid);
  }

  async patch(id: string, partial: Partial<Row>, call: WriteOptions): Promise<Row> {
    const base = await this.#demand(id, call);
    // Over a row that is not here the patch is all that is known of it.
    const merged = mergeRow(base ?? {}, partial);
    if (base !== undefined) await this.#validated(id, merged);
    return this.#queue({ kind: "patch", id, partial }, call, merged);
  }

  async delete(id: string, call: WriteOptions): Promise<void> {
    await this.#demand(id, call);
    await this.#queue({ kind: "delete", id }, call, {});
  }

  async deleteAll(query: Query, call: WriteOptions): Promise<void> {
    if (queryKey(query) === queryKey(everything)) {
      await this.#queue({ kind: "deleteAll" }, call, {});
      return;
    }
    const ids = (await this.#host.reads.rows(query, call)).map(([id]) => id);
    if (ids.length > 0) await this.#queue({ kind: "deleteAll", ids }, call, {});
  }

  async *watch(call: CallOptions): AsyncGenerator<ChangeEvent> {
    const { state } = this.#host;
    const events = state.bus.subscribe();
    const stop = (): void => void events.return();
    call.signal?.addEventListener("abort", stop, { once: true });
    try {
      for await (const event of events) {
        const change = toChange(event, state);
        if (change !== undefined) yield change;
      }
    } finally {
      call.signal?.removeEventListener("abort", stop);
      stop();
    }
  }

  explain(query: Query): string {
    return this.#host.reads.explain(query);
  }

  #facadeBehind(reference: Reference): ReferenceTarget {
    const target = reference.target();
    const master = target instanceof Vista ? target : undefined;
    return (master === undefined ? undefined : this.#host.facadeOf(master)) ?? target;
  }

  /** The same op again is the same op: its first time decided what there was to refuse. */
  #isQueued(call: WriteOptions): boolean {
    return call.opId !== undefined && this.#host.writer.has(call.opId);
  }

  async #know(id: string): Promise<void> {
    this.#host.assertOpen();
    const { store } = this.#host.state;
    if (!store.knows(id)) await store.ensure([id]);
  }

  /** What the master's validator makes of the row: refused here, and not when it is sent. */
  async #validated(id: string, row: Row): Promise<Row> {
    const { validator } = this.#host.master().source;
    return validator === undefined
      ? row
      : validateRow(validator, row, { vista: this.name, id, code: "invalid" });
  }

  /** The visible row; `notFound` where it is certain that there is none. */
  async #demand(id: string, call: WriteOptions): Promise<Row | undefined> {
    await this.#know(id);
    const row = this.#host.state.visible(id);
    if (row === undefined && !this.#isQueued(call) && this.#host.reads.decidesAbsence(id)) {
      throw this.#refusal("notFound", id, "there is no row of this id");
    }
    return row;
  }

  #refusal(code: ErrorCode, id: string, why: string): DioramaError {
    return new DioramaError(code, `${this.name}, id ${JSON.stringify(id)}: ${why}`, {
      place: { vista: this.name, id },
    });
  }

  async #queue(request: WriteRequest, call: WriteOptions, shown: Row): Promise<Row> {
    call.signal?.throwIfAborted();
    const handle = this.#host.writer.submit(
      call.opId === undefined ? request : { ...request, opId: call.opId },
    );
    await handle.staged;
    return (request.id === undefined ? undefined : this.#host.state.visible(request.id)) ?? shown;
  }
}

function toChange(
  event: { readonly type: string; readonly id?: string },
  state: DioState,
): ChangeEvent | undefined {
  switch (event.type) {
    case "recordInserted":
    case "recordChanged": {
      const row = event.id === undefined ? undefined : state.visible(event.id);
      if (event.id === undefined || row === undefined) return undefined;
      return { type: event.type === "recordInserted" ? "inserted" : "updated", id: event.id, row };
    }
    case "recordRemoved":
      return event.id === undefined ? undefined : { type: "deleted", id: event.id };
    case "invalidated":
    case "lagged":
      return { type: "invalidated" };
    default:
      return undefined;
  }
}
