import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  aggregateFromScratch,
  type Expected,
  groupsFromScratch,
} from "../../test/properties/aggregate-oracle.ts";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { isDioramaError } from "../base/index.ts";
import { compareValues, equalValues, type Row, sameInCondition, type Value } from "../record/index.ts";
import { createAggregate } from "./aggregate-rows.ts";
import type { Aggregate } from "./aggregate-contract.ts";
import type { AggregateKind, AggregateSpec } from "./view-contract.ts";

const kinds: readonly AggregateKind[] = ["count", "sum", "avg", "min", "max", "distinct"];

const decimal: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      fc.bigInt({ min: -50n, max: 50n }),
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    ),
    fc.oneof(fc.constant(""), fc.stringMatching(/^\.[0-9]{1,3}$/), fc.stringMatching(/^\.[0-9]{1,20}$/)),
  )
  .map(([whole, fraction]) => `${whole}${fraction}`);

/** Each kind of column by itself, so that most sums have no misfit, and one of everything. */
const columns: readonly { readonly cell: fc.Arbitrary<Value>; readonly columnType?: string }[] = [
  { cell: fc.integer({ min: -5, max: 5 }) },
  { cell: fc.integer({ min: 0, max: 5_000 }).map((cents) => cents / 100), columnType: "number" },
  { cell: arbitrary.number },
  { cell: fc.oneof(arbitrary.number, arbitrary.bigint) },
  {
    cell: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.bigInt({ min: -3n, max: 3n }), arbitrary.bigint),
    columnType: "integer",
  },
  { cell: decimal, columnType: "decimal" },
  {
    cell: fc.oneof(
      { weight: 9, arbitrary: decimal },
      { weight: 1, arbitrary: fc.constantFrom<Value[]>("", "1.", ".5", "1e3", "x", 5, true) },
    ),
    columnType: "decimal",
  },
  { cell: fc.oneof({ weight: 9, arbitrary: arbitrary.number }, { weight: 1, arbitrary: arbitrary.value }) },
  { cell: arbitrary.value },
];

const groupCell: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Value[]>("a", "b", "c", null) },
  { weight: 1, arbitrary: fc.constantFrom<Value[]>(1, 1n, 0, -0, Number.NaN, 2n ** 70n, true) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Value[]>(
      [1],
      [1n],
      [],
      { a: 1, b: -0 },
      { b: 0, a: 1n },
      new Date(5),
      new Uint8Array([5]),
      "5",
    ),
  },
);

type Step = { readonly id: number; readonly row: Row | undefined };

const cellOrGap = (cell: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: 8, arbitrary: cell }, { weight: 1, arbitrary: fc.constantFrom(null, undefined) });

/** A row with the cell at the top or, for a dotted path, inside. */
function rowArbitrary(cell: fc.Arbitrary<Value>): fc.Arbitrary<Row> {
  return fc.tuple(cellOrGap(cell), cellOrGap(groupCell)).map(([value, group]) => ({
    ...(value === undefined ? {} : { cell: value }),
    in: group === undefined ? {} : { group },
  }));
}

const scenario = fc.constantFrom(...columns).chain(({ cell, columnType }) =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    columnType: fc.constant(columnType),
    groupBy: fc.constantFrom("in.group", undefined),
    /** Before which step the first read comes. */
    firstRead: fc.nat(12),
    resetAt: fc.nat(60),
    batches: fc.array(
      fc.array(
        fc.record<Step>({ id: fc.nat(9), row: fc.option(rowArbitrary(cell), { freq: 4, nil: undefined }) }),
        { minLength: 1, maxLength: 4 },
      ),
      { maxLength: 30, size: "max" },
    ),
  }),
);

/** Brings the map and what follows it to the step. */
function take(rows: Map<string, Row>, aggregate: Aggregate, step: Step): void {
  const id = `r${step.id}`;
  const before = rows.get(id);
  if (step.row === undefined) rows.delete(id);
  else rows.set(id, step.row);
  if (before === undefined && step.row !== undefined) aggregate.add(id, step.row);
  else if (before !== undefined && step.row !== undefined) aggregate.replace(id, before, step.row);
  else if (before !== undefined) aggregate.remove(id, before);
}

function thrownBy(read: () => unknown): unknown {
  try {
    return { gave: read() };
  } catch (error) {
    return error;
  }
}

/** Of equal extremes any one that is there will do; everything else is the same by type. */
function expectResult(
  read: () => unknown,
  expected: Expected,
  spec: AggregateSpec,
  present: readonly Row[],
): void {
  if ("misfits" in expected) {
    const error = thrownBy(read);
    if (!isDioramaError(error, "invalid")) throw new Error("a cell of another type was let through");
    expect(expected.misfits).toContain(error.place.id);
    expect(error.place.column).toBe(spec.column);
    expect(error.message).toContain(`row "${error.place.id}", column "cell"`);
    return;
  }
  const given = read() as Value | undefined;
  const isExtreme = spec.kind === "min" || spec.kind === "max";
  if (isExtreme && expected.result !== undefined && given !== undefined) {
    expect(compareValues(given, expected.result)).toBe(0);
    expect(present.some(({ cell }) => cell !== undefined && equalValues(cell, given))).toBe(true);
  } else expect(given).toStrictEqual(expected.result);
}

function expectGroups(aggregate: Aggregate, spec: AggregateSpec, rows: ReadonlyMap<string, Row>): void {
  if (spec.groupBy === undefined) {
    expect(aggregate.groups.size).toBe(0);
    return;
  }
  const expected = groupsFromScratch(spec, [...rows]);
  const misfits = expected.flatMap((group) => ("misfits" in group.expected ? group.expected.misfits : []));
  if (misfits.length > 0) {
    expectResult(() => aggregate.groups, { misfits }, spec, []);
    return;
  }
  const groups = [...aggregate.groups];
  expect(groups.length).toBe(expected.length);
  for (const { value, expected: one } of expected) {
    const own = groups.filter(([key]) => sameInCondition(key, value));
    expect(own.length).toBe(1);
    expectResult(() => own[0]?.[1], one, spec, [...rows.values()]);
  }
}

describe("aggregates", () => {
  test("I10 I11 I12 I13 I14 I15 I16 I17 I18 each equals the same from scratch after every batch of changes", () => {
    fc.assert(
      fc.property(scenario, ({ kind, columnType, groupBy, firstRead, resetAt, batches }) => {
        const spec: AggregateSpec = { kind, column: "cell", columnType, groupBy };
        const rows = new Map<string, Row>();
        const aggregate = createAggregate(spec, () => rows);
        for (const [at, batch] of batches.entries()) {
          for (const step of batch) take(rows, aggregate, step);
          if (at === resetAt) aggregate.reset();
          if (at < firstRead) continue;
          expectResult(() => aggregate.value, aggregateFromScratch(spec, [...rows]), spec, [
            ...rows.values(),
          ]);
          expectGroups(aggregate, spec, rows);
        }
      }),
      runs(2_000),
    );
  });

  test("I10 nothing is computed before the first read, and nothing twice", () => {
    let loads = 0;
    const rows = new Map<string, Row>([["a", { price: 5 }]]);
    const sum = createAggregate({ kind: "sum", column: "price", groupBy: "price" }, () => {
      loads++;
      return rows;
    });
    expect(sum.add("a", { price: 5 })).toBe(true);
    expect(loads).toBe(0);
    expect([sum.value, sum.value, loads]).toEqual([5, 5, 1]);
    expect([[...sum.groups], [...sum.groups], loads]).toEqual([[[5, 5]], [[5, 5]], 2]);
    sum.reset();
    rows.set("b", { price: 6 });
    expect([sum.value, loads]).toEqual([11, 3]);
  });

  test("I10 a change of other columns does nothing to it, and says so", () => {
    const rows = new Map<string, Row>([["a", { price: 5, kind: "x", note: 1 }]]);
    const sum = createAggregate({ kind: "sum", column: "price", groupBy: "kind" }, () => rows);
    const count = createAggregate({ kind: "count" }, () => rows);
    const before = { price: 5, kind: "x", note: 1 };
    const { groups } = sum;
    expect(sum.replace("a", before, { ...before, note: 2 })).toBe(false);
    expect(count.replace("a", before, { ...before, price: 2 })).toBe(false);
    expect(sum.groups).toBe(groups);
    expect(sum.replace("a", before, { ...before, price: 6 })).toBe(true);
    expect(sum.replace("a", { ...before, price: 6 }, { ...before, price: 6, kind: "y" })).toBe(true);
    expect([...sum.groups]).toEqual([["y", 6]]);
  });

  test("I17 count counts rows; nothing else counts null and absent cells", () => {
    const rows = new Map<string, Row>([
      ["a", { price: null }],
      ["b", {}],
    ]);
    const result = (kind: AggregateKind): unknown =>
      createAggregate({ kind, column: "price" }, () => rows).value;
    expect(kinds.map(result)).toEqual([2, 0, undefined, undefined, undefined, 0]);
  });

  test("I12 a bigint makes a sum of whole numbers a bigint, until it leaves", () => {
    const rows = new Map<string, Row>([
      ["a", { n: 2 ** 60 }],
      ["b", { n: 1n }],
    ]);
    const sum = createAggregate({ kind: "sum", column: "n" }, () => rows);
    expect(sum.value).toBe(2n ** 60n + 1n);
    sum.add("c", { n: 0.5 });
    expect(sum.value).toBe(2 ** 60);
    sum.remove("c", { n: 0.5 });
    sum.remove("a", { n: 2 ** 60 });
    expect(sum.value).toBe(1n);
    sum.remove("b", { n: 1n });
    expect(sum.value).toBe(0);
  });

  test("I11 NaN and infinities leave the rest as it was", () => {
    const sum = createAggregate({ kind: "sum", column: "n" }, () => [["a", { n: 0.1 }]]);
    const avg = createAggregate({ kind: "avg", column: "n" }, () => [["a", { n: 0.1 }]]);
    expect(sum.value).toBe(avg.value);
    for (const n of [Infinity, -Infinity, Number.NaN]) {
      for (const one of [sum, avg]) one.add("b", { n });
      expect([sum.value, avg.value]).toEqual([n, n]);
      for (const one of [sum, avg]) one.remove("b", { n });
      expect([sum.value, avg.value]).toEqual([0.1, 0.1]);
    }
    sum.add("b", { n: Infinity });
    sum.add("c", { n: -Infinity });
    expect(sum.value).toBeNaN();
  });

  test("I15 a spec without a column, or that adds up a column declared otherwise, is invalid at once", () => {
    const none = (): [] => [];
    for (const kind of kinds.filter((one) => one !== "count"))
      expect(() => createAggregate({ kind }, none)).toThrow(`${kind} needs a column`);
    for (const columnType of ["text", "boolean", "date", "bytes"]) {
      for (const kind of ["sum", "avg"] as const)
        expect(thrownBy(() => createAggregate({ kind, column: "c", columnType }, none))).toMatchObject({
          code: "invalid",
          place: { column: "c" },
        });
      expect(createAggregate({ kind: "min", column: "c", columnType }, none).value).toBe(undefined);
    }
  });

  test("I15 a misfit is told by its row and its type, never by its content, and forgotten when it leaves", () => {
    const sum = createAggregate({ kind: "sum", column: "n", groupBy: "g" }, () => [["a", { n: 1, g: "x" }]]);
    expect([sum.value, ...sum.groups]).toEqual([1, ["x", 1]]);
    const cells: [Value, string][] = [
      ["secret", "text"],
      [true, "a boolean"],
      [new Date(0), "a date"],
      [new Uint8Array(1), "bytes"],
      [[1], "a list"],
      [{ a: 1 }, "a nested object"],
    ];
    for (const [cell, named] of cells) {
      sum.add("b", { n: cell, g: "y" });
      const message = `row "b", column "n": ${named} can't be added up`;
      expect(() => sum.value).toThrow(message);
      expect(() => sum.groups).toThrow(message);
      sum.replace("b", { n: cell, g: "y" }, { n: 2, g: "y" });
      expect([sum.value, sum.groups.get("y")]).toEqual([3, 2]);
      sum.remove("b", { n: 2, g: "y" });
    }
  });
});

describe("groups", () => {
  const rows: readonly [string, Row][] = [
    ["a", { n: 1, g: "x" }],
    ["b", { n: 2, g: null }],
    ["c", { n: 3 }],
    ["d", { n: 4, g: 5n }],
    ["e", { n: 5, g: 5 }],
  ];

  test("I18 null and absent are one group, 5 and 5n too, under the value that was seen first", () => {
    const sum = createAggregate({ kind: "sum", column: "n", groupBy: "g" }, () => rows);
    expect([...sum.groups]).toEqual([
      ["x", 1],
      [null, 5],
      [5n, 9],
    ]);
  });

  test("I18 a group goes with its last row, and a map that was handed out stays as it is", () => {
    const sum = createAggregate({ kind: "sum", column: "n", groupBy: "g" }, () => rows);
    const first = sum.groups;
    expect(sum.groups).toBe(first);
    sum.replace("b", { n: 2, g: null }, { n: 20, g: null });
    expect([first.get(null), sum.groups.get(null)]).toEqual([5, 23]);
    sum.replace("b", { n: 20, g: null }, { n: 2, g: null });
    expect(first.get(null)).toBe(5);
    sum.remove("a", { n: 1, g: "x" });
    sum.replace("d", { n: 4, g: 5n }, { n: 7, g: 5n });
    expect([...sum.groups]).toEqual([
      [null, 5],
      [5n, 12],
    ]);
    expect(first.get("x")).toBe(1);
    sum.replace("b", { n: 2, g: null }, { n: 2, g: "x" });
    expect([...sum.groups]).toEqual([
      [null, 3],
      [5n, 12],
      ["x", 2],
    ]);
  });

  test("I18 groups are looked up as conditions compare, lists, objects and dates too", () => {
    const values: Value[] = [
      null,
      5n,
      "5",
      [1],
      { a: 1, b: [2] },
      new Date(7),
      new Uint8Array([8]),
      Number.NaN,
    ];
    const count = createAggregate({ kind: "count", groupBy: "g" }, () =>
      values.map((g, at): [string, Row] => [`r${at}`, { g }]),
    );
    const { groups } = count;
    const alike: Value[] = [
      null,
      5,
      "5",
      [1n],
      { b: [2n], a: 1n },
      new Date(7),
      new Uint8Array([8]),
      Number.NaN,
    ];
    expect(alike.map((value) => groups.get(value))).toEqual(values.map(() => 1));
    expect(alike.every((value) => groups.has(value))).toBe(true);
    const others: Value[] = [6, "null", "[1]", [2], [], { a: 1 }, new Date(8), new Uint8Array([])];
    expect(others.map((value) => groups.get(value))).toEqual(others.map(() => undefined));
    expect(others.some((value) => groups.has(value))).toBe(false);
    const min = createAggregate({ kind: "min", column: "n", groupBy: "g" }, () => [["a", { g: "x" }]]);
    expect([min.groups.has("x"), min.groups.get("x")]).toEqual([true, undefined]);
  });

  test("I18 groups are read like any map, and print as one", () => {
    const { groups } = createAggregate({ kind: "sum", column: "n", groupBy: "g" }, () => rows);
    const entries = [
      ["x", 1],
      [null, 5],
      [5n, 9],
    ];
    const seen: unknown[] = [];
    groups.forEach((result, group, map) => seen.push([group, result], map === groups));
    expect(seen).toEqual(entries.flatMap((entry) => [entry, true]));
    expect([groups.size, [...groups.keys()], [...groups.values()]]).toEqual([3, ["x", null, 5n], [1, 5, 9]]);
    expect([...groups.entries()]).toEqual(entries);
    expect(inspect(groups)).toBe("Map(3) { 'x' => 1, null => 5, 5n => 9 }");
  });

  test("I18 a group without a result keeps the others from none once it has gone, whatever came and left meanwhile", () => {
    const sum = createAggregate({ kind: "sum", column: "n", groupBy: "g" }, () => rows);
    expect(sum.groups.size).toBe(3);
    sum.add("f", { n: "text", g: "new" });
    sum.replace("a", { n: 1, g: "x" }, { n: 10, g: "x" });
    expect(() => sum.groups).toThrow('row "f"');
    sum.remove("b", { n: 2, g: null });
    sum.remove("c", { n: 3 });
    expect(() => sum.groups).toThrow('row "f"');
    sum.remove("f", { n: "text", g: "new" });
    expect([...sum.groups]).toEqual([
      ["x", 10],
      [5n, 9],
    ]);
    sum.replace("a", { n: 10, g: "x" }, { n: true, g: "x" });
    sum.replace("e", { n: 5, g: 5 }, { n: 6, g: 5 });
    expect(() => sum.groups).toThrow('row "a"');
    sum.replace("a", { n: true, g: "x" }, { n: 1, g: "x" });
    expect([...sum.groups]).toEqual([
      ["x", 1],
      [5n, 10],
    ]);
  });

  test("I18 the only row of a group may change without the group leaving its place", () => {
    const max = createAggregate({ kind: "max", column: "n", groupBy: "g" }, () => rows);
    expect(max.groups.get("x")).toBe(1);
    max.replace("a", { n: 1, g: "x" }, { n: 9, g: "x" });
    expect([...max.groups.keys()]).toEqual(["x", null, 5n]);
    expect(max.groups.get("x")).toBe(9);
  });
});
