import {
  type ConditionInput,
  type Dio,
  not,
  or,
  type OrderInput,
  type Row,
  type Schema,
} from "vantage-diorama";
import type { TableRow, TableScenery } from "vantage-diorama";
import type { Random } from "vantage-diorama/testing";
import { evaluate, type Query, toCondition, toOrder } from "../../src/query/index.ts";
import { searchColumnsOf } from "../../src/vista/index.ts";

const orders: readonly (readonly OrderInput[])[] = [
  [],
  ["a"],
  [["a", "desc"]],
  [{ column: "a", nulls: "first" }],
  [["b", "desc"], ["a"]],
  ["c", ["b", "desc"], { column: "a", direction: "desc", nulls: "first" }],
  ["t", "c"],
];
const narrowings: readonly (readonly ConditionInput[])[] = [
  [],
  [["c", "=", "tarts"]],
  [["c", "in", ["buns", "pies"]]],
  [
    ["b", ">", 3],
    ["b", "<=", 7],
  ],
  [or(["c", "=", "tarts"], ["b", "is null"])],
  [not(["a", "=", 1])],
  [["a", "is not null"]],
  [["a", "in", [1, "a", 2n ** 53n + 1n]]],
];
const searches = ["", "an", "ana", "BAN", "σ"];

type Choice = Readonly<{
  orderBy: readonly OrderInput[];
  where: readonly ConditionInput[];
  search: string;
}>;

/** A live table with a copy of what it shows, which follows its change sets alone. */
export class LiveTable {
  readonly #table: TableScenery;
  readonly #schema: Schema;
  #choice: Choice;
  #painted: (TableRow | undefined)[];

  private constructor(dio: Dio, table: TableScenery, choice: Choice) {
    this.#schema = dio.schema;
    this.#table = table;
    this.#choice = choice;
    this.#painted = [...this.#shown()];
    table.subscribe(({ reset, ranges }) => this.#paint(reset ? [{ start: 0, end: Infinity }] : ranges));
  }

  static async open(dio: Dio, random: Random): Promise<LiveTable> {
    const choice = {
      orderBy: random.pick(orders),
      where: random.pick(narrowings),
      search: random.pick(searches),
    };
    const table = await dio.tableScenery(choice).open();
    if (random.chance(0.7)) table.setViewport(...viewport(random));
    return new LiveTable(dio, table, choice);
  }

  close(): void {
    this.#table.close();
  }

  async alter(random: Random): Promise<void> {
    const [orderBy, where, search] = [random.pick(orders), random.pick(narrowings), random.pick(searches)];
    switch (random.integer(0, 3)) {
      case 0:
        this.#choice = { ...this.#choice, orderBy };
        return this.#table.setOrder(orderBy);
      case 1:
        this.#choice = { ...this.#choice, where };
        return this.#table.setWhere(where);
      case 2:
        this.#choice = { ...this.#choice, search };
        return this.#table.setSearch(search);
      default:
        this.#table.setViewport(...viewport(random));
        // A viewport is one's own doing, and told to nobody.
        this.#painted = [...this.#shown()];
    }
  }

  check(rows: readonly (readonly [string, Row])[]): void {
    const { orderBy, where, search } = this.#choice;
    const query: Query = {
      conditions: where.map((input) => toCondition(input)),
      order: orderBy.map((input) => toOrder(input)),
      search: search === "" ? undefined : search,
    };
    const expected = evaluate(rows, query, searchColumnsOf(this.#schema));
    const table = this.#table;
    const context = (): string => JSON.stringify({ orderBy, search, viewport: table.viewport });
    if (table.rowCount !== expected.length)
      throw new Error(`${context()}: ${table.rowCount} rows, not ${expected.length}`);
    const shown = table.rows(0, expected.length + 1);
    if (shown.length !== expected.length) throw new Error(`${context()}: ${shown.length} rows are shown`);
    // Without an order rows stand as they came, which a queued insert and a confirmed one may see differently.
    const inOrder = orderBy.length > 0 ? expected : sortLike(expected, shown);
    for (const [at, [id, row]] of inOrder.entries()) {
      const there = shown[at];
      if (there?.id !== id || there.row !== row)
        throw new Error(`${context()}: ${there?.id} at ${at}, not ${id}`);
      if (table.indexOf(id) !== at)
        throw new Error(`${context()}: ${id} is said to be at ${table.indexOf(id)}`);
    }
    for (const [at, row] of this.#shown().entries()) {
      if (this.#painted[at] !== row)
        throw new Error(
          `${context()}: what was painted at ${at} is ${this.#painted[at]?.id}, not ${row?.id}`,
        );
    }
  }

  #shown(): readonly (TableRow | undefined)[] {
    const { start, end } = this.#table.viewport ?? { start: 0, end: this.#table.rowCount };
    return this.#table.rows(start, end);
  }

  #paint(ranges: readonly { readonly start: number; readonly end: number }[]): void {
    const { start: first, end: last } = this.#table.viewport ?? { start: 0, end: this.#table.rowCount };
    this.#painted.length = this.#shown().length;
    for (const { start, end } of ranges) {
      for (let at = Math.max(start, first); at < Math.min(end, last); at++)
        if (at - first < this.#painted.length) this.#painted[at - first] = this.#table.row(at);
    }
  }
}

function sortLike(
  entries: readonly (readonly [string, Row])[],
  shown: readonly (TableRow | undefined)[],
): readonly (readonly [string, Row])[] {
  const places = new Map(shown.map((row, at) => [row?.id, at]));
  return entries.toSorted((a, b) => (places.get(a[0]) ?? -1) - (places.get(b[0]) ?? -1));
}

function viewport(random: Random): [start: number, end: number] {
  const start = random.integer(0, 60);
  return [start, start + random.integer(0, 20)];
}
