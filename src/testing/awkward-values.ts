import type { Row } from "../record/index.ts";

/** Names that a store might mistake for something else. */
export const awkwardNames: readonly string[] = Object.freeze([
  "products",
  "Products",
  "",
  " ",
  "..",
  "../../etc/passwd",
  "a/b\\c",
  "nul\0inside",
  "nul",
  "quotes ' \" ` ; DROP TABLE tables; --",
  "sqlite_master",
  "rows_1",
  "😀 and e\u0301",
  "😀 and \u00e9",
  "half a pair \ud800",
  "other half \udc00",
  "__proto__",
  "x".repeat(300),
  `${"x".repeat(299)}y`,
]);

/** Rows that a store might change on their way: every kind of value at its edges. */
export function awkwardRows(): Row[] {
  return [
    {},
    { text: "", nul: "a\0b", pair: "😀", combining: "e\u0301", long: "ä".repeat(10_000) },
    { zero: 0, minus: -0, nan: Number.NaN, up: Infinity, down: -Infinity, tiny: 5e-324, third: 1 / 3 },
    { safe: 2 ** 53 - 1, beyond: 2 ** 53 + 2, big: 2n ** 64n, negative: -(2n ** 70n), five: 5, fiveBig: 5n },
    { none: null, yes: true, no: false },
    {
      epoch: new Date(0),
      early: new Date(-1),
      late: new Date(8.64e15),
      fraction: new Date(1_764_000_000_123),
    },
    { empty: new Uint8Array(), bytes: new Uint8Array([0, 255, 127, 128]) },
    { list: [], mixed: [1, 1n, "1", [null, [true]], { a: [] }], nested: { a: { b: { c: { d: [1] } } } } },
    { "": "empty key", "a.b": "dotted", " ": "blank", "1": "digits", ключ: "letters", "😀": "emoji" },
    ownKeys([
      ["__proto__", "ordinary"],
      ["constructor", 1],
      ["prototype", null],
      ["toString", "text"],
      ["nested", ownKeys([["__proto__", { deep: true }]])],
    ]),
    { z: 1, a: 2, m: 3 },
  ];
}

/** An object with these keys as its own, in this order. */
function ownKeys(entries: readonly (readonly [string, Row[string]])[]): Row {
  return Object.fromEntries(entries);
}
