import { array, assert, asyncProperty, constantFrom, nat, oneof, record, tuple } from "fast-check";
import {
  type Dio,
  Lens,
  memory,
  type RecordScenery,
  seedFromMaster,
  type TableScenery,
} from "vantage-diorama";
import {
  createFaultySource,
  createManualClock,
  type FaultySource,
  type ManualClock,
} from "vantage-diorama/testing";
import { expect, test } from "vitest";
import { evaluate, type Query } from "../../src/query/index.ts";
import type { Row } from "../../src/record/index.ts";
import { toQuery } from "../../src/scenery/table-query.ts";
import { createSchema } from "../../src/vista/index.ts";
import { runs } from "../properties/runs.ts";

interface Tart {
  readonly id: string;
  readonly category: string;
  readonly price: number;
}

const ids = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"];
const ignore = (): undefined => undefined;

const columns = { id: "text", category: "text", price: "number" } as const;
const place = { name: "tarts", schema: createSchema({ id: "id", columns }) };

const tables = [
  { orderBy: ["price", "desc"] },
  { orderBy: ["price"], where: ["category", "=", "a"] },
  { orderBy: [["category"], ["price"]], where: ["price", ">", 2] },
] as const;

/** A table with a copy of its viewport that change sets alone keep up to date. */
interface WatchedTable {
  readonly table: TableScenery<Tart>;
  readonly query: Query;
  readonly viewport: { readonly start: number; readonly end: number } | undefined;
  copy: readonly unknown[];
}

class Session {
  readonly clock: ManualClock = createManualClock();
  readonly source: FaultySource<Tart>;
  readonly backend = memory<Tart>("tarts", { id: "id", columns, rows: [] });
  readonly tables: WatchedTable[] = [];
  readonly records: RecordScenery<Tart>[] = [];
  lens: Lens | undefined;

  constructor() {
    this.source = createFaultySource(this.backend.source, { clock: this.clock });
  }

  async open(rows: readonly Tart[], optimistic: boolean): Promise<Dio<Tart>> {
    for (const row of rows) await this.backend.insert(row.id, row).catch(() => undefined);
    const lens = await Lens.builder()
      .clock(this.clock)
      .onStart(seedFromMaster)
      .optimistic(optimistic)
      .build();
    this.lens = lens;
    const dio = await lens.makeDio<Tart>(this.source);
    for (const [at, options] of tables.entries()) {
      for (const viewport of [undefined, { start: at, end: at + 3 }]) {
        const table = await dio.tableScenery(options).open();
        if (viewport !== undefined) table.setViewport(viewport.start, viewport.end);
        const watched: WatchedTable = { table, viewport, query: toQuery(options, place), copy: [] };
        watched.copy = this.shown(watched);
        table.subscribe((change) => {
          if (viewport === undefined) return;
          const copy = [...watched.copy];
          for (const { start, end } of change.ranges) {
            for (let index = start; index < end; index++) copy[index - viewport.start] = table.row(index);
          }
          watched.copy = copy.filter((row) => row !== undefined);
        });
        this.tables.push(watched);
      }
    }
    for (const key of ids) this.records.push(await dio.recordScenery(key).open());
    return dio;
  }

  shown({ table, viewport }: WatchedTable): readonly unknown[] {
    return viewport === undefined ? table.rows(0, Infinity) : table.rows(viewport.start, viewport.end);
  }

  /** Everything that is read at this moment is one state. */
  check(dio: Dio<Tart>): void {
    const entries = this.records.flatMap(({ id: key, row }) =>
      row === undefined ? [] : [[key, row as unknown as Row] as const],
    );
    const count = dio.valueScenery().count();
    expect(count.value).toBe(entries.length);
    count.close();
    for (const { table, query } of this.tables) {
      const expected = evaluate(entries, query, undefined);
      expect(table.rows(0, Infinity).map((row) => [row?.id, row?.row])).toEqual(expected);
      expect(table.rowCount).toBe(expected.length);
      for (const [index, [id]] of expected.entries()) expect(table.indexOf(id)).toBe(index);
      const matching = expected.map(([, row]) => Number(row["price"]));
      if (query.conditions.length === 0) {
        const total = dio.valueScenery().sum("price");
        expect(total.value).toBe(matching.reduce((sum, price) => sum + price, 0));
        total.close();
      }
    }
  }

  /** A write that waits for its next attempt is given up, on a clock that moves only when told to. */
  async close(): Promise<void> {
    const closed = this.lens?.close({ drain: 0 }).catch(ignore);
    await this.clock.advance(60_000);
    await closed;
  }

  checkCopies(): void {
    for (const watched of this.tables) {
      if (watched.viewport !== undefined) expect(watched.copy).toEqual(this.shown(watched));
    }
  }
}

type Step = (session: Session, dio: Dio<Tart>) => void | Promise<void>;

const named = (name: string, step: Step): Step => Object.assign(step, { toString: () => name });
const id = constantFrom(...ids);
const cells = record({ category: constantFrom("a", "b"), price: nat(6) });

const steps = oneof(
  {
    weight: 3,
    arbitrary: tuple(id, cells).map(([key, row]) =>
      named(`cache.insert(${key}, ${JSON.stringify(row)})`, async (_, dio) => {
        await dio.cache.insert(key, { id: key, ...row });
      }),
    ),
  },
  { weight: 1, arbitrary: id.map((key) => named(`cache.delete(${key})`, (_, dio) => dio.cache.delete(key))) },
  {
    weight: 3,
    arbitrary: tuple(id, cells).map(([key, row]) =>
      named(`replace(${key}, ${JSON.stringify(row)})`, async (_, dio) => {
        await dio
          .vista()
          .replace(key, { id: key, ...row })
          .catch(ignore);
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: tuple(id, nat(6)).map(([key, price]) =>
      named(`patch(${key}, ${price})`, async (_, dio) => {
        await dio.vista().patch(key, { price }).catch(ignore);
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: id.map((key) =>
      named(`delete(${key})`, async (_, dio) => {
        await dio.vista().delete(key).catch(ignore);
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: tuple(id, cells).map(([key, row]) =>
      named(`upstream(${key}, ${JSON.stringify(row)})`, async ({ backend }, dio) => {
        await backend.replace(key, { id: key, ...row });
        await dio.handleEvent({ type: "updated", id: key, row: { id: key, ...row } }).catch(ignore);
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: nat(0).map(() => named("refresh", (_, dio) => dio.refresh().catch(ignore))),
  },
  {
    weight: 1,
    arbitrary: nat(0).map(() => named("invalidateAll", async (_, dio) => void dio.invalidateAll())),
  },
  {
    weight: 1,
    arbitrary: nat(2).map((times) =>
      named(`fail ${times} writes`, ({ source }) => source.failNext("replace", new TypeError("no"), times)),
    ),
  },
  { weight: 3, arbitrary: nat(3_000).map((ms) => named(`${ms} ms`, ({ clock }) => clock.advance(ms))) },
);

test("S3 S5 S12 S15 over a Dio with writes, failures and refreshes, all that is read at any moment is one state", async () => {
  const property = asyncProperty(
    array(tuple(id, cells), { maxLength: 8 }),
    constantFrom(true, false),
    array(steps, { minLength: 1, maxLength: 25 }),
    async (rows, optimistic, script) => {
      const session = new Session();
      const dio = await session.open(
        rows.map(([key, row]) => ({ id: key, ...row })),
        optimistic,
      );
      for (const step of script) {
        await step(session, dio);
        session.check(dio);
        // What is under way in this stretch is read already, and told at its end.
        await session.clock.advance(0);
        session.checkCopies();
      }
      await session.close();
      for (const { table } of session.tables)
        expect([table.rowCount, table.state.kind]).toEqual([0, "error"]);
    },
  );
  await assert(property, runs(60));
}, 120_000);
