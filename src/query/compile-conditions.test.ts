import { describe, expect, test } from "vitest";
import type { Row, Value } from "../record/index.ts";
import { compileConditions } from "./compile-conditions.ts";
import { hasId } from "./condition.ts";
import { readPath } from "./read-path.ts";
import { and, type ConditionInput, not, or, toCondition } from "./to-condition.ts";

function passes(row: Row, ...inputs: readonly ConditionInput[]): boolean {
  return compileConditions(inputs.map((input) => toCondition(input)))("7", row);
}

const everyOperator: readonly ConditionInput[] = [
  ["a", "=", 1],
  ["a", "!=", 1],
  ["a", "<", 1],
  ["a", "<=", 1],
  ["a", ">", 1],
  ["a", ">=", 1],
  ["a", "in", [1]],
  ["a", "not in", [1]],
  ["a", "contains", ""],
  ["a", "starts with", ""],
  ["a", "is not null"],
];

describe("what a condition passes", () => {
  test("Q7 Q8 null and absent pass is null alone; not passes whatever the rest doesn't", () => {
    for (const row of [{ a: null }, {}, { b: 1 }]) {
      expect(passes(row, ["a", "is null"])).toBe(true);
      expect(passes(row, not(["a", "is null"]))).toBe(false);
      for (const input of everyOperator) {
        expect([input, passes(row, input), passes(row, not(input))]).toEqual([input, false, true]);
      }
    }
  });

  test.each<[Value, Value, boolean]>([
    [5, 5n, true],
    [5n, 5, true],
    [2n ** 53n + 1n, 2 ** 53, false],
    ["1", 1, false],
    [true, 1, false],
    [0, -0, true],
    [NaN, NaN, true],
    ["a", "A", false],
    [new Date(1), new Date(1), true],
    [new Date(1), 1, false],
    [[1, { x: 2 }], [1n, { x: 2n }], true],
    [{ x: 1, y: 2 }, { y: 2, x: 1 }, true],
    [new Uint8Array([1]), new Uint8Array([1]), true],
  ])("Q9 cell %o = %o is %s, by every operator of equality", (cell, value, same) => {
    expect(passes({ a: cell }, ["a", "=", value])).toBe(same);
    expect(passes({ a: cell }, ["a", "!=", value])).toBe(!same);
    expect(passes({ a: cell }, ["a", "in", ["x", value, 99]])).toBe(same);
    expect(passes({ a: cell }, ["a", "not in", ["x", value, 99]])).toBe(!same);
  });

  test("Q9 a list of thousands is looked up, not gone through", () => {
    const values = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? index : BigInt(index)));
    const test = compileConditions([toCondition(["a", "in", values])]);
    const start = performance.now();
    for (let index = 0; index < 20_000; index++) expect(test("1", { a: BigInt(index) })).toBe(true);
    expect(test("1", { a: 20_000 })).toBe(false);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test.each<[Value, Value, string]>([
    [1, 2, "<"],
    [1n, 1.5, "<"],
    [2n ** 60n, 2 ** 60, "="],
    [2n ** 60n + 1n, 2 ** 60, ">"],
    [NaN, -Infinity, "<"],
    [NaN, NaN, "="],
    [1, NaN, ">"],
    [1n, NaN, ">"],
    [NaN, 5, "<"],
    [-0, 0, "="],
    ["a", "b", "<"],
    ["\u{FFFF}", "😀", "<"],
    [false, true, "<"],
    [new Date(1), new Date(2), "<"],
    [new Uint8Array([1]), new Uint8Array([1, 0]), "<"],
    [[1, 2], [1, 3], "<"],
    [{ a: 1 }, { a: 2 }, "<"],
  ])("Q10 cell %o against %o is %s", (cell, value, sign) => {
    expect(passes({ a: cell }, ["a", "<", value])).toBe(sign === "<");
    expect(passes({ a: cell }, ["a", "<=", value])).toBe(sign !== ">");
    expect(passes({ a: cell }, ["a", ">", value])).toBe(sign === ">");
    expect(passes({ a: cell }, ["a", ">=", value])).toBe(sign !== "<");
  });

  test("Q10 a cell of another class is neither before nor behind", () => {
    const classes: readonly Value[] = [true, 1, "1", new Date(1), new Uint8Array([1]), [1], { a: 1 }];
    for (const cell of classes) {
      for (const value of classes.filter((other) => other !== cell)) {
        for (const operator of ["<", "<=", ">", ">="] as const) {
          expect([cell, operator, value, passes({ a: cell }, ["a", operator, value])]).toEqual([
            cell,
            operator,
            value,
            false,
          ]);
        }
      }
    }
  });

  test("Q11 contains and starts with go by case and pass text only", () => {
    expect(passes({ a: "San José" }, ["a", "contains", "n J"])).toBe(true);
    expect(passes({ a: "San José" }, ["a", "contains", "san"])).toBe(false);
    expect(passes({ a: "San José" }, ["a", "starts with", "San"])).toBe(true);
    expect(passes({ a: "San José" }, ["a", "starts with", "an"])).toBe(false);
    expect(passes({ a: "" }, ["a", "contains", ""])).toBe(true);
    for (const cell of [5, true, ["a"], { a: "a" }, new Date(0)]) {
      expect(passes({ a: cell }, ["a", "contains", ""])).toBe(false);
      expect(passes({ a: cell }, ["a", "starts with", ""])).toBe(false);
    }
  });

  test("Q12 groups, empty ones too", () => {
    const yes: ConditionInput = ["a", "=", 1];
    const no: ConditionInput = ["a", "=", 2];
    const row = { a: 1 };
    expect([and(), and(yes), and(yes, no), and(yes, yes, yes)].map((group) => passes(row, group))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect([or(), or(no), or(no, yes), or(no, no, no)].map((group) => passes(row, group))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(passes(row)).toBe(true);
    expect(passes(row, yes, yes, no)).toBe(false);
    expect(passes(row, not(or(no, and(yes, no))))).toBe(true);
  });

  test("Q13 ids", () => {
    expect(passes({}, hasId("1", "7"))).toBe(true);
    expect(passes({}, hasId("1"))).toBe(false);
    expect(passes({}, hasId())).toBe(false);
    expect(passes({}, not(hasId()))).toBe(true);
  });

  test("Q14 null as a value equals no cell", () => {
    for (const cell of [1, "", false, [null]]) {
      const row = { a: cell };
      expect(passes(row, ["a", "=", null])).toBe(false);
      expect(passes(row, ["a", "!=", null])).toBe(true);
      expect(passes(row, ["a", "in", [null, cell]])).toBe(true);
      expect(passes(row, ["a", "not in", [null]])).toBe(true);
      expect(passes(row, ["a", "<", null]) || passes(row, ["a", ">=", null])).toBe(false);
    }
  });
});

describe("columns", () => {
  test("Q15 a path leads into objects, a literal dotted key wins", () => {
    const row: Row = {
      a: { b: { c: 1 }, "b.c": 2 },
      "a.b": 3,
      list: [{ x: 1 }],
      text: "abc",
      when: new Date(0),
      gone: null,
    };
    expect(readPath(row, "a.b")).toBe(3);
    expect(readPath(row, "a.b.c")).toBe(1);
    for (const path of [
      "list.0",
      "list.length",
      "list.0.x",
      "text.length",
      "text.0",
      "when.getTime",
      "gone.x",
      "a.x.y",
      "a.",
      ".a",
      ".",
    ]) {
      expect([path, readPath(row, path)]).toEqual([path, undefined]);
    }
    expect(readPath({ "a.b": null, a: { b: 1 } }, "a.b")).toBe(null);
    expect(readPath({ "": { "": 1 } }, ".")).toBe(1);
    expect(passes(row, ["a.b.c", "=", 1n], ["list.0.x", "is null"])).toBe(true);
  });

  test("Q16 prototypes answer to no column", () => {
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(readPath({}, name)).toBe(undefined);
      expect(readPath({ a: {} }, `a.${name}`)).toBe(undefined);
      expect(readPath({}, `${name}.name`)).toBe(undefined);
      const row: Row = Object.fromEntries([[name, { name: 5 }]]);
      expect(readPath(row, `${name}.name`)).toBe(5);
      expect(passes(row, [`${name}.name`, "=", 5])).toBe(true);
      expect(passes({}, [name, "is null"])).toBe(true);
    }
  });
});
