import { describe, expect, test } from "vitest";
import type { Entry, Row } from "../record/index.ts";
import { checkQuery } from "./check-query.ts";
import { compileSearch } from "./compile-search.ts";
import { condition, hasId, isNull } from "./condition.ts";
import { evaluate } from "./evaluate.ts";
import { evaluateWindow } from "./evaluate-window.ts";
import { narrow, orderedBy, searching } from "./narrow.ts";
import { orderTerm, toOrder, type OrderInput } from "./order-term.ts";
import { everything, type Query } from "./query.ts";
import { queryKey } from "./query-key.ts";
import { columnsOf, needs } from "./query-needs.ts";
import { and, not, or } from "./to-condition.ts";

const invalid = (message: string): unknown =>
  expect.objectContaining({ code: "invalid", message: expect.stringContaining(message) });

describe("building a query", () => {
  test("Q1 Q6 each step gives another frozen query and leaves the one before", () => {
    const first = narrow(everything, ["a", "=", 1]);
    const second = orderedBy(narrow(first, ["b", "=", 2]), "a");
    const third = searching(second, "x");
    expect(everything).toEqual({ conditions: [], order: [], search: undefined });
    expect(first.conditions).toHaveLength(1);
    expect(second.conditions.map((one) => one.kind === "compare" && one.column)).toEqual(["a", "b"]);
    expect(second.search).toBe(undefined);
    for (const query of [first, second, third]) {
      expect([query, query.conditions, query.order].every(Object.isFrozen)).toBe(true);
    }
  });

  test("Q6 narrow takes an and apart, but no or", () => {
    const either = or(["a", "=", 1], ["b", "=", 2]);
    const query = narrow(everything, and(["a", "is null"], and(either, isNull("c"))), and());
    expect(query.conditions).toEqual([isNull("a"), either, isNull("c")]);
  });

  test("Q6 a column that is in the order already keeps its place and direction", () => {
    const query = orderedBy(orderedBy(everything, ["a", "desc"]), "b", "a");
    expect(query.order).toEqual([orderTerm("a", "desc"), orderTerm("b")]);
  });

  test("Q6 a search replaces the one before, and blank text means none", () => {
    const query = searching(everything, " a ");
    expect(query.search).toBe(" a ");
    expect(searching(query, "b").search).toBe("b");
    for (const blank of ["", "  ", "\t\n", "\u{3000}", undefined])
      expect(searching(query, blank).search).toBe(undefined);
    expect(() => searching(query, 5 as unknown as string)).toThrow(invalid("not number"));
    expect(() => searching(query, "\ud800")).toThrow(invalid("surrogate"));
  });

  test("Q2 the forms of an order", () => {
    const term = { column: "a", direction: "asc", nulls: "last" };
    expect(["a", ["a"], ["a", "asc"], { column: "a" }].map((input) => toOrder(input as OrderInput))).toEqual([
      term,
      term,
      term,
      term,
    ]);
    expect(toOrder({ column: "a", direction: "desc", nulls: "first" })).toEqual({
      ...term,
      direction: "desc",
      nulls: "first",
    });
    expect(Object.isFrozen(toOrder("a"))).toBe(true);
  });

  test.each<[unknown, string]>([
    [["a", "descending"], 'unknown direction "descending"; did you mean "desc"?'],
    [["a", "DESC"], 'did you mean "desc"?'],
    [["a", "up"], "known are: asc, desc"],
    [{ column: "a", nulls: "frist" }, 'did you mean "first"?'],
    [["a", 5n], "unknown direction bigint"],
    [["a", "asc", "x"], "an order is [column]"],
    [[], "an order is [column]"],
    [5, "not number"],
    [null, "not null"],
    [{}, "named by text"],
  ])("Q4 the order %o is invalid", (input, message) => {
    expect(() => toOrder(input as OrderInput)).toThrow(invalid(message));
  });
});

const entries: readonly Entry[] = [
  ["b", { n: 2, text: "Äpfel" }],
  ["a", { n: 2, text: "birne" }],
  ["c", { n: null, text: "ÄPFEL und Birnen" }],
  ["d", { text: 7 }],
  ["e", { n: 1n, text: "ΟΔΟΣ", other: "apfel" }],
];
const idsOf = (query: Query, columns?: readonly string[]): string =>
  evaluate(entries, query, columns)
    .map(([id]) => id)
    .join("");

describe("order and search", () => {
  test("Q17 Q18 sorts upwards and downwards, nulls last or first in both, ties by id", () => {
    expect(idsOf(orderedBy(everything, "n"))).toBe("eabcd");
    expect(idsOf(orderedBy(everything, ["n", "desc"]))).toBe("abecd");
    expect(idsOf(orderedBy(everything, { column: "n", nulls: "first" }))).toBe("cdeab");
    expect(idsOf(orderedBy(everything, { column: "n", direction: "desc", nulls: "first" }))).toBe("cdabe");
    expect(idsOf(orderedBy(everything, "n", ["text", "desc"]))).toBe("ebacd");
  });

  test("Q19 searches without case, in the columns named, in text only", () => {
    expect(idsOf(searching(everything, "äPFEL"), ["text"])).toBe("bc");
    expect(idsOf(searching(everything, "apfel"), ["text"])).toBe("");
    expect(idsOf(searching(everything, "7"), ["text", "n"])).toBe("");
    expect(idsOf(searching(everything, "l und b"), ["n", "text"])).toBe("c");
    expect(idsOf(searching(everything, "b"), [])).toBe("");
  });

  test("Q19 the form of a small sigma makes no difference", () => {
    for (const text of ["ΟΔΟΣ", "οδος", "οδοσ", "ΔΟΣ", "σ"]) {
      expect([
        text,
        compileSearch(text, ["a"])({ a: "Η ΟΔΟΣ" }),
        compileSearch(text, ["a"])({ a: "οδος μου" }),
      ]).toEqual([text, true, true]);
      expect(compileSearch(text, ["a"])({ a: "ΟΔΟΣΑ" })).toBe(true);
    }
  });

  test("Q20 without columns, looks at every text cell of the row, nested ones aside", () => {
    expect(idsOf(searching(everything, "APFEL"))).toBe("e");
    expect(compileSearch("x", undefined)({ a: { b: "x" }, c: ["x"] })).toBe(false);
    expect(compileSearch("x", ["a.b"])({ a: { b: "x" } })).toBe(true);
  });

  test("Q21 without an order the entries keep their own", () => {
    expect(idsOf(narrow(everything, ["text", "is not null"]))).toBe("bacde");
    expect(evaluate(new Map<string, Row>(entries), everything, undefined)).toEqual(entries);
  });

  test("Q22 a window beyond the end is empty and still counts", () => {
    expect(evaluateWindow(entries, everything, [], { offset: 9, limit: 5 })).toEqual({ rows: [], total: 5 });
    expect(evaluateWindow(entries, orderedBy(everything, "n"), [], { offset: 0, limit: 0 })).toEqual({
      rows: [],
      total: 5,
    });
    expect(() => evaluateWindow(entries, everything, [], { offset: -1, limit: 5 })).toThrow(
      "assertion failed",
    );
  });
});

describe("knowing a query", () => {
  const names = new Set(["price", "name", "address", "a.b"]);

  test("Q23 unknown columns are invalid wherever the query names them", () => {
    const queries = [
      narrow(everything, ["pirce", "=", 1]),
      narrow(everything, not(or(["name", "is null"], and(["pirce", "in", []], isNull("name"))))),
      orderedBy(everything, "name", "pirce"),
      narrow(everything, ["pirce.x", "is null"]),
    ];
    for (const query of queries) {
      expect(() => checkQuery(query, names, false, "products")).toThrow(invalid('did you mean "price"?'));
      expect(() => checkQuery(query, names, true, "products")).not.toThrow();
    }
    expect(() => checkQuery(orderedBy(everything, "qwertz"), names, false, "products")).toThrow(
      invalid('products, column "qwertz": there is no such column; it has: price, name, address, a.b'),
    );
    for (const name of ["__proto__", "constructor", "", "a"]) {
      expect(() => checkQuery(orderedBy(everything, name), names, false, "v")).toThrow(
        invalid("no such column"),
      );
    }
  });

  test("Q23 a path's first part has to be known, or the whole name", () => {
    const query = orderedBy(narrow(everything, ["address.city", "=", "x"], hasId("1")), "a.b", "price");
    expect(() => checkQuery(query, names, false, "products")).not.toThrow();
  });

  test.each<[string, Query, Query]>([
    [
      "order of conditions",
      narrow(everything, ["a", "=", 1], ["b", "=", 2]),
      narrow(everything, ["b", "=", 2], ["a", "=", 1]),
    ],
    ["repetition", narrow(everything, ["a", "=", 1], ["a", "=", 1]), narrow(everything, ["a", "=", 1])],
    [
      "order and repetition of a list",
      narrow(everything, ["a", "in", [2, 1, 2]]),
      narrow(everything, ["a", "in", [1, 2]]),
    ],
    [
      "order and repetition of ids",
      narrow(everything, hasId("b", "a", "b")),
      narrow(everything, hasId("a", "b")),
    ],
    [
      "order of keys",
      narrow(everything, ["a", "=", { x: 1, y: 2 }]),
      narrow(everything, ["a", "=", { y: 2, x: 1 }]),
    ],
    [
      "nested groups",
      narrow(everything, or(["a", "=", 1], or(["b", "=", 2]))),
      narrow(everything, or(["b", "=", 2], ["a", "=", 1])),
    ],
    ["a group of one", narrow(everything, or(["a", "=", 1])), narrow(everything, ["a", "=", 1])],
    ["case of the search", searching(everything, "ÄPFEL"), searching(everything, "äpfel")],
    ["order, which isn't asked for", orderedBy(everything, "a"), everything],
  ])("Q24 %s makes no difference to the key", (_what, a, b) => {
    expect(queryKey(a)).toBe(queryKey(b));
  });

  test("Q25 everything else does", () => {
    const values = [
      5,
      5n,
      "5",
      "5n",
      true,
      "true",
      null,
      "null",
      NaN,
      "NaN",
      new Date(5),
      "d5",
      new Uint8Array([5]),
      "b05",
      [5],
      [[5]],
      [],
      {},
      { a: 5 },
      { a: "5" },
      [5, 5],
      [5, 6],
      [6, 5],
      ["5,6"],
      '"',
      '","',
    ];
    const queries = [
      everything,
      ...values.map((value) => narrow(everything, condition("a", "=", value))),
      ...values.map((value) => narrow(everything, condition("a", "in", [value]))),
      narrow(everything, condition("a", "in", [])),
      narrow(everything, ["b", "=", 5]),
      narrow(everything, ["a", "!=", 5]),
      narrow(everything, not(["a", "=", 5])),
      narrow(everything, ["a", "is null"]),
      narrow(everything, ["a", "is not null"]),
      narrow(everything, hasId()),
      narrow(everything, hasId("a")),
      narrow(everything, hasId("a", "b")),
      narrow(everything, hasId('a","b')),
      narrow(everything, or(["a", "=", 5], ["b", "=", 5])),
      narrow(everything, ["a", "=", 5], ["b", "=", 5]),
      narrow(everything, or()),
      searching(everything, "a"),
      searching(everything, " a"),
      searching(narrow(everything, ["a", "=", 5]), "a"),
      orderedBy(everything, "a"),
      orderedBy(everything, ["a", "desc"]),
      orderedBy(everything, { column: "a", nulls: "first" }),
      orderedBy(everything, "a", "b"),
      orderedBy(everything, "b", "a"),
      orderedBy(everything, 'a"/+"b'),
    ];
    expect(new Set(queries.map((query) => queryKey(query, { order: true }))).size).toBe(queries.length);
  });

  test("Q26 what a query needs and names", () => {
    const query = searching(orderedBy(narrow(everything, ["a", "=", 1], hasId("1")), "b.c"), "x");
    expect(needs(query)).toEqual(["canMatch", "canOrder", "canSearch"]);
    expect(columnsOf(query)).toEqual(["a", "b.c"]);
    for (const input of [
      ["a", "!=", 1],
      ["a", "in", [1]],
      ["a", "is null"],
    ] as const) {
      expect(needs(narrow(everything, input))).toEqual(["canFilter"]);
    }
    expect(needs(narrow(everything, or(["a", "=", 1], ["a", "=", 1])))).toEqual(["canFilter"]);
    expect(needs(narrow(everything, not(["a", "=", 1]), ["a", "=", 1]))).toEqual(["canFilter", "canMatch"]);
    expect(needs(everything)).toEqual([]);
    expect(columnsOf(narrow(everything, not(or(["x", "is null"], ["y", "in", []], ["x", "=", 1]))))).toEqual([
      "x",
      "y",
    ]);
  });
});
