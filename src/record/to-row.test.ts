import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { DioramaError } from "../base/index.ts";
import { equalRows, equalValues } from "./equal-values.ts";
import { decodeValue } from "./row-decoder.ts";
import { encodeValue } from "./row-encoder.ts";
import { MAX_DEPTH, toRow, toValue } from "./to-row.ts";

function refusal(run: () => unknown): DioramaError {
  try {
    run();
  } catch (error) {
    if (error instanceof DioramaError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

function nest(levels: number): unknown {
  let inner: unknown = 1;
  for (let level = 0; level < levels; level++) inner = level % 2 === 0 ? [inner] : { inner };
  return inner;
}

describe("toRow", () => {
  test("R1 keeps own enumerable columns in their order and drops undefined at every depth", () => {
    const input = { b: 1, a: undefined, c: { y: undefined, x: 2 }, [Symbol("note")]: 1 };
    Object.defineProperty(input, "hidden", { value: 1, enumerable: false });
    const row = toRow(input);
    expect(Object.keys(row)).toEqual(["b", "c"]);
    expect(Object.keys(row["c"] ?? {})).toEqual(["x"]);
    expect(Reflect.ownKeys(row)).toEqual(["b", "c"]);
  });

  test("R1 takes objects without a prototype and of another realm, and its own rows", () => {
    const bare: Record<string, unknown> = Object.create(null);
    bare["a"] = 1;
    expect(toRow(bare)).toEqual({ a: 1 });
    expect(Object.getPrototypeOf(toRow(bare))).toBe(Object.prototype);
    const foreign: unknown = Object.create(Object.create(null, { constructor: { value: class Object {} } }));
    expect(toRow(Object.assign(foreign as object, { a: 1 }))).toEqual({ a: 1 });
  });

  test("R1 R7 any row equals its copy, with its keys in the same order", () => {
    fc.assert(
      fc.property(arbitrary.row, (row) => {
        const copy = toRow(row);
        expect(equalRows(copy, row)).toBe(true);
        expect(Object.keys(copy)).toEqual(Object.keys(row));
      }),
      runs(500),
    );
  });

  test("R2 shares no object, list, date or bytes with its input", () => {
    const input = {
      at: new Date(5),
      bytes: new Uint8Array([1]),
      list: [1, { deep: [2] }],
      object: { x: [3] },
    };
    const before = structuredClone(input);
    const row = toRow(input);
    input.at.setTime(9);
    input.bytes[0] = 9;
    input.list.push(4);
    (input.list[1] as { deep: number[] }).deep[0] = 9;
    input.object.x.length = 0;
    expect(row).toEqual(before);
  });

  test("R2 bytes of a Buffer become plain bytes with memory of their own", () => {
    const row = toRow({ bytes: Buffer.from("abc") });
    expect(Object.getPrototypeOf(row["bytes"])).toBe(Uint8Array.prototype);
    expect(row["bytes"]).toEqual(new Uint8Array([97, 98, 99]));
  });

  test.each<[string, unknown, string]>([
    ["half a surrogate pair", { note: { text: ["\ud800"] } }, "note.text[0]"],
    ["half a surrogate pair in a name", { a: { "\udc00": 1 } }, "a.\ufffd"],
    ["an invalid date", { at: new Date(NaN) }, "at"],
    ["an invalid date in a list", { at: [1, new Date(NaN)] }, "at[1]"],
    ["a function", { run: () => 1 }, "run"],
    ["a symbol", { mark: Symbol("x") }, "mark"],
    ["undefined in a list", { list: [1, undefined] }, "list[1]"],
    ["a hole in a list", { list: [1, , 3] }, "list[1]"], // oxlint-disable-line no-sparse-arrays
    ["a class instance", { map: new Map() }, "map"],
    ["another typed array", { floats: new Float64Array(1) }, "floats"],
    ["an array buffer", { buffer: new ArrayBuffer(1) }, "buffer"],
    ["a boxed text", { text: Object("x") }, "text"],
    ["an object with a prototype of its own", { object: Object.create({ a: 1 }) }, "object"],
  ])("R3 refuses %s and names the path", (_what, input, path) => {
    const error = refusal(() => toRow(input as object, { vista: "products", id: "7" }));
    expect(error.code).toBe("invalid");
    expect(error.place).toEqual({ vista: "products", id: "7", column: path });
    expect(error.message).toContain(`products, row "7", column ${JSON.stringify(path)}: `);
  });

  test("R3 refuses what is no plain object, and a value alone", () => {
    expect(refusal(() => toRow([], { vista: "v" })).message).toContain("not a list");
    expect(refusal(() => toRow(new Date(0))).message).toContain("an instance of Date");
    expect(refusal(() => toValue(undefined)).code).toBe("invalid");
    expect(refusal(() => toValue("\ud800", { column: "note" })).place.column).toBe("note");
    expect(refusal(() => toValue([() => 1], { column: "note" })).place.column).toBe("note[0]");
  });

  test("R4 refuses a value that contains itself, but not one that is there twice", () => {
    const loop: Record<string, unknown> = { a: [] };
    loop["a"] = [{ b: loop }];
    expect(refusal(() => toRow(loop)).message).toContain("contains itself");
    const twice = { x: 1 };
    expect(toRow({ a: twice, b: [twice, twice] })).toEqual({ a: { x: 1 }, b: [{ x: 1 }, { x: 1 }] });
  });

  test("R4 takes 256 levels and refuses one more", () => {
    expect(() => toValue(nest(MAX_DEPTH))).not.toThrow();
    expect(refusal(() => toValue(nest(MAX_DEPTH + 1))).message).toContain("deeper than 256");
    expect(() => toRow({ a: nest(MAX_DEPTH - 1) })).not.toThrow();
    expect(refusal(() => toRow({ a: nest(MAX_DEPTH) })).code).toBe("invalid");
  });

  test("R5 keeps __proto__ and constructor as data and pollutes nothing", () => {
    const input: object = JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"x":{"__proto__":3}}');
    for (const row of [toRow(input), toRow({ ...input, gone: undefined }), toRow({ ...input, 1000: 1 })]) {
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
      expect(Object.getOwnPropertyDescriptor(row, "__proto__")?.value).toEqual({ polluted: 1 });
      expect(Object.hasOwn(row["x"] as object, "__proto__")).toBe(true);
      expect(row["constructor"]).toBe(2);
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("R6 keys that look like list indexes cost no more than others", () => {
    const many = JSON.parse(`[${Array.from({ length: 20_000 }, () => '{"5":0,"1000":null}').join(",")}]`);
    const before = process.memoryUsage().heapUsed;
    const value = toValue(many) as readonly object[];
    const grownBytes = process.memoryUsage().heapUsed - before;
    expect(value).toHaveLength(20_000);
    expect(value[0]).toEqual({ 5: 0, 1000: null });
    expect(grownBytes / 20_000).toBeLessThan(2_000);
  });

  test("R3 whatever it is given becomes a value or is invalid", () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
      key: arbitrary.key,
    });
    fc.assert(
      fc.property(anything, (input) => {
        try {
          const value = toValue(input);
          expect(equalValues(toValue(value), value)).toBe(true);
          expect(equalValues(decodeValue(encodeValue(value)), value)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: "DioramaError", code: "invalid" });
        }
      }),
      runs(5_000),
    );
  });
});
