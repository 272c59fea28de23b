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
  requireCapability,
  type Schema,
  type Source,
  type TokenPage,
  Vista,
  type WriteOptions,
} from "../vista/index.ts";
import type { DioState } from "./dio-state.ts";
import type { FacadeReads } from "./facade-reads.ts";
import { fromToken, toToken } from "./facade-token.ts";
import type { InOrder } from "./in-order.ts";
import type { Admitted, WriteGate } from "./write-gate.ts";
import type { WriteHandle, Writer, WriteRequest } from "./writer.ts";

/** A write of one row. */
type RowRequest = Exclude<WriteRequest, { readonly kind: "deleteAll" }>;

export interface FacadeHost {
  readonly state: DioState;
  readonly reads: FacadeReads;
  readonly writer: Writer;
  readonly gate: WriteGate;
  /** Writes that have to wait for something, by id. */
  readonly turns: InOrder;
  /** Readers see queued writes. */
  readonly isOptimistic: boolean;
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
    const after = from.token === undefined ? undefined : fromToken(from.token, this.name);
    const { rows, end, isLast } = await this.#host.reads.step(query, after, from.size, call);
    const last = rows.at(-1);
    return last === undefined || isLast
      ? { rows }
      : { rows, token: toToken({ offset: end, afterId: last[0] }) };
  }

  insert(id: string, row: Row, call: WriteOptions): Promise<Row> {
    return this.#write({ kind: "insert", id, row }, call);
  }

  replace(id: string, row: Row, call: WriteOptions): Promise<Row> {
    return this.#write({ kind: "replace", id, row }, call);
  }

  /** Over a row that is not here, the answer holds what was patched and no more. */
  patch(id: string, partial: Partial<Row>, call: WriteOptions): Promise<Row> {
    return this.#write({ kind: "patch", id, partial }, call);
  }

  async delete(id: string, call: WriteOptions): Promise<void> {
    await this.#write({ kind: "delete", id }, call);
  }

  async deleteAll(query: Query, call: WriteOptions): Promise<void> {
    if (queryKey(query) === queryKey(everything)) {
      await this.#stage({ kind: "deleteAll" }, call);
      return;
    }
    const { reads } = this.#host;
    // At once wherever that can be: what is written after this call is not what it is about.
    const rows = reads.rowsAtOnce(query) ?? (await reads.rows(query, call));
    const ids = rows.map(([id]) => id);
    if (ids.length > 0) await this.#stage({ kind: "deleteAll", ids }, call);
  }

  /** A write with a handle. What is refused is refused by throwing, now. */
  submit(request: WriteRequest): WriteHandle {
    const { gate, writer } = this.#host;
    const checked = gate.check(request);
    requireCapability(this, capabilityFor[checked.kind], checked.kind);
    return writer.submit(gate.admitNow(checked).request);
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

  /** Queued in the call itself, unless something has to be waited for; always in the order of the calls. */
  async #write(request: RowRequest, call: WriteOptions): Promise<Row> {
    const { gate, turns } = this.#host;
    const { id } = request;
    const named = call.opId === undefined ? request : { ...request, opId: call.opId };
    if (turns.has(id) || !gate.knows(id)) return this.#writeInTurn(named, call);
    const admitted = gate.admit(named);
    return admitted instanceof Promise
      ? this.#writeInTurn(named, call, admitted)
      : this.#finish(admitted, this.#stage(admitted.request, call));
  }

  async #writeInTurn(request: RowRequest, call: WriteOptions, begun?: Promise<Admitted>): Promise<Row> {
    const { gate, turns } = this.#host;
    const queued = await turns.run(request.id, async () => {
      if (!gate.knows(request.id)) await gate.know(request.id);
      const admitted = await (begun ?? gate.admit(request));
      // Not waited for here: the next one may be queued as soon as this one is.
      return { admitted, staged: this.#stage(admitted.request, call) };
    });
    return this.#finish(queued.admitted, queued.staged);
  }

  async #finish({ request, shown }: Admitted, staged: Promise<void>): Promise<Row> {
    await staged;
    const { state, isOptimistic } = this.#host;
    return (isOptimistic && request.id !== undefined ? state.visible(request.id) : undefined) ?? shown;
  }

  /** Resolves when the write is kept. An abort before that withdraws it. */
  async #stage(request: WriteRequest, { opId, signal }: WriteOptions): Promise<void> {
    const { writer } = this.#host;
    signal?.throwIfAborted();
    const isOwn = opId === undefined || !writer.has(opId);
    const handle = writer.submit(opId === undefined ? request : { ...request, opId });
    if (signal === undefined || !isOwn) return handle.staged;
    // It is withdrawn at once; that the queue can't note it now is told by an event.
    const withdraw = (): void => void handle.cancel().catch(() => undefined);
    signal.addEventListener("abort", withdraw, { once: true });
    try {
      await handle.staged;
    } finally {
      signal.removeEventListener("abort", withdraw);
    }
  }
}

const capabilityFor = {
  insert: "canInsert",
  replace: "canUpdate",
  patch: "canUpdate",
  delete: "canDelete",
  deleteAll: "canDelete",
} as const;

function toChange(
  event: { readonly type: string; readonly id?: string },
  state: DioState,
): ChangeEvent | undefined {
  switch (event.type) {
    case "recordInserted":
    case "recordChanged": {
      const row = event.id === undefined ? undefined : state.visible(event.id);
      // Where nothing is kept, whoever hears of a row reads it from the master.
      if (row === undefined && event.id !== undefined && !state.store.keeps)
        return { type: "updated", id: event.id };
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
