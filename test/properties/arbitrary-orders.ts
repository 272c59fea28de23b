import fc from "fast-check";
import { type OrderTerm, toOrder } from "../../src/query/index.ts";
import type { Row, Value } from "../../src/record/index.ts";
import { bigint, date, number, text, value } from "./arbitrary-values.ts";

/** Few values, so that many rows share them. */
const few = fc.constantFrom<Value>(
  0,
  -0,
  1,
  2,
  2.5,
  NaN,
  1n,
  2n,
  Infinity,
  -Infinity,
  true,
  false,
  "",
  "a",
  "b",
);

/** What the cells of one column are like: of one type as a rule, so that each way of holding keys is taken. */
const cellKinds: readonly fc.Arbitrary<Value>[] = [
  fc.integer({ min: -4, max: 4 }),
  fc.integer({ min: -4, max: 4 }).map((whole) => whole / 2),
  fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, -Infinity),
  ),
  number,
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.bigInt({ min: -3n, max: 3n })),
  fc.oneof(number, bigint),
  fc.boolean(),
  date,
  fc.integer({ min: 0, max: 5 }).map((day) => new Date(day * 86_400_000)),
  fc.constantFrom("", "a", "ab", "b", "\u{FFFF}", "\u{E000}", "😀"),
  text,
  few,
  value,
];

const missing = fc.constantFrom<Value | undefined>(null, undefined);

/** Cells of a column: mostly of one kind, sometimes missing, seldom anything. */
const column: fc.Arbitrary<fc.Arbitrary<Value | undefined>> = fc
  .tuple(fc.constantFrom(...cellKinds), fc.constantFrom(0, 0, 1, 40), fc.constantFrom(0, 1, 4))
  .map(([cell, odd, absent]) =>
    fc.oneof(
      { weight: 20, arbitrary: cell },
      { weight: odd, arbitrary: value },
      { weight: absent, arbitrary: missing },
    ),
  );

export interface OrderCase {
  readonly order: readonly OrderTerm[];
  readonly rows: fc.Arbitrary<Row>;
}

const term: fc.Arbitrary<OrderTerm> = fc
  .tuple(
    fc.constantFrom("a", "b", "c.d", "__proto__"),
    fc.constantFrom<"asc" | "desc">("asc", "desc"),
    fc.constantFrom<"first" | "last">("first", "last"),
  )
  .map(([name, direction, nulls]) => toOrder({ column: name, direction, nulls }));

/** An order by up to three columns, and rows for it. */
export const orderCase: fc.Arbitrary<OrderCase> = fc
  .tuple(fc.array(term, { maxLength: 3 }), column, column, column)
  .map(([order, a, b, d]) => ({
    order,
    rows: fc.tuple(a, b, d, fc.boolean()).map(([cellA, cellB, cellD, isLiteral]) => {
      const entries: [string, Value | undefined][] = [
        ["a", cellA],
        ["b", cellB],
        ["__proto__", cellB],
        isLiteral ? ["c.d", cellD] : ["c", cellD === undefined ? {} : { d: cellD }],
      ];
      // fromEntries makes every name an own property.
      return Object.fromEntries(
        entries.flatMap(([name, cell]): [string, Value][] => (cell === undefined ? [] : [[name, cell]])),
      );
    }),
  }));

/** Ids that sort by code point, not by unit. */
export const someId: fc.Arbitrary<string> = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map(String),
  fc.constantFrom("\u{E000}", "😀", "a", "aa", "B"),
);
