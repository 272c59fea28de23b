import fc from "fast-check";
import type { Row, Value } from "../../src/record/index.ts";

/** Names that have hurt others: prototypes, list indexes, dots, nothing, what is longer in UTF-8. */
const awkwardNames = [
  "__proto__",
  "constructor",
  "toString",
  "0",
  "7",
  "1000",
  "4294967295",
  "a.b",
  "",
  "ä",
  "😀",
];

const MAX_TIME_MS = 8_640_000_000_000_000;

export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme-ascii", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    "",
    "a",
    "b",
    "A",
    "ab",
    "\u{FFFF}",
    "\u{E000}",
    "\u{D7FF}",
    "😀",
    "\u{10FFFF}",
    "x".repeat(70),
  ),
);

export const number: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -30, max: 30 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -(2 ** 53),
    2 ** 53 - 1,
    1 - 2 ** 53,
    2 ** 32,
    0.1,
    2 ** 64,
  ),
);

export const bigint: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -30n, max: 30n }),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.constantFrom(0n, -1n, 255n, 256n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 64n),
);

export const date: fc.Arbitrary<Date> = fc
  .oneof(
    fc.integer({ min: -MAX_TIME_MS, max: MAX_TIME_MS }),
    fc.integer({ min: -3_000, max: 3_000 }),
    fc.constantFrom(MAX_TIME_MS, MAX_TIME_MS - 1, -MAX_TIME_MS, 1 - MAX_TIME_MS),
  )
  .map((time) => new Date(time));

export const key: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("a", "b", "c", "name", "price") },
  { weight: 1, arbitrary: fc.constantFrom(...awkwardNames) },
  { weight: 1, arbitrary: text },
);

const scalar: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  number,
  bigint,
  text,
  date,
  fc.uint8Array({ maxLength: 9 }),
);

function objectOf(item: fc.Arbitrary<Value>): fc.Arbitrary<Row> {
  // fromEntries makes every name an own property.
  return fc.array(fc.tuple(key, item), { maxLength: 6 }).map((entries): Row => Object.fromEntries(entries));
}

export const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 6, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 5 }) },
    { weight: 1, arbitrary: objectOf(tie("value")) },
  ),
})).value;

export const row: fc.Arbitrary<Row> = objectOf(value);
