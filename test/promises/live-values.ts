import type { Dio, Row, Value } from "vantage-diorama";
import type { Random } from "vantage-diorama/testing";
import { compareValues, sameInCondition } from "../../src/record/index.ts";

type Entries = readonly (readonly [string, Row])[];

interface Check {
  readonly what: string;
  live(): unknown;
  computed(rows: Entries): unknown;
}

/** Values over the whole and over one category, by every kind of aggregate. */
export function openValues(dio: Dio, random: Random): readonly Check[] {
  const category = random.pick(["tarts", "buns", "pies"]);
  const all = dio.valueScenery();
  const some = dio.valueScenery({ where: [["c", "=", category]] });
  const count = some.count();
  const sum = all.sum("b");
  const avg = some.avg("b");
  const min = all.min("a");
  const max = some.max("a");
  const distinct = all.distinct("a");
  const groups = dio.valueScenery({ groupBy: "c" }).sum("b");
  const ofCategory = (rows: Entries): Entries => rows.filter(([, row]) => row["c"] === category);
  return [
    { what: "count", live: () => count.value, computed: (rows) => ofCategory(rows).length },
    { what: "sum", live: () => sum.value, computed: (rows) => numbers(rows).reduce((a, b) => a + b, 0) },
    { what: "avg", live: () => avg.value, computed: (rows) => average(numbers(ofCategory(rows))) },
    { what: "min", live: () => min.value, computed: (rows) => sorted(rows)[0] },
    { what: "max", live: () => max.value, computed: (rows) => sorted(ofCategory(rows)).at(-1) },
    { what: "distinct", live: () => distinct.value, computed: (rows) => different(sorted(rows)) },
    { what: "groups", live: () => inOrder(groups.value), computed: (rows) => inOrder(sumsByCategory(rows)) },
  ];
}

export function checkValues(values: readonly Check[], rows: Entries): void {
  for (const { what, live, computed } of values) {
    const [is, must] = [live(), computed(rows)];
    if (!isSame(is, must)) throw new Error(`${what} is ${show(is)}, not ${show(must)}`);
  }
}

/** Cells of equal standing (5 and 5n) may stand for each other. */
function isSame(is: unknown, must: unknown): boolean {
  if (is === undefined || must === undefined) return is === must;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is compared are cells
  return Number.isNaN(is) ? Number.isNaN(must) : compareValues(is as Value, must as Value) === 0;
}

function numbers(rows: Entries): number[] {
  return rows.flatMap(([, row]) => (typeof row["b"] === "number" ? [row["b"]] : []));
}

function average(all: readonly number[]): number | undefined {
  return all.length === 0 ? undefined : all.reduce((a, b) => a + b, 0) / all.length;
}

function sorted(rows: Entries): Value[] {
  return rows.flatMap(([, { a }]) => (a === undefined || a === null ? [] : [a])).sort(compareValues);
}

function different(values: readonly Value[]): number {
  return values.filter((value, at) => !values.slice(0, at).some((other) => sameInCondition(other, value)))
    .length;
}

function sumsByCategory(rows: Entries): ReadonlyMap<Value, number> {
  const sums = new Map<Value, number>();
  for (const [, row] of rows) {
    const category = row["c"] ?? null;
    sums.set(category, (sums.get(category) ?? 0) + (typeof row["b"] === "number" ? row["b"] : 0));
  }
  return sums;
}

function inOrder(groups: ReadonlyMap<Value, unknown> | undefined): unknown {
  return [...(groups ?? [])].sort((a, b) => compareValues(a[0], b[0]));
}

function show(value: unknown): string {
  return typeof value === "bigint"
    ? `${value}n`
    : (JSON.stringify(value, (_, cell: unknown) => (typeof cell === "bigint" ? `${cell}n` : cell)) ??
        "nothing");
}
