import fc from "fast-check";
import { expect, test } from "vitest";
import { NaiveView, PlainRows } from "./naive-views.ts";
import { runs } from "../properties/runs.ts";
import {
  and,
  condition,
  everything,
  hasId,
  isNull,
  isNotNull,
  narrow,
  not,
  or,
  type OrderInput,
  orderedBy,
  type Query,
  searching,
} from "../../src/query/index.ts";
import { compareValues, type Row, type Value } from "../../src/record/index.ts";
import { createRandom } from "../../src/testing/index.ts";
import { createAggregate } from "../../src/views/aggregate-rows.ts";
import type { RowChange } from "../../src/views/row-change.ts";
import type { AggregateSpec, AggregateView, OrderedView, ViewEffect } from "../../src/views/view-contract.ts";
import { ViewSet } from "../../src/views/view-set.ts";

// Few columns and few values, so that rows meet the conditions and each other.

const cells: readonly Value[] = [
  0,
  1,
  1n,
  2,
  -0,
  NaN,
  "a",
  "A",
  "ab",
  "ΟΔΟΣ",
  "οδος",
  true,
  null,
  [1],
  [1n],
  { x: 1 },
  new Date(5),
];
/** Rows are taken from so many, so that some come back as the same object. */
const POOL = 12;
/** So many different queries, so that views are shared, and asked for again. */
const QUERIES = 4;
const ids = Array.from({ length: 12 }, (_, at) => `r${at}`);
const cell = fc.constantFrom(...cells);
const row: fc.Arbitrary<Row> = fc.record(
  {
    a: cell,
    b: fc.constantFrom(1, 2, 3, null),
    t: fc.constantFrom("tart", "Tarte", "art", "x"),
    n: fc.record({ x: fc.constantFrom(1, 1n, 2) }),
  },
  { requiredKeys: ["b"] },
);
const conditions = fc.constantFrom(
  [],
  [],
  [condition("a", "=", 1)],
  [condition("a", "=", "a")],
  [condition("a", "=", [1n])],
  [condition("a", "=", new Date(5))],
  [condition("a", "in", [1n, "a", 7])],
  [condition("a", "in", [])],
  [condition("n.x", "=", 1), condition("b", ">", 1)],
  [and(condition("b", "=", 2), not(condition("a", "=", 1)))],
  [condition("b", "=", 2)],
  [condition("b", ">=", 2)],
  [or(condition("a", "=", 1), condition("b", "=", 3))],
  [not(condition("b", "=", 2))],
  [isNull("a")],
  [isNotNull("b")],
  [hasId("r1", "r2", "r5")],
);
const orders = fc.constantFrom<readonly OrderInput[]>(
  [],
  ["b"],
  [["b", "desc"]],
  ["a", ["b", "desc"]],
  ["t", "a"],
  [{ column: "b", nulls: "first" }],
);
const query: fc.Arbitrary<Query> = fc
  .tuple(
    conditions,
    orders,
    fc.constantFrom(undefined, undefined, "a", "ar", "tar", "TART", "σ", "ΔΟΣ", "δος"),
  )
  .map(([where, order, search]) => searching(orderedBy(narrow(everything, ...where), ...order), search));
const spec: fc.Arbitrary<AggregateSpec> = fc.constantFrom(
  { kind: "count" },
  { kind: "count", groupBy: "b" },
  { kind: "sum", column: "b" },
  { kind: "min", column: "b", groupBy: "t" },
  { kind: "max", column: "b" },
  { kind: "distinct", column: "a" },
);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("change" as const),
      changes: fc.uniqueArray(
        fc.tuple(fc.constantFrom(...ids), fc.option(fc.nat(POOL - 1), { nil: undefined })),
        { minLength: 1, maxLength: 3, selector: ([id]) => id },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("bulk" as const), seed: fc.nat() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("publish" as const),
      touched: fc.subarray(ids, { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("reset" as const, "touchAll" as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("open" as const), which: fc.nat(QUERIES - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("aggregate" as const), which: fc.nat(QUERIES - 1), spec }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), at: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("sweep" as const), laterMs: fc.constantFrom(1, 70_000) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface OpenView {
  readonly view: OrderedView;
  readonly naive: NaiveView;
  readonly told: ViewEffect[];
  readonly isHeard: boolean;
  /** A reset may be told: the view has not been read and published since it was. */
  mayReset: boolean;
  isRead: boolean;
  /** It has been there since the publication began. */
  isExact: boolean;
}

interface Setting {
  readonly pool: readonly Row[];
  readonly searchColumns: readonly string[] | undefined;
  readonly queries: readonly Query[];
  /** Of the rows that are there at the start. */
  readonly count: number;
}

interface OpenAggregate {
  readonly view: AggregateView;
  readonly query: Query;
  readonly spec: AggregateSpec;
}

/** A view set over rows, with everything that is open on it, and the same from scratch. */
class World {
  readonly rows = new PlainRows();
  readonly #pool: readonly Row[];
  readonly #searchColumns: readonly string[] | undefined;
  readonly #steps: (() => boolean)[] = [];
  readonly #views: ViewSet;
  readonly #open: OpenView[] = [];
  readonly #aggregates: OpenAggregate[] = [];
  readonly #queries: readonly Query[];
  #nowMs = 0;

  constructor({ pool, searchColumns, queries, count }: Setting) {
    this.#pool = pool;
    this.#searchColumns = searchColumns;
    this.#queries = queries;
    for (let at = 0; at < count; at++) this.rows.set(`k${at}`, pool[(at * 7) % POOL]);
    this.#views = new ViewSet(this.rows, {
      searchColumns: () => searchColumns,
      schedule: (work) => this.#steps.push(work),
    });
  }

  take(one: Step): void {
    switch (one.kind) {
      case "change":
        return this.#change(
          one.changes.map(([id, at]) => [id, at === undefined ? undefined : this.#pool[at]]),
        );
      case "bulk":
        return this.#change(this.#bulk(one.seed));
      case "publish":
        return this.#publish(one.touched);
      case "touchAll":
        return this.#publish(undefined);
      case "reset":
        return this.#reset();
      case "open":
        return this.#openView(this.#query(one.which));
      case "aggregate":
        return this.#openAggregate(this.#query(one.which), one.spec);
      case "release":
        return this.#release(one.at);
      case "sweep":
        this.#nowMs += one.laterMs;
        this.#views.sweep(this.#nowMs);
    }
  }

  check(): void {
    const work = this.#steps.shift();
    if (work?.() === true) this.#steps.push(work);
    for (const open of this.#open) {
      checkOrder(open.view, open.naive, this.rows);
      open.isRead = true;
    }
    for (const { view, query: of, spec: kept } of this.#aggregates) {
      const entries = new NaiveView(this.rows, of, this.#searchColumns).entries();
      const twin = createAggregate(kept, () => entries);
      expect(view.value).toEqual(twin.value);
      expect(byKey(view.groups)).toEqual(byKey(twin.groups));
    }
  }

  end(): void {
    this.#publish([]);
    for (const { view } of [...this.#open, ...this.#aggregates]) view.release();
    this.#views.sweep(this.#nowMs);
    this.#views.sweep(this.#nowMs + 100_000);
    expect(this.#views.size).toBe(0);
  }

  #change(wanted: readonly (readonly [string, Row | undefined])[]): void {
    const changes: RowChange[] = [];
    for (const [id, after] of wanted) {
      const before = this.rows.get(id);
      if (before !== after) changes.push({ id, before, after });
      this.rows.set(id, after);
    }
    this.#views.apply(changes);
    for (const { naive } of this.#open) naive.look();
  }

  #bulk(seed: number): (readonly [string, Row | undefined])[] {
    const random = createRandom(seed);
    const many = random
      .shuffle(Array.from({ length: 300 }, (_, at) => `k${at}`))
      .slice(0, random.integer(80, 250));
    const isMostlyUpdates = random.chance(0.5);
    return many.map((id) => [
      id,
      random.chance(0.2) && !isMostlyUpdates ? undefined : random.pick(this.#pool),
    ]);
  }

  #publish(touched: readonly string[] | undefined): void {
    this.#views.notify(touched);
    for (const open of this.#open) {
      const heard = open.told.splice(0);
      if (open.isHeard) expect(open.naive.publish(heard, touched, open)).toBeUndefined();
      if (open.isRead) open.mayReset = false;
      open.isExact = true;
    }
  }

  #reset(): void {
    const kept = [...this.rows.entries()].filter((_, at) => at % 3 > 0).toReversed();
    this.rows.clear();
    for (const [id, one] of kept) this.rows.set(id, one);
    this.#views.reset();
    for (const open of this.#open) {
      open.naive.look();
      open.mayReset = true;
      open.isRead = false;
    }
  }

  /** In the middle of a publication too, where it then only hears of the rest. */
  #openView(of: Query): void {
    const view = this.#views.openOrdered(of);
    const told: ViewEffect[] = [];
    const isHeard = this.#open.length % 3 < 2;
    if (isHeard) view.subscribe((effect) => told.push(effect));
    const naive = new NaiveView(this.rows, of, this.#searchColumns);
    // It may share a view that was reset and not read since.
    this.#open.push({ view, naive, told, isHeard, mayReset: true, isRead: false, isExact: false });
  }

  #openAggregate(of: Query, kept: AggregateSpec): void {
    this.#aggregates.push({ view: this.#views.openAggregate(of, kept), query: of, spec: kept });
  }

  #query(which: number): Query {
    return this.#queries[which] ?? everything;
  }

  #release(at: number): void {
    const all = [...this.#open, ...this.#aggregates];
    const one = all[at % Math.max(1, all.length)];
    if (one === undefined) return;
    one.view.release();
    one.view.release();
    if ("naive" in one) this.#open.splice(this.#open.indexOf(one), 1);
    else this.#aggregates.splice(this.#aggregates.indexOf(one), 1);
  }
}

function checkOrder(view: OrderedView, naive: NaiveView, rows: PlainRows): void {
  const expected = naive.entries().map(([id]) => id);
  expect(view.count).toBe(expected.length);
  expect(view.prepared).toBeLessThanOrEqual(expected.length);
  expect(view.idAt(0)).toBe(expected[0]);
  if (view.prepared < view.count) {
    // Read whole only now and then, so that orders under way see changes too.
    expect(view.idsBetween(0, 5)).toEqual(expected.slice(0, 5));
    if (rows.count % 3 > 0) return;
  }
  expect(view.idsBetween(0, Infinity)).toEqual(expected);
  expect(view.idAt(expected.length)).toBeUndefined();
  for (const id of ["r1", "r5", "k3", "k250"]) expect(view.rankOf(id)).toBe(expected.indexOf(id));
}

function byKey(groups: ReadonlyMap<Value, unknown>): unknown[] {
  return [...groups].sort(([a], [b]) => compareValues(a, b));
}

function property(counts: fc.Arbitrary<number>, length: number): fc.IProperty<unknown> {
  const setting: fc.Arbitrary<Setting> = fc.record({
    pool: fc.array(row, { minLength: POOL, maxLength: POOL }),
    searchColumns: fc.constantFrom(undefined, ["t"], ["t", "a"]),
    queries: fc.array(query, { minLength: QUERIES, maxLength: QUERIES }),
    count: counts,
  });
  const steps = fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: length, size: "max" });
  return fc.property(setting, steps, (start, all) => {
    const world = new World(start);
    for (const [one, isRead] of all) {
      world.take(one);
      if (isRead) world.check();
    }
    world.check();
    world.end();
  });
}

test("I20 I21 I22 I23 I24 I25 I26 I27 whatever happens, every view is what it would be from scratch, and tells what changed", () => {
  fc.assert(property(fc.constantFrom(0, 3, 30), 60), runs(400));
});

test("I20 I22 I24 the same where orders are prepared in steps", () => {
  fc.assert(property(fc.constant(1_500), 40), runs(30));
});
