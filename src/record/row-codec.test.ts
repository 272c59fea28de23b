import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { equalRows, equalValues } from "./equal-values.ts";
import { decodeRow, decodeValue } from "./row-decoder.ts";
import { createRowEncoder, encodeRow, encodeValue } from "./row-encoder.ts";
import { MAX_DEPTH, toRow } from "./to-row.ts";
import type { Row, Value } from "./value.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const corrupt = expect.objectContaining({ name: "DioramaError", code: "corrupt" });

function nest(levels: number): Value {
  let inner: Value = 1;
  for (let level = 0; level < levels; level++) inner = level % 2 === 0 ? [inner] : { inner };
  return inner;
}

describe("a round trip", () => {
  test("R19 brings back any row, with its keys in order", () => {
    fc.assert(
      fc.property(arbitrary.row, (row) => {
        const back = decodeRow(encodeRow(row));
        expect(equalRows(back, row)).toBe(true);
        expect(Object.keys(back)).toEqual(Object.keys(row));
        expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
      }),
      runs(1_500),
    );
  });

  test("R19 brings back objects of every size, one after the other and one within the other", () => {
    const sizes = fc.constantFrom(0, 1, 22, 23, 24, 25, 254, 255, 256, 257);
    const ofSize = (size: number): Row =>
      Object.fromEntries(Array.from({ length: size }, (_, index) => [`column ${index}`, index]));
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 4 }), (nested) => {
        let row: Row = {};
        for (const size of nested) row = { ...ofSize(size), inner: row };
        const encoder = createRowEncoder();
        const ends = [row, ofSize(nested[0] ?? 0), row].map((one) => encoder.append(one));
        const bytes = encoder.take();
        const [first, second, third] = ends.map(({ start, end }) => decodeRow(bytes.subarray(start, end)));
        expect(first).toEqual(row);
        expect(second).toEqual(ofSize(nested[0] ?? 0));
        expect(third).toEqual(row);
        expect(Object.keys(first ?? {})).toEqual(Object.keys(row));
      }),
      runs(200),
    );
  });

  test("R5 R19 what somebody gave the prototype of all objects is in no row", () => {
    const row = { b: 1, a: { c: [{ d: 2 }] } };
    const bytes = hexOf(encodeRow(row));
    const polluted = { value: 1, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(Object.prototype, "polluted", polluted);
    let found: unknown[];
    try {
      const copy = toRow(row);
      found = [hexOf(encodeRow(row)), Object.keys(copy), hexOf(encodeRow(copy))];
    } finally {
      Reflect.deleteProperty(Object.prototype, "polluted");
    }
    expect(found).toEqual([bytes, ["b", "a"], bytes]);
  });

  test("R19 brings back numbers, bigints, dates and texts of every length", () => {
    const value = fc.oneof(
      arbitrary.number,
      arbitrary.bigint,
      arbitrary.date,
      arbitrary.text,
      fc.string({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(value, (one) => {
        expect(equalValues(decodeValue(encodeValue(one)), one)).toBe(true);
      }),
      runs(3_000),
    );
    for (const length of [0, 23, 24, 27, 28, 29, 63, 64, 65, 255, 256, 65_535, 65_536, 200_000]) {
      for (const letter of ["a", "ä", "€", "😀"]) {
        const text = letter.repeat(length);
        expect(decodeValue(encodeValue(text)) === text).toBe(true);
        expect(decodeValue(encodeValue(`${text.slice(2)}ä`)) === `${text.slice(2)}ä`).toBe(true);
      }
      expect(decodeValue(encodeValue(new Uint8Array(length).fill(7)))).toEqual(
        new Uint8Array(length).fill(7),
      );
      expect(decodeValue(encodeValue(Array.from({ length }, () => 0)))).toHaveLength(length);
    }
    expect(decodeValue(encodeValue("\u{FEFF}a"))).toBe("\u{FEFF}a");
    expect(decodeValue(encodeValue(-(2n ** 70_000n)))).toBe(-(2n ** 70_000n));
  });

  test("R19 brings back maps of every size", () => {
    for (const size of [0, 1, 23, 24, 127, 128, 129, 300, 70_000]) {
      const row: Row = Object.fromEntries(
        Array.from({ length: size }, (_, index) => [`column ${index}`, index]),
      );
      for (let again = 0; again < 3; again++) expect(equalRows(decodeRow(encodeRow(row)), row)).toBe(true);
    }
  });

  test("R19 takes 256 levels, and the encoder refuses one more", () => {
    expect(equalValues(decodeValue(encodeValue(nest(MAX_DEPTH))), nest(MAX_DEPTH))).toBe(true);
    expect(() => encodeValue(nest(MAX_DEPTH + 1))).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  test("R2 R19 what was decoded shares no memory with the bytes", () => {
    const bytes = encodeRow({ text: "a".repeat(50), bytes: new Uint8Array([1, 2]), list: ["x"] });
    const row = decodeRow(bytes);
    const inBuffer = decodeRow(Buffer.from(bytes));
    bytes.fill(0xff);
    expect(row).toEqual({ text: "a".repeat(50), bytes: new Uint8Array([1, 2]), list: ["x"] });
    expect(Object.getPrototypeOf(inBuffer["bytes"])).toBe(Uint8Array.prototype);
  });

  test("R5 __proto__ stays data, on the first reading and on the hundredth", () => {
    const row = toRow(JSON.parse('{"__proto__":{"polluted":1},"constructor":1,"a":{"__proto__":null}}'));
    const bytes = encodeRow(row);
    for (let again = 0; again < 5; again++) {
      const back = decodeRow(bytes);
      expect(Object.keys(back)).toEqual(["__proto__", "constructor", "a"]);
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
      expect(equalRows(back, row)).toBe(true);
    }
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("one form", () => {
  // From the appendix of RFC 8949, where it has the value.
  test.each<[Value, string]>([
    [0, "00"],
    [23, "17"],
    [24, "18 18"],
    [1_000, "19 03e8"],
    [1_000_000, "1a 000f4240"],
    [1_000_000_000_000, "1b 000000e8d4a51000"],
    [2 ** 53 - 1, "1b 001fffffffffffff"],
    [-1, "20"],
    [-1_000, "39 03e7"],
    [1 - 2 ** 53, "3b 001ffffffffffffe"],
    [18446744073709551616n, "c2 49 010000000000000000"],
    [-18446744073709551617n, "c3 49 010000000000000000"],
    [0n, "c2 40"],
    [-1n, "c3 40"],
    [5n, "c2 41 05"],
    [1.1, "fb 3ff199999999999a"],
    [1e300, "fb 7e37e43c8800759c"],
    [-0, "fb 8000000000000000"],
    [NaN, "fb 7ff8000000000000"],
    [-Infinity, "fb fff0000000000000"],
    [2 ** 53, "fb 4340000000000000"],
    [false, "f4"],
    [true, "f5"],
    [null, "f6"],
    [new Date(1_363_896_240_000), "c1 1a 514b67b0"],
    [new Date(1_363_896_240_500), "c1 fb 41d452d9ec200000"],
    [new Date(-1_000), "c1 20"],
    [new Date(2 ** 32 * 1_000), "c1 fb 41f0000000000000"],
    [new Uint8Array([1, 2, 3, 4]), "44 01020304"],
    ["IETF", "64 49455446"],
    ["\u{00fc}", "62 c3bc"],
    ["\u{10151}", "64 f0908591"],
    [[1, [2, 3], [4, 5]], "83 01 82 02 03 82 04 05"],
    [{ a: "A", b: ["c"] }, "a2 61 61 61 41 61 62 81 61 63"],
  ])("R20 %o is written as %s", (value, hex) => {
    expect(hexOf(encodeValue(value))).toBe(hex.replaceAll(" ", ""));
    expect(equalValues(decodeValue(bytesOf(hex)), value)).toBe(true);
  });

  test.each([
    ["an integer in a longer form", "18 17"],
    ["a two-byte head for a small number", "19 00ff"],
    ["a four-byte head for a small number", "1a 0000ffff"],
    ["an eight-byte head for a small number", "1b 00000000ffffffff"],
    ["a longer length of a text", "78 01 61"],
    ["a longer length of bytes", "58 01 61"],
    ["a longer length of a list", "98 01 00"],
    ["a longer length of a map", "b8 01 61 61 00"],
    ["an integer beyond 2^53", "1b 0020000000000000"],
    ["an integer beyond -2^53", "3b 001fffffffffffff"],
    ["a 64-bit integer", "1b ffffffffffffffff"],
    ["an integer as a float", "fb 3ff0000000000000"],
    ["zero as a float", "fb 0000000000000000"],
    ["another NaN", "fb 7ff8000000000001"],
    ["a negative NaN", "fb fff8000000000000"],
    ["a half float", "f9 3c00"],
    ["a single float", "fa 47c35000"],
    ["undefined", "f7"],
    ["an unassigned simple value", "f0"],
    ["a two-byte simple value", "f8 ff"],
    ["a break alone", "ff"],
    ["a reserved length", "1c"],
    ["an indefinite text", "7f 61 61 ff"],
    ["indefinite bytes", "5f 41 00 ff"],
    ["an indefinite list", "9f ff"],
    ["an indefinite map", "bf ff"],
    ["a bigint with leading zeros", "c2 42 00 01"],
    ["a bigint that is text", "c2 61 31"],
    ["a date as text", "c0 74 323031332d30332d32315432303a30343a30305a"],
    ["a date that is text", "c1 61 31"],
    ["a date of whole seconds as a float", "c1 fb 41d452d9ec000000"],
    ["a date of zero as a float", "c1 fb 0000000000000000"],
    ["a date of minus zero", "c1 fb 8000000000000000"],
    ["a date far off as an integer", "c1 1b 0000000100000000"],
    ["a date out of range", "c1 fb 429f6ea086000400"],
    ["a date that is no number", "c1 fb 7ff8000000000000"],
    ["a date between two milliseconds", "c1 fb 3f40624dd2f1a9fd"],
    ["a decimal fraction", "c4 82 21 19 6ab3"],
    ["an unknown tag", "d8 20 61 61"],
    ["a self-described item", "d9 d9f7 00"],
    ["a key that is a number", "a1 01 02"],
    ["an index behind another key", "a2 61 61 00 61 30 00"],
    ["indexes that descend", "a2 61 39 00 61 38 00"],
  ])("R20 %s is corrupt", (_what, hex) => {
    expect(() => decodeValue(bytesOf(hex))).toThrow(corrupt);
    expect(() => decodeRow(bytesOf(`a1 61 61 ${hex}`))).toThrow(corrupt);
  });

  test("R20 equal bytes are equal values, and equal values with equal key order equal bytes", () => {
    fc.assert(
      fc.property(arbitrary.value, arbitrary.value, (a, b) => {
        const bytes = hexOf(encodeValue(a));
        if (bytes === hexOf(encodeValue(b))) expect(equalValues(a, b)).toBe(true);
        expect(hexOf(encodeValue(decodeValue(encodeValue(a))))).toBe(bytes);
      }),
      runs(1_000),
    );
  });

  test("R20 a row is a map", () => {
    for (const value of [1, "a", [], null]) expect(() => decodeRow(encodeValue(value))).toThrow(corrupt);
    expect(() => decodeRow(new Uint8Array(0))).toThrow(corrupt);
  });
});

describe("a row encoder", () => {
  test("R24 puts rows one behind the other, to be read from where they are", () => {
    fc.assert(
      fc.property(fc.array(arbitrary.row, { maxLength: 8 }), (rows) => {
        const encoder = createRowEncoder();
        const ranges = rows.map((row) => encoder.append(row));
        const sizeBytes = encoder.sizeBytes;
        const bytes = encoder.take();
        expect(bytes.length).toBe(sizeBytes);
        expect(bytes.buffer.byteLength).toBe(sizeBytes);
        for (const [index, { start, end }] of ranges.entries()) {
          expect(equalRows(decodeRow(bytes, start, end), rows[index] ?? {})).toBe(true);
          expect(hexOf(bytes.subarray(start, end))).toBe(hexOf(encodeRow(rows[index] ?? {})));
        }
      }),
      runs(200),
    );
  });

  test("R24 starts anew after take, and leaves what was taken alone", () => {
    const encoder = createRowEncoder();
    encoder.append({ a: 1 });
    const first = encoder.take();
    encoder.append({ b: "x".repeat(10_000_000) });
    expect(encoder.take().length).toBeGreaterThan(10_000_000);
    expect(encoder.append({ c: 3 })).toEqual({ start: 0, end: 4 });
    expect(decodeRow(first)).toEqual({ a: 1 });
    expect(decodeRow(encoder.take())).toEqual({ c: 3 });
    expect(encoder.take()).toHaveLength(0);
  });

  test.each<[string, unknown]>([
    ["an invalid date", new Date(NaN)],
    ["half a surrogate pair", "\ud800"],
    ["half a surrogate pair in a long text", `${"a".repeat(100)}\ud800`],
    ["a function", () => 1],
    ["too deep a value", nest(MAX_DEPTH)],
  ])("R24 a row with %s is invalid and leaves nothing behind", (_what, value) => {
    const encoder = createRowEncoder();
    encoder.append({ a: 1 });
    expect(() => encoder.append({ good: 1, bad: value as Value })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
    encoder.append({ a: 2 });
    const bytes = encoder.take();
    expect(hexOf(bytes)).toBe(hexOf(encodeRow({ a: 1 })) + hexOf(encodeRow({ a: 2 })));
  });
});

describe("what the decoder remembers", () => {
  test("R25 never changes what is read, whatever was read before", () => {
    const names = fc.constantFrom("a", "b", "ab", "abc", "__proto__", "10", "2000", "ä", "");
    const shape = fc.uniqueArray(names, { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 30 }), (shapes) => {
        for (const keys of shapes) {
          const row: Row = Object.fromEntries(keys.map((key, index) => [key, index]));
          expect(equalRows(decodeRow(encodeRow(row)), row)).toBe(true);
        }
      }),
      runs(200),
    );
  });

  test("R25 is its own: bytes that are written over afterwards change nothing", () => {
    const buffer = Buffer.alloc(64);
    for (const name of ["first", "other", "third"]) {
      for (let again = 0; again < 3; again++) {
        const row = { [`${name} column`]: name, [`${name}.b`]: again };
        const bytes = encodeRow(row);
        buffer.set(bytes);
        expect(decodeRow(buffer, 0, bytes.length)).toEqual(row);
        expect(Object.keys(decodeRow(buffer.subarray(0, bytes.length)))).toEqual(Object.keys(row));
      }
    }
  });

  test("R25 long keys are read as any others", () => {
    for (const length of [20, 64, 65, 300, 100_000]) {
      const row = { a: 1, ["k".repeat(length)]: 2, b: 3 };
      for (let again = 0; again < 3; again++) expect(equalRows(decodeRow(encodeRow(row)), row)).toBe(true);
    }
  });

  test("R25 short texts that are alike stay apart", () => {
    for (let count = 0; count < 60_000; count++) {
      const text = (count % 3 === 0 ? count % 40 : count * 7_919).toString(36);
      expect(decodeValue(encodeValue(text)) === text).toBe(true);
    }
  });

  test("R25 is bounded, and reading goes on beyond its bound", () => {
    for (let count = 0; count < 30_000; count++) {
      const row: Row = { id: count, [`key ${count}`]: 1, [`other ${count % 50}`]: 2 };
      expect(equalRows(decodeRow(encodeRow(row)), row)).toBe(true);
    }
  });
});
