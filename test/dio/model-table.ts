import {
  type Dio,
  DioramaError,
  type MemoryVista,
  type Query,
  type Row,
  type Vista,
  type WriteHandle,
  type WriteRequest,
} from "vantage-diorama";
import { equalRows } from "../../src/record/index.ts";
import { Oracle } from "../../src/testing/oracle.ts";
import { type Asked, type Command, IDS, type Setting, type Shape, type Simple } from "./model-commands.ts";
import { same } from "./model-same.ts";
import { OpenSceneries } from "./model-sceneries.ts";
import { createBackend, type Faults, toRequest, withId } from "./model-source.ts";
import { settle } from "./turns.ts";

/** One Dio, its backend and its oracle, through all its lives: what happens to it, and what has to be seen then. */
export class ModelTable {
  readonly name: string;
  readonly setting: Setting;
  readonly oracle: Oracle;
  readonly faults: Faults = { writes: [], read: false, taken: new Set() };
  #backend: MemoryVista;
  #dio: Dio | undefined;
  /** The visible rows as a subscriber of the events knows them. */
  #replica = new Map<string, Row>();
  #sceneries: OpenSceneries | undefined;
  #seen = new Map<string, Row>();
  /** Of this life. */
  readonly #handles = new Map<string, WriteHandle>();

  constructor(name: string, setting: Setting) {
    this.name = name;
    this.setting = setting;
    this.#backend = createBackend(name, setting);
    this.oracle = new Oracle(setting.cache, this.#backend.capabilities, this.#backend.source.rows);
  }

  get backend(): MemoryVista {
    return this.#backend;
  }

  get dio(): Dio {
    if (this.#dio === undefined) throw new Error("the Dio is not open");
    return this.#dio;
  }

  /** A life begins: follows the events as a view would. */
  async attach(dio: Dio): Promise<void> {
    const { oracle } = this;
    this.#dio = dio;
    this.#handles.clear();
    this.#seen.clear();
    this.#replica = await dio.cache.list();
    const reread = async (): Promise<void> => {
      this.#replica = await dio.cache.list();
    };
    for (const type of ["recordInserted", "recordChanged", "recordRemoved"] as const) {
      dio.on(type, async (event) => {
        // What was something else in between, or gone, is a new object.
        this.#seen.delete(event.id);
        const row = await dio.cache.get(event.id);
        if (row === undefined) this.#replica.delete(event.id);
        else this.#replica.set(event.id, row);
      });
    }
    dio.on("invalidated", reread);
    if (this.setting.isShown !== true) return;
    const sceneries = await OpenSceneries.open(dio);
    this.#sceneries = sceneries;
    oracle.looksAt = (each) => sceneries.looksAt(each, oracle);
  }

  /** The process has ended: nobody looks any more. */
  detach(): void {
    this.#sceneries = undefined;
    this.oracle.looksAt = undefined;
  }

  submit(request: WriteRequest): WriteHandle {
    const handle = this.dio.submit(request);
    this.#handles.set(handle.opId, handle);
    return handle;
  }

  /** Every write of this life is in the queue's file, or was withdrawn. */
  async staged(): Promise<void> {
    await Promise.allSettled(Array.from(this.#handles.values(), ({ staged }) => staged));
  }

  /** As the oracle says, one that was never sent. */
  async withdraw(place: number): Promise<void> {
    const before = this.dio.writes.pending();
    const op = this.oracle.pending.slice(place).find(({ wasSent, isUnknown }) => !wasSent && !isUnknown);
    const at = op === undefined ? -1 : this.oracle.pending.indexOf(op);
    const handle = this.#handles.get(before[at]?.op.opId ?? "");
    if (op === undefined || handle === undefined) return;
    same("withdrawing", await handle.cancel(), true);
    this.oracle.queue.withdraw(place);
  }

  /** A master with other rows. */
  async reload(rows: Setting["rows"], wrapped: (backend: MemoryVista) => Parameters<Dio["reload"]>[0]) {
    const { setting, oracle } = this;
    this.#backend = createBackend(this.name, { ...setting, rows });
    this.faults.taken.clear();
    await this.dio.reload(wrapped(this.#backend));
    oracle.up.clear();
    for (const [key, row] of this.#backend.source.rows) oracle.up.set(key, row);
    oracle.filled.clear();
    oracle.readAll();
  }

  // oxlint-disable-next-line complexity -- a list of commands
  async do(next: Command): Promise<void> {
    const { dio, oracle } = this;
    switch (next.do) {
      case "write":
        return this.#write(toRequest(next.request), next.handle);
      case "burst":
        return this.#writeTogether(next.requests.map(toRequest));
      case "add": {
        const row = withId(next.id, next.row);
        const refusal = oracle.write({ kind: "insert", id: next.id, row });
        const answer = await dio.vista().add(row).catch(codeOf);
        same("the id of an added row", answer, refusal ?? next.id);
        return;
      }
      case "delete where": {
        const narrowed = this.#narrowed({ ...next.query, order: [] });
        await narrowed.deleteAll();
        if (narrowed.query.conditions.length === 0 && narrowed.query.search === undefined) {
          oracle.write({ kind: "deleteAll" });
          return;
        }
        const ids = oracle.read(narrowed.query).map(([key]) => key);
        if (ids.length > 0) oracle.write({ kind: "deleteAll", ids });
        return;
      }
      case "fail":
        this.faults.writes.push(next.fate);
        oracle.queue.fates.push(next.fate);
        return;
      case "read":
        return this.#read(next.query, next.shape);
      case "get":
        same(`get of ${next.id}`, await dio.vista().get(next.id), oracle.get(next.id));
        return;
      case "upstream":
        if (next.row === undefined) this.#backend.source.remove(next.id);
        else this.#backend.source.set(next.id, withId(next.id, next.row));
        if (next.row === undefined) oracle.up.delete(next.id);
        else oracle.up.set(next.id, withId(next.id, next.row));
        return;
      case "event":
        if (next.row === undefined) await dio.handleEvent({ type: "deleted", id: next.id });
        else await dio.handleEvent({ type: "updated", id: next.id, row: withId(next.id, next.row) });
        oracle.hold(next.id, next.row === undefined ? undefined : withId(next.id, next.row));
        return;
      case "told":
        await dio.handleEvent({ type: "updated", id: next.id });
        oracle.reread(next.id);
        return;
      case "cache":
        if (next.row === undefined) await dio.cache.delete(next.id);
        else await dio.cache.insert(next.id, withId(next.id, next.row));
        oracle.hold(next.id, next.row === undefined ? undefined : withId(next.id, next.row));
        return;
      case "insert all":
      case "replace all": {
        const rows = new Map(next.rows.map(([key, row]) => [key, withId(key, row)]));
        const isAll = next.do === "replace all";
        await (isAll ? dio.cache.replaceAll(rows) : dio.cache.insertAll(rows));
        if (isAll) for (const key of Array.from(oracle.held.keys())) oracle.hold(key, undefined);
        for (const [key, row] of rows) oracle.hold(key, row);
        return;
      }
      case "invalidate":
        await dio.invalidateRecord(next.id);
        oracle.invalidate(next.id);
        return;
      default:
        return this.#doSimple(next.do);
    }
  }

  async #doSimple(what: Simple): Promise<void> {
    const { dio, oracle } = this;
    switch (what) {
      case "refresh":
        await dio.refresh();
        return oracle.refresh();
      case "failed refresh": {
        // An incomplete cache asks the master for nothing.
        this.faults.read = oracle.isComplete;
        const code = await dio.refresh().then(() => "none", codeOf);
        same("a failed refresh", code, oracle.isComplete ? "unavailable" : "none");
        if (!oracle.isComplete) oracle.refresh();
        return;
      }
      case "invalidate all":
        await dio.invalidateAll();
        return oracle.invalidateAll();
      case "invalidated":
        await dio.handleEvent({ type: "invalidated" });
        oracle.invalidateAll();
        return oracle.refresh();
      case "time":
        // Of all Dios at once.
        return;
      case "clear":
        await dio.cache.clear();
        return oracle.clear();
      case "delete all":
        await dio.vista().deleteAll();
        oracle.write({ kind: "deleteAll" });
    }
  }

  async #write(given: WriteRequest, withHandle: boolean): Promise<void> {
    const refusal = this.oracle.write(given);
    const code = withHandle
      ? codeOfCall(() => this.submit(given))
      : await queue(this.dio.vista(), given).then(() => "none", codeOf);
    same(`a write ${JSON.stringify(given)}`, code, refusal ?? "none");
  }

  /** Calls of one stretch, none of them awaited. */
  async #writeTogether(requests: readonly WriteRequest[]): Promise<void> {
    const vista = this.dio.vista();
    const writes = requests.map((given) => queue(vista, given).then(() => "none", codeOf));
    const refusals = requests.map((given) => this.oracle.write(given, false) ?? "none");
    this.oracle.queue.pump();
    same("writes of one stretch", await Promise.all(writes), refusals);
  }

  async #read(asked: Asked, how: Shape): Promise<void> {
    // Which rows a page of an unordered query holds is the source's business.
    const isPart = asked.order.length === 0 && how !== "list" && how !== "count";
    const narrowed = this.#narrowed(isPart ? { ...asked, order: [["id", "asc"]] } : asked);
    const { query: whole } = narrowed;
    // What is stale is renewed behind the first step of a walk, and shows in the second.
    switch (how === "walk" && this.oracle.hasStale ? "list" : how) {
      case "list":
        sameRows(await narrowed.list(), this.oracle.read(whole), whole);
        return;
      case "page": {
        const page = await narrowed.fetchPage(2, 2);
        sameRows(page.rows, this.oracle.read(whole, { offset: 2, limit: 2 }), whole);
        return;
      }
      case "window": {
        const page = await narrowed.fetchWindow(1, 3);
        sameRows(page.rows, this.oracle.read(whole, { offset: 1, limit: 3 }), whole);
        return;
      }
      case "count":
        same("count", await narrowed.count(), this.oracle.count(whole));
        return;
      case "first": {
        const first = await narrowed.first();
        sameRows(
          new Map(first === undefined ? [] : [first]),
          this.oracle.read(whole, { offset: 0, limit: 1 }),
          whole,
        );
        return;
      }
      case "walk": {
        const met = new Map<string, Row>();
        let token: string | undefined;
        do {
          const step = await narrowed.fetchNext(token, 2);
          for (const [key, row] of step.rows) met.set(key, row);
          token = step.token;
          await settle(8);
        } while (token !== undefined);
        sameRows(met, this.oracle.read(whole), whole);
      }
    }
  }

  #narrowed({ conditions: given, order: terms, search }: Asked): Vista {
    return this.dio.vista().where(given).orderBy(terms).search(search);
  }

  async check(): Promise<void> {
    const { dio, oracle } = this;
    const shown = await dio.cache.list();
    same("shown", sorted(shown), sorted(oracle.shown()));
    same("the count", await dio.cache.count(), shown.size);
    same("complete", dio.cache.complete, oracle.isComplete);
    for (const key of IDS) same(`confirmed ${key}`, await dio.cache.confirmed(key), oracle.held.get(key));
    const pending = dio.writes.pending().map(({ op }) => nameOf(op));
    same("pending", pending, oracle.pending.map(nameOf));
    // As many attempts were made: one that is late would miss what comes next.
    same("what the next attempts meet", this.faults.writes, oracle.queue.fates);
    same("the backend", sorted(this.#backend.source.rows), sorted(oracle.up));
    same("what events tell", sorted(this.#replica), sorted(shown));
    // Same content is the same object.
    for (const [key, row] of shown) {
      const before = this.#seen.get(key);
      if (before !== undefined && equalRows(before, row) && row !== before)
        throw new Error(`${key} is another object though it holds the same`);
    }
    this.#seen = shown;
    this.#sceneries?.check(oracle);
    same("reads under way", dio.diagnostics().reads, { flights: 0, refreshing: false, seeding: false });
  }
}

/** Kind and ids: what an op is called. */
export function nameOf(op: WriteRequest): string {
  return `${op.kind} ${op.kind === "deleteAll" ? (op.ids?.toSorted().join("+") ?? "*") : op.id}`;
}

async function queue(vista: Vista, given: WriteRequest): Promise<unknown> {
  switch (given.kind) {
    case "insert":
      return vista.insert(given.id, given.row);
    case "replace":
      return vista.replace(given.id, given.row);
    case "patch":
      return vista.patch(given.id, given.partial);
    case "delete":
      return vista.delete(given.id);
    case "deleteAll":
      return vista.deleteAll();
  }
}

export function codeOf(error: unknown): string {
  return error instanceof DioramaError ? error.code : String(error);
}

function codeOfCall(call: () => unknown): string {
  try {
    call();
    return "none";
  } catch (error) {
    return codeOf(error);
  }
}

function sorted(rows: ReadonlyMap<string, Row>): [string, Row][] {
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The same rows, in the same order where the query gives one. */
function sameRows(
  found: ReadonlyMap<string, Row>,
  expected: readonly (readonly [string, Row])[],
  whole: Query,
): void {
  if (whole.order.length > 0) same("rows", [...found], expected);
  else same("rows", sorted(found), sorted(new Map(expected)));
}
