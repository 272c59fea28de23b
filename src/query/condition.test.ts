import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import type { Value } from "../record/index.ts";
import { condition, hasId, isNotNull, isNull, MAX_CONDITION_DEPTH } from "./condition.ts";
import { and, type ConditionInput, not, or, toCondition } from "./to-condition.ts";
import type { Condition } from "./query.ts";

const invalid = (...parts: string[]): unknown =>
  expect.objectContaining({
    name: "DioramaError",
    code: "invalid",
    message: expect.stringMatching(
      parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*"),
    ),
  });

/** What no type would let through, as JSON or a careless caller hands it over. */
const unchecked = (input: unknown): Condition => toCondition(input as ConditionInput);

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}

describe("saying a condition", () => {
  test("Q1 conditions are frozen data, and hold copies", () => {
    const list = [1, 2];
    const ids = ["a"];
    const made = and(condition("a", "in", list), or(hasId(...ids), not(isNull("b"))), ["c", "=", [list]]);
    list.push(3);
    ids.push("b");
    expect(isDeeplyFrozen(made)).toBe(true);
    expect(made).toEqual({
      kind: "and",
      conditions: [
        { kind: "list", column: "a", operator: "in", values: [1, 2] },
        {
          kind: "or",
          conditions: [
            { kind: "id", ids: ["a"] },
            { kind: "not", condition: { kind: "null", column: "b", operator: "is null" } },
          ],
        },
        { kind: "compare", column: "c", operator: "=", value: [[1, 2]] },
      ],
    });
  });

  test("Q1 a date in a condition is a copy", () => {
    const date = new Date(5);
    const made = condition("a", "<", date);
    date.setTime(9);
    expect(made).toEqual({ kind: "compare", column: "a", operator: "<", value: new Date(5) });
  });

  test("Q2 short forms", () => {
    expect(toCondition(["price", "<", 5])).toEqual(condition("price", "<", 5));
    expect(toCondition(["category", "not in", ["a"]])).toEqual(condition("category", "not in", ["a"]));
    expect(toCondition(["note", "is not null"])).toEqual(isNotNull("note"));
    const made = isNull("note");
    expect(toCondition(made)).toBe(made);
  });

  test.each<[string, unknown, string]>([
    ["nothing", null, "not null"],
    ["a text", "price", "not string"],
    ["an empty list", [], "short form"],
    ["too long a short form", ["a", "=", 1, 2], "short form"],
    ["a short form of one", ["a"], "short form"],
    ["a column that is no text", [1, "=", 1], "named by text"],
    ["no kind", {}, '"kind"'],
    ["a claim without a column", { kind: "compare", operator: "=", value: 1 }, "named by text"],
    ["a claim without a value", { kind: "compare", column: "a", operator: "=" }, "needs a value"],
    ["a value for is null", { kind: "null", column: "a", operator: "is null", value: 1 }, "takes no value"],
    [
      "a kind that its operator contradicts",
      { kind: "compare", column: "a", operator: "in", value: [1] },
      '"list"',
    ],
    ["ids that are no list", { kind: "id", ids: "a" }, '"ids" is a list'],
    ["an id that is no text", { kind: "id", ids: [1] }, "an id is text"],
    ["an empty id", { kind: "id", ids: [""] }, "never empty"],
    ["members that are no list", { kind: "and", conditions: {} }, '"conditions" is a list'],
    ["a bad member", { kind: "or", conditions: [{ kind: "not" }] }, "not undefined"],
    [
      "a value that can't be kept",
      { kind: "compare", column: "a", operator: "=", value: () => 1 },
      'column "a"',
    ],
    ["half a surrogate pair", ["a", "=", "\ud800"], "surrogate"],
    ["half a surrogate pair in a column", ["\ud800", "is null"], "surrogate"],
    ["a class instance", new Map(), '"kind"'],
  ])("Q3 refuses %s", (_what, input, message) => {
    expect(() => unchecked(input)).toThrow(invalid(message));
    expect(() => unchecked({ kind: "not", condition: { kind: "and", conditions: [input] } })).toThrow(
      invalid(message),
    );
  });

  test("Q3 takes a claim from a parser, and nothing else that it brings along", () => {
    const text =
      '{"kind":"not","condition":{"kind":"list","column":"a","operator":"in","values":[1],"extra":2},"__proto__":3}';
    expect(unchecked(JSON.parse(text))).toEqual(not(condition("a", "in", [1])));
    expect(Object.keys(unchecked(JSON.parse(text)))).toEqual(["kind", "condition"]);
  });

  test("Q3 whatever it is given becomes a frozen condition or is invalid", () => {
    const kind = fc.constantFrom("compare", "list", "null", "id", "and", "or", "not", "x");
    const operator = fc.constantFrom("=", "<", "in", "not in", "is null", "contains", "x");
    const { claim } = fc.letrec<{ claim: unknown }>((tie) => ({
      claim: fc.oneof(
        { depthSize: "small" },
        fc.anything({ withBigInt: true, withSparseArray: true }),
        fc.tuple(arbitrary.text, operator, arbitrary.value),
        fc.record(
          {
            kind,
            column: fc.oneof(arbitrary.text, fc.anything()),
            operator,
            value: fc.oneof(arbitrary.value, fc.anything()),
            values: fc.oneof(fc.array(arbitrary.value), fc.anything()),
            ids: fc.oneof(fc.array(arbitrary.text), fc.anything()),
            conditions: fc.oneof(fc.array(tie("claim"), { maxLength: 3 }), fc.anything()),
            condition: tie("claim"),
          },
          { requiredKeys: ["kind"] },
        ),
      ),
    }));
    fc.assert(
      fc.property(claim, (input) => {
        try {
          const made = unchecked(input);
          expect(Object.isFrozen(made)).toBe(true);
          expect(unchecked(made)).toBe(made);
          expect(unchecked({ ...made })).toEqual(made);
        } catch (error) {
          expect(error).toMatchObject({ name: "DioramaError", code: "invalid" });
        }
      }),
      runs(5_000),
    );
  });

  test("Q3 groups of 256 levels are taken and deeper ones refused, made or claimed", () => {
    let claimed: unknown = { kind: "null", column: "a", operator: "is null" };
    for (let level = 1; level < MAX_CONDITION_DEPTH; level++) claimed = { kind: "not", condition: claimed };
    const made = unchecked(claimed);
    expect(() => unchecked({ kind: "not", condition: claimed })).toThrow(invalid("deeper than 256"));
    expect(() => not(made)).toThrow(invalid("deeper than 256"));
    expect(() => and(isNull("a"), made)).toThrow(invalid("deeper than 256"));
  });

  test.each([
    ["==", "="],
    ["===", "="],
    ["<>", "!="],
    ["=>", ">="],
    ["IN", "in"],
    ["not_in", "not in"],
    ["startsWith", "starts with"],
    ["contain", "contains"],
    ["LIKE", "contains"],
    ["is nul", "is null"],
    ["isnot null", "is not null"],
  ])("Q4 %j asks for %j", (word, meant) => {
    expect(() => unchecked(["price", word, 1])).toThrow(
      invalid('column "price"', word, `did you mean "${meant}"?`),
    );
  });

  test("Q4 a word like no operator lists them all; an unknown kind is named", () => {
    expect(() => unchecked(["price", "approximately", 1])).toThrow(invalid("known are: =, !=, <"));
    expect(() => unchecked(["price", 5, 1])).toThrow(invalid("an operator is text"));
    expect(() => unchecked({ kind: "compar" })).toThrow(invalid('did you mean "compare"?'));
    expect(() => unchecked({ kind: "xyzzy" })).toThrow(invalid("known are: compare"));
    expect(() => condition("a", "is null" as "=", 1)).toThrow(invalid('"is null"'));
  });

  test.each<[string, string, Value | undefined, string]>([
    ["in without a list", "in", "a", "takes a list of values, not string"],
    ["not in without a list", "not in", { a: 1 }, "takes a list of values, not object"],
    ["contains without a text", "contains", 5, "give a text, not number"],
    ["starts with without a text", "starts with", null, "give a text, not null"],
    ["is null with a value", "is null", 5, "takes no value"],
    ["a comparison without a value", "<", undefined, "needs a value"],
    ["a list operator without a list", "in", undefined, "needs a value"],
  ])("Q5 %s is invalid", (_what, operator, value, message) => {
    expect(() => unchecked(["a", operator, value])).toThrow(invalid('column "a"', message));
  });

  test("Q5 the place that is given opens the message", () => {
    expect(() => toCondition(["a", "in", 5 as unknown as Value[]], { vista: "products" })).toThrow(
      invalid('products, column "a": "in" takes a list'),
    );
  });
});
