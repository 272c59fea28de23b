import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../../test/properties/runs.ts";
import { isDioramaError } from "../../base/index.ts";
import { parseJson, toJsonText } from "./json-text.ts";

const plain = { tellsSource: false, writesRaw: false };

function outcomeOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (!isDioramaError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const digits = (count: number): string => "9".repeat(count);

describe("reading", () => {
  test.each<[text: string, value: unknown]>([
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740992", 9_007_199_254_740_992n],
    ["-9007199254740993", -9_007_199_254_740_993n],
    ["[1,12345678901234567890]", [1, 12_345_678_901_234_567_890n]],
    ['{"a":{"b":10000000000000000000000}}', { a: { b: 10_000_000_000_000_000_000_000n } }],
    ["1e20", 1e20],
    ["12345678901234567890.0", 12_345_678_901_234_567_000],
    ["0.1234567890123456789", 0.123_456_789_012_345_68],
    ["1e-999", 0],
    ["-0", -0],
    ['"9007199254740993"', "9007199254740993"],
  ])("REST62 %s keeps its digits", (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test("REST62 an integer has at most a thousand digits", () => {
    expect(parseJson(`[${digits(1_000)}]`)).toEqual([BigInt(digits(1_000))]);
    const why = "rejected: its JSON holds an integer of over 1000 digits";
    expect(outcomeOf(() => parseJson(`[${digits(1_001)}]`))).toBe(why);
    expect(outcomeOf(() => parseJson(`[${digits(400)}]`, plain))).toBe(
      "rejected: its JSON holds a number that is too large",
    );
  });

  test("REST62 keys such as __proto__ are data, also beside large integers", () => {
    const found = parseJson('{"__proto__":{"x":9007199254740993},"constructor":1}');
    expect(Object.entries(Object(found))).toEqual([
      ["__proto__", { x: 9_007_199_254_740_993n }],
      ["constructor", 1],
    ]);
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
  });

  test.each([
    ["1e999", "rejected: its JSON holds a number that is too large"],
    ["[-1e400]", "rejected: its JSON holds a number that is too large"],
    ['{"a":NaN}', "rejected: its body is no JSON"],
    ["", "rejected: its body is no JSON"],
    ['{"name":"sesame" oops}', "rejected: its body is no JSON"],
    ['{"name":"ses', "unavailable: its JSON ends in the middle"],
    ['["}",', "unavailable: its JSON ends in the middle"],
    ['["\\"', "unavailable: its JSON ends in the middle"],
  ])("REST60 REST61 REST62 %s is refused, and not quoted", (text, why) => {
    expect(outcomeOf(() => parseJson(text))).toBe(why);
  });

  test("REST62 a host that does not tell how numbers were written refuses what it would lose", () => {
    const read = (text: string): unknown => outcomeOf(() => parseJson(text, plain));
    expect(read("[9007199254740991,1.5]")).toEqual([9_007_199_254_740_991, 1.5]);
    expect(read('["12345678901234567890"]')).toEqual(["12345678901234567890"]);
    expect(read("9007199254740993")).toBe(
      "rejected: its JSON holds an integer beyond 2^53, which this host can't read without losing digits",
    );
  });

  test("REST62 nesting without end is refused, with and without large integers", () => {
    const deep = (inner: string): string => `${"[".repeat(200_000)}${inner}${"]".repeat(200_000)}`;
    for (const inner of ["", "9007199254740993"]) {
      const found = outcomeOf(() => typeof parseJson(deep(inner)));
      // An engine may well read it; what it may not do is break.
      expect(["object", "rejected: its JSON is nested too deep"]).toContain(found);
    }
  });
});

describe("writing", () => {
  test("REST63 bigints are integers and -0 stays what it is", () => {
    expect(toJsonText({ a: 12_345_678_901_234_567_890n, b: [-0, 0, 2 ** 54], c: new Date(0) })).toBe(
      '{"a":12345678901234567890,"b":[-0,0,1.8014398509481984e+16],"c":"1970-01-01T00:00:00.000Z"}',
    );
  });

  test.each([
    [Number.NaN, "invalid: JSON has no NaN"],
    [[Infinity], "invalid: JSON has no Infinity"],
    [{ bytes: new Uint8Array(2) }, "invalid: JSON has no bytes; send them as a text"],
  ])("REST63 %j is invalid", (value, why) => {
    expect(outcomeOf(() => toJsonText(value))).toBe(why);
  });

  test("REST63 a host that can't write integers as they are refuses bigints", () => {
    expect(toJsonText({ a: -0 }, plain)).toBe('{"a":0}');
    expect(outcomeOf(() => toJsonText(7n, plain))).toBe(
      "invalid: this host can't write bigints as JSON; send them as texts",
    );
  });

  test("REST62 REST63 what is written is read again as it was", () => {
    const json = fc.jsonValue({ maxDepth: 3 }).chain((value) =>
      fc.bigInt().map((big) => ({
        value,
        big:
          big >= -BigInt(Number.MAX_SAFE_INTEGER) && big <= BigInt(Number.MAX_SAFE_INTEGER)
            ? Number(big)
            : big,
      })),
    );
    fc.assert(
      fc.property(json, (value) => {
        expect(parseJson(toJsonText(value))).toEqual(value);
      }),
      runs(1_000),
    );
  });
});
