import fc from "fast-check";
import {
  type ConditionInput,
  createNoCache,
  type Dio,
  DioramaError,
  Lens,
  memory,
  type MemoryVista,
  type OrderInput,
  type Query,
  type Row,
  seedFromMaster,
  type Source,
  type Vista,
  type WriteRequest,
} from "vantage-diorama";
import { createManualClock, type ManualClock } from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { evaluate } from "../../src/query/index.ts";
import { equalRows } from "../../src/record/index.ts";
import { type CacheKind, Oracle } from "../../src/testing/oracle.ts";
import type { Fate } from "../../src/testing/oracle-ops.ts";
import { runs } from "../properties/runs.ts";
import { OpenSceneries } from "./model-sceneries.ts";
import { settle, wholeOnly } from "./setup.ts";

// Random sequences of everything that can happen to a Dio, through its public API; beside it an oracle of maps
// and lists. After each step everything has settled.

const IDS = ["a", "b", "c", "d", "__proto__"];
const id = fc.constantFrom(...IDS);
const category = fc.constantFrom("tarts", "buns", "Tea");
const price = fc.constantFrom(1, 2, 3, null);
const cells = fc.record({ category, price });
const partial = fc.record({ category, price }, { requiredKeys: [] });

const conditions: fc.Arbitrary<readonly ConditionInput[]> = fc.array(
  fc.oneof(
    category.map((value): ConditionInput => ["category", "=", value]),
    fc.constantFrom<ConditionInput>(["price", "<", 3], ["price", "is null"], ["category", "contains", "u"]),
    fc.array(id, { minLength: 1, maxLength: 2 }).map((ids): ConditionInput => ["id", "in", ids]),
  ),
  { maxLength: 2 },
);
const order = fc.array(fc.constantFrom<OrderInput>(["price", "desc"], ["category", "asc"], ["id", "desc"]), {
  maxLength: 2,
});
const query = fc.record({ conditions, order, search: fc.constantFrom("", "", "t", "B") });
type Asked = typeof query extends fc.Arbitrary<infer T> ? T : never;

const request: fc.Arbitrary<WriteRequest> = fc.oneof(
  fc.record({ kind: fc.constantFrom("insert", "replace"), id, row: cells }),
  fc.record({ kind: fc.constant("patch"), id, partial }),
  fc.record({ kind: fc.constant("delete"), id }),
);

type Shape = "list" | "page" | "window" | "count" | "walk" | "first";

const shape = fc.constantFrom<Shape>("list", "page", "window", "count", "walk", "first");
const simple = fc.constantFrom(
  "refresh",
  "failed refresh",
  "invalidate all",
  "invalidated",
  "time",
  "clear",
  "delete all",
);
const command = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("write"), request, handle: fc.boolean() }), weight: 8 },
  {
    arbitrary: fc.record({
      do: fc.constant("burst"),
      requests: fc.array(request, { minLength: 2, maxLength: 5 }),
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ do: fc.constant("delete where"), query }), weight: 1 },
  {
    arbitrary: fc.record({ do: fc.constant("fail"), fate: fc.constantFrom<Fate>("down", "down", "refused") }),
    weight: 4,
  },
  { arbitrary: fc.record({ do: fc.constant("read"), query, shape }), weight: 8 },
  { arbitrary: fc.record({ do: fc.constant("get"), id }), weight: 4 },
  {
    arbitrary: fc.record({ do: fc.constant("upstream"), id, row: fc.option(cells, { nil: undefined }) }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ do: fc.constant("event"), id, row: fc.option(cells, { nil: undefined }) }),
    weight: 3,
  },
  { arbitrary: fc.record({ do: fc.constant("told"), id }), weight: 2 },
  {
    arbitrary: fc.record({ do: fc.constant("cache"), id, row: fc.option(cells, { nil: undefined }) }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      do: fc.constant("replace all"),
      rows: fc.array(fc.tuple(id, cells), { maxLength: 3 }),
    }),
    weight: 1,
  },
  { arbitrary: fc.record({ do: fc.constant("invalidate"), id }), weight: 2 },
  { arbitrary: fc.record({ do: simple }), weight: 4 },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const capabilities = fc.constantFrom(
  {},
  wholeOnly,
  { ...wholeOnly, canMatch: true },
  { canOrder: false, canSearch: false },
);
const setting = fc.record({
  cache: fc.constantFrom<CacheKind>("complete", "complete", "incomplete", "incomplete", "filled", "none"),
  capabilities,
  rows: fc.uniqueArray(fc.tuple(id, cells), { selector: ([each]) => each, maxLength: 4 }),
});
type Setting = (typeof setting extends fc.Arbitrary<infer T> ? T : never) & {
  /** Sceneries are open over a complete cache. */
  readonly isShown?: true;
};
// Of a master that is only ever read whole: what a Scenery needs is always everything.
const shownSetting = setting.map((given): Setting => ({
  ...given,
  cache: "complete",
  capabilities: wholeOnly,
  isShown: true,
}));

const withId = (key: string, row: object): Row => ({ id: key, ...row });

/** One Dio, its backend and its oracle. */
class Play {
  readonly oracle: Oracle;
  readonly dio: Dio;
  readonly #lens: Lens;
  readonly #backend: MemoryVista<Row>;
  readonly #clock: ManualClock;
  /** What the backend answers its next writes and reads with. */
  readonly #faults: { readonly writes: Fate[]; read: boolean };
  /** The visible rows as a subscriber of the events knows them. */
  #replica = new Map<string, Row>();
  #lastSeq = 0;
  #sceneries: OpenSceneries | undefined;
  #seen = new Map<string, Row>();

  private constructor(parts: {
    oracle: Oracle;
    dio: Dio;
    lens: Lens;
    backend: MemoryVista<Row>;
    clock: ManualClock;
    faults: { writes: Fate[]; read: boolean };
  }) {
    this.oracle = parts.oracle;
    this.dio = parts.dio;
    this.#lens = parts.lens;
    this.#backend = parts.backend;
    this.#clock = parts.clock;
    this.#faults = parts.faults;
  }

  static async open({ cache, capabilities: claims, rows, isShown }: Setting): Promise<Play> {
    const given = new Map(rows.map(([key, row]) => [key, withId(key, row)]));
    const backend = memory<Row>("products", {
      id: "id",
      columns: { id: "text", category: "text", price: "number" },
      rows: given,
      capabilities: claims,
    });
    const clock = createManualClock();
    const faults: { writes: Fate[]; read: boolean } = { writes: [], read: false };
    let builder = Lens.builder().clock(clock);
    if (cache === "complete") builder = builder.onStart(seedFromMaster);
    if (cache === "filled") {
      builder = builder.onQuery(async (each, asked) => {
        await each.cache.insertAll(evaluate(await each.master.list(), asked, undefined));
      });
    }
    if (cache === "none") builder = builder.cacheSource(createNoCache());
    const lens = await builder.build();
    const dio = await lens.makeDio<Row>(withFaults(backend.source, faults));
    const oracle = new Oracle(cache, backend.capabilities, given);
    const play = new Play({ oracle, dio, lens, backend, clock, faults });
    await play.#follow();
    if (isShown === true) {
      play.#sceneries = await OpenSceneries.open(dio);
      const sceneries = play.#sceneries;
      oracle.looksAt = (each) => sceneries.looksAt(each, oracle);
    }
    return play;
  }

  async close(): Promise<void> {
    const closed = this.#lens.close({ drain: 0 });
    await this.#clock.advance(60_000);
    await closed;
  }

  async step(next: Command): Promise<void> {
    await this.#do(next);
    await this.#settle();
    // Dead letters are given up at once and one by one, so that there is one order of things.
    for (let left = 50; left > 0; left--) {
      const [letter] = this.dio.writes.failed();
      if (letter === undefined) break;
      await this.dio.writes.discard(letter.op.opId);
      await this.#settle();
      this.oracle.queue.discard();
    }
    await this.#check();
  }

  async #settle(): Promise<void> {
    await settle(8);
  }

  // oxlint-disable-next-line complexity -- a list of commands
  async #do(next: Command): Promise<void> {
    const { dio, oracle } = this;
    switch (next.do) {
      case "write":
        return this.#write(toRequest(next.request), next.handle);
      case "burst":
        return this.#writeTogether(next.requests.map(toRequest));
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
        this.#faults.writes.push(next.fate);
        oracle.queue.fates.push(next.fate);
        return;
      case "read":
        return this.#read(next.query, next.shape);
      case "get":
        expect(await dio.vista().get(next.id)).toEqual(oracle.get(next.id));
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
      case "replace all":
        await dio.cache.replaceAll(new Map(next.rows.map(([key, row]) => [key, withId(key, row)])));
        for (const key of Array.from(oracle.held.keys())) oracle.hold(key, undefined);
        for (const [key, row] of next.rows) oracle.hold(key, withId(key, row));
        return;
      case "invalidate":
        await dio.invalidateRecord(next.id);
        oracle.invalidate(next.id);
        return;
      default:
        return this.#doSimple(next.do);
    }
  }

  async #doSimple(what: typeof simple extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    const { dio, oracle } = this;
    switch (what) {
      case "refresh":
        await dio.refresh();
        return oracle.refresh();
      case "failed refresh": {
        // An incomplete cache asks the master for nothing.
        this.#faults.read = oracle.isComplete;
        const code = await dio.refresh().then(() => "none", codeOf);
        expect(code).toBe(oracle.isComplete ? "unavailable" : "none");
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
        await this.#clock.advance(3_600_000);
        return oracle.queue.pass();
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
      ? codeOfCall(() => this.dio.submit(given))
      : await queue(this.dio.vista(), given).then(() => "none", codeOf);
    expect([given, code]).toEqual([given, refusal ?? "none"]);
  }

  /** Calls of one stretch, none of them awaited. */
  async #writeTogether(requests: readonly WriteRequest[]): Promise<void> {
    const vista = this.dio.vista();
    const writes = requests.map((given) => queue(vista, given).then(() => "none", codeOf));
    const refusals = requests.map((given) => this.oracle.write(given, false) ?? "none");
    this.oracle.queue.pump();
    expect(await Promise.all(writes)).toEqual(refusals);
  }

  async #read(asked: Asked, how: Shape): Promise<void> {
    // Which rows a page of an unordered query holds is the source's business.
    const isPart = asked.order.length === 0 && how !== "list" && how !== "count";
    const narrowed = this.#narrowed(isPart ? { ...asked, order: [["id", "asc"]] } : asked);
    const { query: whole } = narrowed;
    // What is stale is renewed behind the first step of a walk, and shows in the second.
    switch (how === "walk" && this.oracle.hasStale ? "list" : how) {
      case "list":
        same(await narrowed.list(), this.oracle.read(whole), whole);
        return;
      case "page": {
        const page = await narrowed.fetchPage(2, 2);
        same(page.rows, this.oracle.read(whole, { offset: 2, limit: 2 }), whole);
        return;
      }
      case "window": {
        const page = await narrowed.fetchWindow(1, 3);
        same(page.rows, this.oracle.read(whole, { offset: 1, limit: 3 }), whole);
        return;
      }
      case "count":
        expect(await narrowed.count()).toBe(this.oracle.count(whole));
        return;
      case "first": {
        const first = await narrowed.first();
        same(
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
          await this.#settle();
        } while (token !== undefined);
        same(met, this.oracle.read(whole), whole);
      }
    }
  }

  #narrowed({ conditions: given, order: terms, search }: Asked): Vista {
    return this.dio.vista().where(given).orderBy(terms).search(search);
  }

  /** Follows the events as a view would. */
  async #follow(): Promise<void> {
    const { dio } = this;
    this.#replica = await dio.cache.list();
    this.#lastSeq = dio.diagnostics().events.lastSeq;
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
  }

  async #check(): Promise<void> {
    const { dio, oracle } = this;
    const shown = await dio.cache.list();
    expect(sorted(shown)).toEqual(sorted(oracle.shown()));
    expect(await dio.cache.count()).toBe(shown.size);
    expect(dio.cache.complete).toBe(oracle.isComplete);
    for (const key of IDS) expect([key, await dio.cache.confirmed(key)]).toEqual([key, oracle.held.get(key)]);
    expect(dio.writes.pending().map(({ op }) => op.kind)).toEqual(oracle.pending.map(({ kind }) => kind));
    expect(this.#backend.source.rows).toEqual(oracle.up);
    expect(sorted(this.#replica)).toEqual(sorted(shown));
    // Same content is the same object.
    for (const [key, row] of shown) {
      const before = this.#seen.get(key);
      if (before !== undefined && equalRows(before, row)) expect(row).toBe(before);
    }
    this.#seen = shown;
    this.#sceneries?.check(oracle);
    expect(dio.diagnostics().events.lastSeq).toBeGreaterThanOrEqual(this.#lastSeq);
    expect(dio.diagnostics().reads).toEqual({ flights: 0, refreshing: false, seeding: false });
  }
}

/** The backend's own rows and methods, with the next calls failing as told. */
function withFaults(source: Source<Row>, faults: { readonly writes: Fate[]; read: boolean }): Source<Row> {
  const failWrite = (): void => {
    const fate = faults.writes.shift();
    if (fate !== undefined) throw new DioramaError(fate === "down" ? "unavailable" : "rejected", "made up");
  };
  return new Proxy(source, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given: readonly unknown[]): unknown => {
        if (name === "read" && faults.read) {
          faults.read = false;
          throw new DioramaError("unavailable", "made up");
        }
        if (["insert", "replace", "patch", "delete", "deleteAll"].includes(String(name))) {
          try {
            failWrite();
          } catch (error) {
            return Promise.reject(error as Error);
          }
        }
        return Reflect.apply(value, target, given) as unknown;
      };
    },
  });
}

function toRequest(given: WriteRequest): WriteRequest {
  return given.kind === "insert" || given.kind === "replace"
    ? { ...given, row: withId(given.id, given.row) }
    : given;
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

function codeOf(error: unknown): string {
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
function same(
  found: ReadonlyMap<string, Row>,
  expected: readonly (readonly [string, Row])[],
  whole: Query,
): void {
  if (whole.order.length > 0) expect([...found]).toEqual(expected);
  else expect(sorted(found)).toEqual(sorted(new Map(expected)));
}

const onceFailed: [Setting, Command[]][] = [
  // Letters are given up in their order, and each has what was parked behind it sent before the next one goes.
  [
    { cache: "incomplete", capabilities: {}, rows: [] },
    [
      { do: "fail", fate: "refused" },
      { do: "fail", fate: "refused" },
      { do: "fail", fate: "refused" },
      {
        do: "burst",
        requests: [
          { kind: "patch", id: "c", partial: {} },
          { kind: "delete", id: "d" },
          { kind: "insert", id: "d", row: { category: "tarts", price: 1 } },
          { kind: "insert", id: "c", row: { category: "tarts", price: 1 } },
        ],
      },
    ],
  ],
  // A row that was declared out of date while its deletion was being tried is read again.
  [
    { cache: "complete", capabilities: {}, rows: [] },
    [
      { do: "event", id: "b", row: { category: "tarts", price: 1 } },
      { do: "fail", fate: "down" },
      { do: "delete where", query: { conditions: [], order: [], search: "B" } },
      { do: "invalidate", id: "b" },
      { do: "time" },
      { do: "upstream", id: "b", row: { category: "tarts", price: 1 } },
      { do: "read", query: { conditions: [], order: [], search: "" }, shape: "list" },
    ],
  ],
];

async function playAll(given: Setting, commands: readonly Command[]): Promise<void> {
  const play = await Play.open(given);
  try {
    for (const next of commands) await play.step(next);
  } finally {
    await play.close();
  }
}

test(
  "D39 D40 D44 D45 D46 what Sceneries show is what maps and lists hold, and each change of it is told",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(shownSetting, fc.array(command, { maxLength: 40, size: "max" }), playAll),
      runs(300),
    );
  },
);

test(
  "D1 D3 D4 D21 D22 D23 D24 D26 D27 D30 a Dio does what maps and lists do",
  { timeout: 120_000 },
  async () => {
    await fc.assert(fc.asyncProperty(setting, fc.array(command, { maxLength: 40, size: "max" }), playAll), {
      ...runs(500),
      examples: onceFailed,
    });
  },
);
