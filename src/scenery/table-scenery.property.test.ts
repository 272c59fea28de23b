import { array, assert, asyncProperty, constantFrom, nat, oneof, record, tuple } from "fast-check";
import { expect, test } from "vitest";
import { MapHost, productSchema } from "../../test/scenery/map-host.ts";
import { runs } from "../../test/properties/runs.ts";
import { evaluate, type Query } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import { searchColumnsOf } from "../vista/index.ts";
import { Sceneries } from "./sceneries.ts";
import type { RowStatus } from "./scenery-host.ts";
import type { TableChange } from "./table-change.ts";
import { type TableSceneryOptions, toQuery } from "./table-query.ts";
import type { TableRow } from "./table-row.ts";
import type { TableScenery } from "./table-scenery.ts";

const place = { name: "products", schema: productSchema };

const queries: readonly TableSceneryOptions[] = [
  { orderBy: "price" },
  { orderBy: ["price", "desc"] },
  { orderBy: [["category"], { column: "price", nulls: "first" }] },
  { orderBy: "price", where: ["category", "=", "a"] },
  { orderBy: "name", where: ["price", ">", 2] },
  { orderBy: "price", search: "x" },
];

/** A handle, what it should show, and a copy of its rows that is kept up to date by change sets alone. */
class Watched {
  readonly table: TableScenery;
  readonly host: MapHost;
  query: Query;
  copy: (TableRow | undefined)[] = [];
  changes: TableChange[] = [];
  shownBefore: readonly TableRow[];
  countBefore: number;

  constructor(host: MapHost, table: TableScenery, query: Query) {
    this.host = host;
    this.table = table;
    this.query = query;
    this.shownBefore = this.visible();
    this.countBefore = this.all().length;
    this.copy = [...this.shownBefore];
    table.subscribe((change) => {
      this.changes.push(change);
      this.patch(change);
    });
  }

  /** From scratch. */
  all(): readonly TableRow[] {
    const { host } = this;
    const entries = evaluate(host.rows().entries(), this.query, searchColumnsOf(productSchema));
    return entries.map(([id, row]) => ({ id, row, status: host.status(id) }));
  }

  visible(): readonly TableRow[] {
    const { viewport } = this.table;
    return viewport === undefined ? this.all() : this.all().slice(viewport.start, viewport.end);
  }

  patch({ ranges, reset }: TableChange): void {
    const { table } = this;
    const { start, end } = table.viewport ?? { start: 0, end: Infinity };
    for (const range of reset ? [{ start, end }] : ranges) {
      const first = Math.max(range.start, start);
      const rows = table.rows(first, Math.min(range.end, end));
      const length =
        Math.min(range.end, end) === Infinity ? this.copy.length : Math.min(range.end, end) - first;
      this.copy.splice(first - start, Math.max(length, 0), ...rows);
    }
    const most = Math.max(0, Math.min(end, table.rowCount) - start);
    if (this.copy.length > most) this.copy.length = most;
  }

  checkReads(): void {
    const all = this.all();
    const { table } = this;
    expect(table.rowCount).toBe(all.length);
    expect(table.total).toEqual({ value: all.length, kind: "stated" });
    expect(table.rows(0, Infinity)).toEqual(all);
    expect(table.rows(1, 3)).toEqual(all.slice(1, 3));
    const { start, end } = table.viewport ?? { start: 0, end: 4 };
    expect(table.rows(start, end)).toEqual(all.slice(start, end));
    for (let index = start; index < start + 3; index++) expect(table.row(index)).toEqual(all[index]);
    for (const [index, { id }] of all.entries()) expect(table.indexOf(id)).toBe(index);
  }

  /**
   * After a publication. `mayTellSame`: it was read in the middle of its stretch, or a status was set and set back;
   * then a row that ended as it began may be told to handles without a viewport, which keep no copy to compare with.
   */
  checkChanges(mayTellSame: boolean): void {
    const [before, now] = [this.shownBefore, this.visible()];
    const count = this.all().length;
    const isSame = (a: TableRow | undefined, b: TableRow | undefined): boolean =>
      a?.id === b?.id && a?.row === b?.row && a?.status === b?.status;
    const moved = [...Array(Math.max(before.length, now.length)).keys()].some(
      (at) => !isSame(before[at], now[at]),
    );
    const differs = moved || count !== this.countBefore;
    const isKnown = !mayTellSame || this.table.viewport !== undefined;
    if (differs || isKnown) expect(this.changes.length).toBe(differs ? 1 : 0);
    else expect(this.changes.length).toBeLessThanOrEqual(1);
    expect(this.copy).toEqual(now);
    const [change] = this.changes;
    if (change !== undefined && this.table.viewport !== undefined && !change.reset) {
      const ids = new Set<string>();
      for (const { id } of [...before, ...now]) {
        const [old, fresh] = [before, now].map((rows) => rows.find((row) => row.id === id));
        if (!isSame(old, fresh)) ids.add(id);
      }
      expect([...change.ids].toSorted()).toEqual([...ids].toSorted());
    }
    this.forget();
  }

  forget(): void {
    this.changes = [];
    this.shownBefore = this.visible();
    this.countBefore = this.all().length;
    this.copy = [...this.shownBefore];
  }
}

class Session {
  readonly host: MapHost;
  readonly sceneries: Sceneries;
  readonly watched: Watched[] = [];
  /** Since the last publication. */
  wasRead = false;
  /** Of rows whose status was set since the last publication: what it was then. */
  readonly #statuses = new Map<string, RowStatus>();

  constructor(rows: readonly (readonly [string, Row])[]) {
    this.host = new MapHost(rows);
    this.sceneries = new Sceneries(this.host);
  }

  async open(options: TableSceneryOptions): Promise<void> {
    const table = await this.sceneries.table(options).open();
    this.watched.push(new Watched(this.host, table, toQuery(options, place)));
  }

  at(index: number): Watched | undefined {
    return this.watched[index % this.watched.length];
  }

  publish(): void {
    this.host.publish();
    const wasSetBack = [...this.#statuses].some(([key, before]) => this.host.status(key) === before);
    for (const one of this.watched) one.checkChanges(this.wasRead || wasSetBack);
    this.wasRead = false;
    this.#statuses.clear();
  }

  setStatus(key: string, value: RowStatus): void {
    if (!this.#statuses.has(key)) this.#statuses.set(key, this.host.status(key));
    this.host.setStatus(key, value);
  }

  read(): void {
    this.wasRead = true;
    for (const one of this.watched) one.checkReads();
  }

  async set(one: Watched, options: TableSceneryOptions): Promise<void> {
    this.publish();
    const { table } = one;
    const before = table.generation;
    await Promise.all([
      table.setWhere(options.where),
      table.setSearch(options.search),
      table.setOrder(options.orderBy),
    ]);
    const query = toQuery(options, place);
    const isAnother = JSON.stringify(query) !== JSON.stringify(one.query);
    expect(table.generation - before).toBe(isAnother ? 1 : 0);
    one.query = query;
    expect(one.copy).toEqual(one.visible());
    one.forget();
  }
}

type Step = (session: Session) => void | Promise<void>;

const named = (name: string, step: Step): Step => Object.assign(step, { toString: () => name });
const id = constantFrom(..."abcdefghijkl".split(""));
const status = constantFrom<RowStatus>("fresh", "stale", "pending");
const content = record({
  price: constantFrom(null, 1, 2, 3, 4.5, 7),
  category: constantFrom("a", "b"),
  name: constantFrom("x", "y", "xy"),
});
const which = nat(3);

const steps = oneof(
  {
    weight: 8,
    arbitrary: tuple(id, content).map(([key, cells]) =>
      named(`set(${key}, ${JSON.stringify(cells)})`, ({ host }) => host.set(key, { id: key, ...cells })),
    ),
  },
  {
    weight: 3,
    arbitrary: id.map((key) => named(`remove(${key})`, ({ host }) => host.set(key, undefined))),
  },
  {
    weight: 2,
    arbitrary: tuple(id, status).map(([key, value]) =>
      named(`status(${key}, ${value})`, (session) => {
        const { host } = session;
        if (host.rows().has(key) && host.status(key) !== value) session.setStatus(key, value);
      }),
    ),
  },
  { weight: 5, arbitrary: nat(0).map(() => named("publish", (session) => session.publish())) },
  {
    weight: 4,
    arbitrary: nat(0).map(() => named("read", (session) => session.read())),
  },
  {
    weight: 2,
    arbitrary: tuple(which, nat(8), nat(5)).map(([index, start, size]) =>
      named(`viewport(${index}, ${start}, ${start + size})`, (session) => {
        session.publish();
        const one = session.at(index);
        one?.table.setViewport(start, start + size);
        one?.forget();
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: tuple(which, constantFrom(...queries)).map(([index, options]) =>
      named(`setters(${index}, ${JSON.stringify(options)})`, async (session) => {
        const one = session.at(index);
        if (one !== undefined) await session.set(one, options);
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: array(tuple(id, content), { maxLength: 6 }).map((rows) =>
      named(`replaceAll(${JSON.stringify(rows)})`, (session) => {
        session.publish();
        session.host.replaceAll(rows.map(([key, cells]) => [key, { id: key, ...cells }]));
        session.read();
        session.host.publish();
        session.wasRead = false;
        for (const one of session.watched) {
          expect(one.copy).toEqual(one.visible());
          one.forget();
        }
      }),
    ),
  },
);

test("S3 S4 S5 S7 reads, change sets and ticks equal a recompute after every step", async () => {
  const property = asyncProperty(
    array(tuple(id, content), { maxLength: 10 }),
    array(constantFrom(...queries), { minLength: 1, maxLength: 4 }),
    array(steps, { minLength: 1, maxLength: 40 }),
    async (rows, opened, script) => {
      const session = new Session(rows.map(([key, cells]) => [key, { id: key, ...cells }]));
      for (const options of opened) await session.open(options);
      for (const step of script) await step(session);
      session.publish();
      for (const one of session.watched) one.checkReads();
      session.sceneries.close();
      expect(session.host.listenerCount).toBe(0);
    },
  );
  await assert(property, runs(400));
}, 120_000);
