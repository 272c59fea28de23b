import fc from "fast-check";
import { expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import {
  compareStrings,
  compareValues,
  equalValues,
  type Entry,
  type Row,
  sameInCondition,
  typeRank,
  type Value,
} from "../record/index.ts";
import { compileConditions } from "./compile-conditions.ts";
import { compileOrder } from "./compile-order.ts";
import { condition, hasId, isNotNull, isNull } from "./condition.ts";
import { evaluate } from "./evaluate.ts";
import { evaluateWindow } from "./evaluate-window.ts";
import { narrow, orderedBy, searching } from "./narrow.ts";
import { type OrderInput, toOrder } from "./order-term.ts";
import { type Condition, everything, type OrderTerm, type Query } from "./query.ts";
import { queryKey } from "./query-key.ts";
import { and, not, or, toCondition } from "./to-condition.ts";

// The oracle: every rule once more, as plainly as it can be said, without anything of the code under test.

function cellOf(row: Row, column: string): Value {
  const own = (object: object, key: string): Value =>
    Object.getOwnPropertyDescriptor(object, key)?.value ?? null;
  if (Object.hasOwn(row, column)) return own(row, column);
  let value: Value = row;
  for (const key of column.split(".")) {
    if (typeRank(value) !== 6) return null;
    value = own(Object(value), key);
  }
  return value;
}

function passes(one: Condition, id: string, row: Row): boolean {
  switch (one.kind) {
    case "and":
      return one.conditions.every((inner) => passes(inner, id, row));
    case "or":
      return one.conditions.some((inner) => passes(inner, id, row));
    case "not":
      return !passes(one.condition, id, row);
    case "id":
      return one.ids.includes(id);
    default:
      return passesCell(one, cellOf(row, one.column));
  }
}

function passesCell(one: Exclude<Condition, { kind: "and" | "or" | "not" | "id" }>, cell: Value): boolean {
  if (one.operator === "is null") return cell === null;
  if (cell === null) return false;
  if (one.operator === "is not null") return true;
  if (one.kind === "list")
    return one.values.some((item) => sameInCondition(cell, item)) === (one.operator === "in");
  if (one.kind === "null") return false;
  const { operator, value } = one;
  if (operator === "=") return sameInCondition(cell, value);
  if (operator === "!=") return !sameInCondition(cell, value);
  if (operator === "contains" || operator === "starts with") {
    const at = typeof cell === "string" && typeof value === "string" ? cell.indexOf(value) : -1;
    return operator === "contains" ? at >= 0 : at === 0;
  }
  if (typeRank(cell) !== typeRank(value)) return false;
  const sign = Math.sign(compareValues(cell, value));
  return { "<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0 }[operator];
}

function compareRows(order: readonly OrderTerm[], [aId, a]: Entry, [bId, b]: Entry): number {
  for (const { column, direction, nulls } of order) {
    const [cellA, cellB] = [cellOf(a, column), cellOf(b, column)];
    if ((cellA === null) !== (cellB === null)) return (cellA === null) === (nulls === "first") ? -1 : 1;
    const sign = cellA === null ? 0 : compareValues(cellA, cellB);
    if (sign !== 0) return direction === "asc" ? sign : -sign;
  }
  return compareStrings(aId, bId);
}

const found = (row: Row, text: string, columns: readonly string[] | undefined): boolean =>
  (columns === undefined ? Object.values(row) : columns.map((column) => cellOf(row, column))).some(
    (cell) =>
      typeof cell === "string" &&
      cell.toLowerCase().replaceAll("ς", "σ").includes(text.toLowerCase().replaceAll("ς", "σ")),
  );

function evaluateNaively(
  entries: readonly Entry[],
  query: Query,
  columns: readonly string[] | undefined,
): Entry[] {
  const passing = entries.filter(
    ([id, row]) =>
      query.conditions.every((one) => passes(one, id, row)) &&
      (query.search === undefined || found(row, query.search, columns)),
  );
  return query.order.length === 0 ? passing : passing.toSorted((a, b) => compareRows(query.order, a, b));
}

// Few columns, few values: so that conditions meet cells that they are about.

const column = fc.constantFrom("a", "b", "c", "n.x", "n.y.z", "a.b", "__proto__", "toString", "__proto__.x");
const ids = ["1", "2", "10", "a", "ä", "😀", "\u{FFFF}"];
const near: fc.Arbitrary<Value> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom<Value>(
      0,
      1,
      2,
      -0,
      1n,
      2n,
      1.5,
      NaN,
      "",
      "a",
      "A",
      "ab",
      "ΟΔΟΣ",
      "οδος",
      true,
      false,
      null,
      2 ** 53,
      2n ** 53n + 1n,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Value>(
      new Date(0),
      new Date(1),
      new Uint8Array([1]),
      [1],
      [1n],
      { x: 1 },
      { x: 1n },
    ),
  },
  { weight: 1, arbitrary: arbitrary.value },
);
const nested: fc.Arbitrary<Value> = fc.oneof(
  near,
  fc.record({ x: near, y: fc.record({ z: near }) }, { requiredKeys: [] }),
  fc.constant<Value>([{ x: 1 }]),
);
const row: fc.Arbitrary<Row> = fc
  .array(
    fc.oneof(
      fc.tuple(fc.constantFrom("a", "b", "c", "a.b", "n.x", "__proto__", "toString"), near),
      fc.tuple(fc.constantFrom("n", "__proto__"), nested),
    ),
    { maxLength: 6 },
  )
  .map((cells): Row => Object.fromEntries(cells));

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc
    .tuple(
      column,
      fc.constantFrom("=" as const, "!=" as const, "<" as const, "<=" as const, ">" as const, ">=" as const),
      near,
    )
    .map(([name, operator, value]) => condition(name, operator, value)),
  fc
    .tuple(
      column,
      fc.constantFrom("contains" as const, "starts with" as const),
      fc.constantFrom("", "a", "A", "b", "ο"),
    )
    .map(([name, operator, value]) => condition(name, operator, value)),
  fc
    .tuple(column, fc.constantFrom("in" as const, "not in" as const), fc.array(near, { maxLength: 4 }))
    .map(([name, operator, values]) => condition(name, operator, values)),
  column.map((name) => isNull(name)),
  column.map((name) => isNotNull(name)),
  fc.subarray(ids).map((some) => hasId(...some)),
);
const anyCondition: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie("condition"), { maxLength: 3 }).map((inner) => and(...inner)) },
    { weight: 1, arbitrary: fc.array(tie("condition"), { maxLength: 3 }).map((inner) => or(...inner)) },
    { weight: 1, arbitrary: tie("condition").map((inner) => not(inner)) },
  ),
})).condition;

const term: fc.Arbitrary<OrderInput> = fc.record({
  column,
  direction: fc.constantFrom("asc" as const, "desc" as const),
  nulls: fc.constantFrom("first" as const, "last" as const),
});
const query: fc.Arbitrary<Query> = fc
  .tuple(
    fc.array(anyCondition, { maxLength: 2 }),
    fc.array(term, { maxLength: 3 }),
    fc.constantFrom(undefined, undefined, "", "a", "B", "σ", "δοσ"),
  )
  .map(([conditions, order, search]) =>
    searching(orderedBy(narrow(everything, ...conditions), ...order), search),
  );
const entries: fc.Arbitrary<readonly Entry[]> = fc
  .tuple(fc.shuffledSubarray(ids), fc.array(row, { minLength: ids.length, maxLength: ids.length }))
  .map(([some, rows]) => some.map((id, index): Entry => [id, rows[index] ?? {}]));
const searchColumns = fc.constantFrom(undefined, [], ["a"], ["a", "b", "n.x"]);

test("Q7 Q8 Q9 Q10 Q11 Q12 Q13 Q14 Q15 Q16 a compiled condition passes what the rules say", () => {
  fc.assert(
    fc.property(anyCondition, fc.constantFrom(...ids), row, (one, id, cells) => {
      expect(compileConditions([one])(id, cells)).toBe(passes(one, id, cells));
      expect(compileConditions([not(one)])(id, cells)).toBe(!passes(one, id, cells));
    }),
    runs(10_000),
  );
});

test("Q3 a condition that went through JSON means the same", () => {
  const plain = anyCondition.filter((one) => equalValues(JSON.parse(JSON.stringify(one, unsaid)), one));
  fc.assert(
    fc.property(plain, fc.constantFrom(...ids), row, (one, id, cells) => {
      const back = toCondition(JSON.parse(JSON.stringify(one)));
      expect(back).toEqual(one);
      expect(compileConditions([back])(id, cells)).toBe(passes(one, id, cells));
    }),
    runs(1_000),
  );
});

/** JSON refuses a bigint, and quietly changes the other things that it can't say. */
function unsaid(_key: string, item: unknown): unknown {
  return typeof item === "bigint" ? String(item) : item;
}

test("Q17 Q18 a compiled order is the rules', and total", () => {
  fc.assert(
    fc.property(fc.array(term, { maxLength: 3 }), row, row, row, (inputs, a, b, c) => {
      const order = inputs.map((input) => toOrder(input));
      const compare = compileOrder(order);
      expect(Math.sign(compare("1", a, "2", b))).toBe(Math.sign(compareRows(order, ["1", a], ["2", b])));
      expect(Math.sign(compare("2", b, "1", a))).toBe(-Math.sign(compare("1", a, "2", b)));
      expect(compare("1", a, "2", b)).not.toBe(0);
      if (compare("1", a, "2", b) < 0 && compare("2", b, "3", c) < 0) {
        expect(compare("1", a, "3", c)).toBeLessThan(0);
      }
    }),
    runs(3_000),
  );
});

test("Q19 Q20 Q21 evaluate gives what the rules say", () => {
  fc.assert(
    fc.property(entries, query, searchColumns, (all, one, columns) => {
      expect(evaluate(all, one, columns)).toEqual(evaluateNaively(all, one, columns));
    }),
    runs(3_000),
  );
});

test("Q22 a window is a stretch of what evaluate gives, with its whole count", () => {
  const place = fc.record({ offset: fc.nat(9), limit: fc.oneof(fc.nat(9), fc.constant(Infinity)) });
  fc.assert(
    fc.property(entries, query, searchColumns, place, (all, one, columns, window) => {
      const whole = evaluate(all, one, columns);
      expect(evaluateWindow(all, one, columns, window)).toEqual({
        rows: whole.slice(window.offset, window.offset + window.limit),
        total: whole.length,
      });
    }),
    runs(2_000),
  );
});

test("Q22 a window of many rows is the same stretch, wherever it lies", () => {
  const size = 2_000;
  const many = fc.array(fc.tuple(fc.nat(50), fc.nat(20)), { minLength: size, maxLength: size });
  fc.assert(
    fc.property(many, fc.nat(size), fc.nat(100), (cells, offset, limit) => {
      const all = cells.map(([a, b], index): Entry => [String(index), { a, b: b === 0 ? null : b }]);
      const ordered = orderedBy(everything, ["b", "desc"], "a");
      const whole = evaluate(all, ordered, []);
      for (const at of [0, offset >> 5, offset]) {
        expect(evaluateWindow(all, ordered, [], { offset: at, limit }).rows).toEqual(
          whole.slice(at, at + limit),
        );
      }
    }),
    runs(30),
  );
});

test("Q24 Q25 equal keys mean equal answers", () => {
  fc.assert(
    fc.property(query, query, fc.array(entries, { minLength: 3, maxLength: 3 }), (one, other, samples) => {
      expect(queryKey(one, { order: true })).toBe(queryKey({ ...one }, { order: true }));
      if (queryKey(one, { order: true }) !== queryKey(other, { order: true })) return;
      for (const all of samples)
        expect(evaluate(all, one, undefined)).toEqual(evaluate(all, other, undefined));
    }),
    runs(3_000),
  );
});
