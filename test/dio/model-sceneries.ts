import type { Dio, RecordScenery, Row, RowStatus, TableScenery, ValueScenery } from "vantage-diorama";
import { evaluate, everything, narrow, orderedBy, toCondition, toOrder } from "../../src/query/index.ts";
import type { Oracle } from "../../src/testing/oracle.ts";
import { same } from "./model-same.ts";

const WATCHED = "a";
const narrowing = ["price", "<", 3] as const;
const query = orderedBy(narrow(everything, toCondition(narrowing, {})), toOrder(["price", "desc"], {}));

interface ShownRow {
  readonly id: string;
  readonly row: Row;
  readonly status: RowStatus;
}

interface Known {
  table: readonly (ShownRow | undefined)[];
  window: readonly (ShownRow | undefined)[];
  record: Pick<RecordScenery, "row" | "status">;
  groups: readonly (readonly [string, unknown])[];
}

/** One Scenery of each kind, and what somebody knows of them who reads only when they tell. */
export class OpenSceneries {
  readonly #table: TableScenery;
  readonly #window: TableScenery;
  readonly #record: RecordScenery;
  readonly #groups: ValueScenery<ReadonlyMap<unknown, unknown>>;
  readonly #known: Known;

  private constructor(parts: {
    table: TableScenery;
    window: TableScenery;
    record: RecordScenery;
    groups: ValueScenery<ReadonlyMap<unknown, unknown>>;
  }) {
    this.#table = parts.table;
    this.#window = parts.window;
    this.#record = parts.record;
    this.#groups = parts.groups;
    this.#window.setViewport(1, 3);
    this.#known = this.#read();
    this.#table.subscribe(() => (this.#known.table = this.#read().table));
    this.#window.subscribe(() => (this.#known.window = this.#read().window));
    this.#record.subscribe(() => (this.#known.record = this.#read().record));
    this.#groups.subscribe(() => (this.#known.groups = this.#read().groups));
  }

  static async open(dio: Dio): Promise<OpenSceneries> {
    const options = { where: narrowing, orderBy: ["price", "desc"] } as const;
    return new OpenSceneries({
      table: await dio.tableScenery(options).open(),
      window: await dio.tableScenery(options).open(),
      record: await dio.recordScenery(WATCHED).open(),
      groups: await dio.valueScenery({ groupBy: "category" }).sum("price").open(),
    });
  }

  /** The record does, or the table. */
  looksAt(id: string, oracle: Oracle): boolean {
    const row = oracle.visible(id);
    return id === WATCHED || (row !== undefined && evaluate([[id, row]], query, undefined).length > 0);
  }

  /** After everything has settled. */
  check(oracle: Oracle): void {
    const rows = evaluate(oracle.shown(), query, undefined);
    const expected = rows.map(([id, row]) => ({ id, row, status: statusOf(id, oracle) }));
    const now = this.#read();
    same(
      "a table",
      now.table.map((each) => each && pick(each)),
      expected,
    );
    same("its row count", this.#table.rowCount, rows.length);
    same(
      "a window",
      now.window.map((each) => each && pick(each)),
      expected.slice(1, 3),
    );
    const watched = oracle.visible(WATCHED);
    const status = watched === undefined ? undefined : statusOf(WATCHED, oracle);
    same("a record", now.record, { row: watched, status });
    same("sums by group", now.groups, sorted(sums(oracle.shown())));
    // Whoever was told nothing knows what is shown.
    same("what was told", this.#known, now);
    for (const [place, each] of now.table.entries())
      if (this.#known.table[place]?.row !== each?.row) throw new Error(`row ${place} was not told`);
  }

  #read(): Known {
    return {
      table: this.#table.rows(0, Infinity),
      window: this.#window.rows(1, 3),
      record: { row: this.#record.row, status: this.#record.status },
      groups: sorted(new Map(this.#groups.value)),
    };
  }
}

function pick({ id, row, status }: ShownRow): ShownRow {
  return { id, row, status };
}

function statusOf(id: string, oracle: Oracle): RowStatus {
  if (oracle.isPending(id)) return "pending";
  return oracle.isStale(id) ? "stale" : "fresh";
}

function sums(rows: ReadonlyMap<string, Row>): Map<unknown, number> {
  const found = new Map<unknown, number>();
  for (const row of rows.values()) {
    const group = row["category"] ?? null;
    found.set(group, (found.get(group) ?? 0) + Number(row["price"] ?? 0));
  }
  return found;
}

function sorted(groups: ReadonlyMap<unknown, unknown>): [string, unknown][] {
  const named = [...groups].map(([group, sum]): [string, unknown] => [String(group), sum]);
  return named.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
