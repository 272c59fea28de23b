import { assert, yieldToLoop } from "../base/index.ts";
import type { Dio, WriteRequest } from "../dio/index.ts";
import { everything, type Query } from "../query/index.ts";
import { idOf, toRow, withIdColumn, type Row } from "../record/index.ts";
import {
  allCapabilityNames,
  createCapabilities,
  type Capabilities,
  type ChangeEvent,
} from "../vista/index.ts";
import { difference, rowDifferences, toMessage } from "./difference.ts";
import { Oracle, type CacheKind, type Refusal } from "./oracle.ts";
import type { Fate, PendingOp } from "./oracle-ops.ts";

export interface OracleOptions<R extends object = Row> {
  /** The column that holds a row's id. */
  readonly idColumn: string;
  /** What the source holds at first. */
  readonly rows?: Iterable<R>;
  /**
   * How the Lens fills the cache. `complete` (default): onStart copies the source. `incomplete`: nothing is filled
   * beforehand. `filled`: onQuery brings the rows of each query. `none`: the cache keeps nothing.
   */
  readonly cache?: CacheKind;
  /** What the source can do: it decides what an incomplete cache asks it for. Default: everything. */
  readonly capabilities?: Capabilities;
}

/**
 * What a Dio must show, in maps and lists: the source behind it, its confirmed rows, its queued writes. Do to it what
 * you do to your Lens and your source, one call after the other, and ask after each whether they are the same.
 *
 * It knows a Lens with the default policy: optimistic, one write at a time, nothing coalesced, no echoes; its own
 * callbacks may bring rows in whatever way they like, as long as they bring what the source has.
 */
export interface DioOracle<R extends object = Row> {
  /** The source: what others change there, the Dio is not told of. */
  readonly source: {
    readonly rows: ReadonlyMap<string, Readonly<R>>;
    set(row: R): void;
    delete(id: string): void;
  };

  /** The code that the call is refused with at once; `undefined`: it is queued, and sent. */
  insert(id: string, row: R): Refusal | undefined;
  replace(id: string, row: R): Refusal | undefined;
  patch(id: string, partial: Partial<R>): Refusal | undefined;
  delete(id: string): Refusal | undefined;
  /** Of a narrowed Vista: with its `query`. */
  deleteAll(query?: Query): void;
  /** What the next attempts to send meet: the source is down (tried again later), or refuses (a dead letter). */
  failNext(fate: Fate, times?: number): void;
  /** So much time that whatever is to be tried again was tried, until it succeeded. */
  passTime(): void;
  /** The oldest dead letter is sent again. */
  retry(): void;
  /** The oldest dead letter is given up. */
  discard(): void;

  /** Reads bring rows into an incomplete cache: do them here too. */
  get(id: string): Readonly<R> | undefined;
  list(query?: Query): ReadonlyMap<string, Readonly<R>>;
  window(query: Query, window: { readonly offset: number; readonly limit: number }): ReadonlyMap<string, R>;
  count(query?: Query): number;

  handleEvent(change: ChangeEvent<R>): void;
  refresh(): void;
  invalidateRecord(id: string): void;
  invalidateAll(): void;
  /** `dio.cache.insert`, or `dio.patched`. */
  hold(id: string, row: R): void;
  /** `dio.cache.delete`, or `dio.removed`. */
  removed(id: string): void;
  /** `dio.cache.clear()`. */
  clear(): void;
  /**
   * The Dio was closed, or its process killed; a Lens over the same folder has opened it again, and `refresh()` has
   * ended there. What was queued is still queued; dead letters are still there.
   */
  reopened(): void;

  /** The rows that every reader sees. */
  visible(): ReadonlyMap<string, Readonly<R>>;
  /** The rows below the queued writes. */
  confirmed(): ReadonlyMap<string, Readonly<R>>;
  /** In the order of the calls; those that are parked behind a dead letter too. */
  pending(): readonly WriteRequest<R>[];
  /** Dead letters, in the order of their calls. */
  failed(): readonly WriteRequest<R>[];

  /** What the Dio shows differently, as a text; `undefined`: nothing. Waits until it has come to rest. */
  difference(dio: Dio<R>): Promise<string | undefined>;
  /** Rejects with the difference, where there is one. */
  expectSame(dio: Dio<R>): Promise<void>;
}

export function createOracle<R extends object = Row>(options: OracleOptions<R>): DioOracle<R> {
  return new MapOracle<R>(options);
}

/** Turns of the event loop in which a Dio has to come to rest. */
const MOST_TURNS = 10_000;
/** Turns for which it has to stay so. */
const REST_TURNS = 8;

class MapOracle<R extends object> implements DioOracle<R> {
  readonly #idColumn: string;
  readonly #model: Oracle;
  readonly source: DioOracle<R>["source"];

  constructor({ idColumn, rows = [], cache = "complete", capabilities = everyCapability }: OracleOptions<R>) {
    this.#idColumn = idColumn;
    const entries = Array.from(rows, (row) => this.#entryOf(row));
    this.#model = new Oracle(cache, capabilities, new Map(entries));
    const { up } = this.#model;
    this.source = {
      rows: asTyped<R>(up),
      set: (row) => void up.set(...this.#entryOf(row)),
      delete: (id) => void up.delete(id),
    };
  }

  insert(id: string, row: R): Refusal | undefined {
    return this.#model.write({ kind: "insert", id, row: this.#rowOf(id, row) });
  }

  replace(id: string, row: R): Refusal | undefined {
    return this.#model.write({ kind: "replace", id, row: this.#rowOf(id, row) });
  }

  patch(id: string, partial: Partial<R>): Refusal | undefined {
    return this.#model.write({ kind: "patch", id, partial: toRow(partial) });
  }

  delete(id: string): Refusal | undefined {
    return this.#model.write({ kind: "delete", id });
  }

  deleteAll(query: Query = everything): void {
    if (query.conditions.length === 0 && query.search === undefined) {
      this.#model.write({ kind: "deleteAll" });
      return;
    }
    const ids = this.#model.read({ ...query, order: [] }).map(([id]) => id);
    if (ids.length > 0) this.#model.write({ kind: "deleteAll", ids });
  }

  failNext(fate: Fate, times: number = 1): void {
    for (let time = 0; time < times; time++) this.#model.queue.fates.push(fate);
  }

  passTime(): void {
    this.#model.queue.pass();
  }

  retry(): void {
    this.#model.queue.retry();
  }

  discard(): void {
    this.#model.queue.discard();
  }

  get(id: string): Readonly<R> | undefined {
    const row = this.#model.get(id);
    return row === undefined ? undefined : asTyped<R>(new Map([[id, row]])).get(id);
  }

  list(query: Query = everything): ReadonlyMap<string, Readonly<R>> {
    return asTyped<R>(new Map(this.#model.read(query)));
  }

  window(query: Query, window: { readonly offset: number; readonly limit: number }): ReadonlyMap<string, R> {
    return asTyped<R>(new Map(this.#model.read(query, window)));
  }

  count(query: Query = everything): number {
    return this.#model.count(query);
  }

  handleEvent(change: ChangeEvent<R>): void {
    if (change.type === "invalidated") {
      this.#model.invalidateAll();
      this.#model.refresh();
    } else if (change.type === "deleted") {
      this.removed(change.id);
    } else if (change.row === undefined) {
      this.#model.reread(change.id);
    } else {
      this.hold(change.id, change.row);
    }
  }

  refresh(): void {
    this.#model.refresh();
  }

  invalidateRecord(id: string): void {
    this.#model.invalidate(id);
  }

  invalidateAll(): void {
    this.#model.invalidateAll();
  }

  hold(id: string, row: R): void {
    this.#model.hold(id, this.#rowOf(id, row));
  }

  removed(id: string): void {
    this.#model.hold(id, undefined);
  }

  clear(): void {
    this.#model.clear();
  }

  reopened(): void {
    const { queue } = this.#model;
    queue.reopen(queue.kept);
    this.#model.refresh();
  }

  visible(): ReadonlyMap<string, Readonly<R>> {
    return asTyped<R>(this.#model.shown());
  }

  confirmed(): ReadonlyMap<string, Readonly<R>> {
    return asTyped<R>(this.#model.held);
  }

  pending(): readonly WriteRequest<R>[] {
    return this.#model.pending.map((op) => toRequest<R>(op));
  }

  failed(): readonly WriteRequest<R>[] {
    return this.#model.queue.failed.map((op) => toRequest<R>(op));
  }

  async difference(dio: Dio<R>): Promise<string | undefined> {
    await rest(dio);
    const model = this.#model;
    const shown = await dio.cache.list();
    const held = new Map<string, Row>();
    for (const id of new Set([...model.held.keys(), ...model.up.keys(), ...shown.keys()])) {
      const row = await dio.cache.confirmed(id);
      if (row !== undefined) held.set(id, toRow(row));
    }
    const [pending, failed] = [dio.writes.pending(), dio.writes.failed()];
    return toMessage([
      ...rowDifferences("visible row", toRows(shown), model.shown()),
      ...rowDifferences("confirmed row", held, model.held),
      ...difference("complete", dio.cache.complete, model.isComplete),
      ...difference(
        "pending writes",
        pending.map(({ op }) => named(op)),
        model.pending.map(named),
      ),
      ...difference(
        "dead letters",
        failed.map(({ op }) => named(op)),
        model.queue.failed.map(named),
      ),
    ]);
  }

  async expectSame(dio: Dio<R>): Promise<void> {
    const found = await this.difference(dio);
    if (found !== undefined) throw new Error(found);
  }

  #entryOf(row: R): readonly [string, Row] {
    const copy = toRow(row);
    const id = idOf(copy[this.#idColumn], { column: this.#idColumn });
    return [id, copy];
  }

  #rowOf(id: string, row: R): Row {
    return withIdColumn(id, toRow(row), this.#idColumn, { id });
  }
}

const everyCapability: Capabilities = createCapabilities(
  Object.fromEntries(allCapabilityNames.map((name) => [name, true])),
);

/** Until nothing is under way but what waits for a clock. */
async function rest(dio: Pick<Dio, "diagnostics">): Promise<void> {
  let restedTurns = 0;
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    await yieldToLoop();
    const { reads, writes } = dio.diagnostics();
    const isBusy = reads.flights > 0 || reads.refreshing || reads.seeding || writes.inFlight > 0;
    restedTurns = isBusy ? 0 : restedTurns + 1;
    if (restedTurns >= REST_TURNS) return;
  }
  assert(false, "the Dio comes to rest; move its clock, or answer the calls that it waits for");
}

/** `patch a`, `delete a b`, `deleteAll`. */
function named(op: Named): string {
  return [op.kind, ...(op.kind === "deleteAll" ? (op.ids ?? []) : [op.id])].join(" ");
}

type Named =
  | { readonly kind: "deleteAll"; readonly ids?: readonly string[] | undefined }
  | { readonly kind: "insert" | "replace" | "patch" | "delete"; readonly id: string };

/** Without what the model notes on it. */
function toRequest<R extends object>(op: PendingOp): WriteRequest<R> {
  // The rows came in as R and were copied by content.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return bare(op) as unknown as WriteRequest<R>;
}

function bare(op: PendingOp): WriteRequest {
  switch (op.kind) {
    case "insert":
    case "replace":
      return { kind: op.kind, id: op.id, row: op.row };
    case "patch":
      return { kind: op.kind, id: op.id, partial: op.partial };
    case "delete":
      return { kind: op.kind, id: op.id };
    case "deleteAll":
      return op.ids === undefined ? { kind: op.kind } : { kind: op.kind, ids: op.ids };
  }
}

function asTyped<R extends object>(rows: ReadonlyMap<string, Row>): ReadonlyMap<string, R> {
  // As above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return rows as unknown as ReadonlyMap<string, R>;
}

function toRows(rows: ReadonlyMap<string, object>): Map<string, Row> {
  return new Map(Array.from(rows, ([id, row]) => [id, toRow(row)]));
}
