import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { DioramaError } from "../base/index.ts";
import { equalValues } from "./equal-values.ts";
import { decodeRow, decodeValue } from "./row-decoder.ts";
import { encodeRow, encodeValue } from "./row-encoder.ts";
import type { Value } from "./value.ts";

const MAX_GROWTH = 64;
/** What an engine keeps of its own however small the input: counters, caches, compiled code. */
const SLACK_BYTES = 4_000_000;
const MAX_MS = 1_000;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Whatever the bytes: a value that is written as these bytes again, or `corrupt`, within the time. */
function survives(bytes: Uint8Array): boolean {
  const start = performance.now();
  try {
    const value = decodeValue(bytes);
    expect(Buffer.from(encodeValue(value)).equals(bytes)).toBe(true);
    return true;
  } catch (error) {
    if (!(error instanceof DioramaError) || error.code !== "corrupt") throw error;
    return false;
  } finally {
    expect(performance.now() - start).toBeLessThan(MAX_MS);
  }
}

/** Bytes that look like the codec's: heads of all kinds more often than chance has them. */
const head = fc.oneof(
  fc.integer({ min: 0, max: 255 }),
  fc.constantFrom(
    0x9b,
    0xbb,
    0x5b,
    0x7b,
    0x9a,
    0xba,
    0x81,
    0xa1,
    0xc1,
    0xc2,
    0xc3,
    0xfb,
    0xff,
    0x61,
    0x60,
    0xf6,
  ),
);
const noise = fc.array(head, { maxLength: 300 }).map((bytes) => Uint8Array.from(bytes));

/** One damage: a byte changed, cut off, put in, left out or repeated. */
const damage = fc.record({ kind: fc.nat(4), at: fc.nat(), byte: head });

function damaged(bytes: Uint8Array, kind: number, at: number, byte: number): Uint8Array {
  const list = [...bytes];
  const index = list.length === 0 ? 0 : at % list.length;
  if (kind === 0) list[index] = byte;
  else if (kind === 1) list.length = index;
  else if (kind === 2) list.splice(index, 0, byte);
  else if (kind === 3) list.splice(index, 1);
  else list.splice(index, 0, ...list.slice(index, index + 8));
  return Uint8Array.from(list);
}

describe("bytes of anyone", () => {
  test("R21 R22 random bytes are corrupt or what would be written", () => {
    fc.assert(
      fc.property(noise, (bytes) => void survives(bytes)),
      runs(20_000),
    );
  });

  test("R21 R22 damaged rows are corrupt or what would be written", () => {
    fc.assert(
      fc.property(arbitrary.row, fc.array(damage, { minLength: 1, maxLength: 3 }), (row, damages) => {
        let bytes: Uint8Array = encodeRow(row);
        for (const { kind, at, byte } of damages) bytes = damaged(bytes, kind, at, byte);
        survives(bytes);
      }),
      runs(5_000),
    );
  });

  test("R21 a row cut off anywhere is corrupt, and so is a row with more behind it", () => {
    const row = {
      id: "1",
      price: 1.5,
      at: new Date(1_500),
      big: 5n,
      list: [1, { a: "ä" }],
      bytes: new Uint8Array(3),
    };
    const bytes = encodeRow(row);
    for (let again = 0; again < 3; again++) {
      for (let end = 0; end < bytes.length; end++) {
        expect(survives(bytes.subarray(0, end))).toBe(false);
        // The bytes go on, but the row ends there.
        expect(() => decodeRow(bytes, 0, end)).toThrow(expect.objectContaining({ code: "corrupt" }));
      }
      expect(survives(Uint8Array.from([...bytes, 0]))).toBe(false);
      expect(decodeRow(bytes)).toEqual(row);
    }
  });

  test.each([
    ["a key twice", "a2 61 61 01 61 61 02"],
    ["__proto__ twice", "a2 69 5f5f70726f746f5f5f 01 69 5f5f70726f746f5f5f 02"],
    ["bad UTF-8", "61 ff"],
    ["half a surrogate pair in UTF-8", "63 eda080"],
    ["an overlong form of UTF-8", "62 c080"],
    ["bad UTF-8 in a key", "a1 61 ff 01"],
    ["bad UTF-8 in a long text", `78 64 ${"61".repeat(99)} ff`],
  ])("R21 %s is corrupt, however often it is read", (_what, hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    for (let again = 0; again < 4; again++) expect(survives(bytes)).toBe(false);
  });

  test("R21 a key twice is corrupt in a large map too", () => {
    const map = Array.from({ length: 200 }, (_, index) => [
      0x62,
      0x41 + ((index % 199) & 15),
      0x41 + ((index % 199) >> 4),
      0x00,
    ]).flat();
    expect(survives(Uint8Array.from([0xb8, 200, ...map]))).toBe(false);
  });

  test.each([0x81, 0xa1])("R21 nesting without end (%i) is corrupt", (byte) => {
    const level = byte === 0xa1 ? [byte, 0x60] : [byte];
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, index) => level[index % level.length] ?? 0);
    expect(survives(bytes)).toBe(false);
  });
});

/** Bytes that are as cheap as can be for what they make. */
const hostile: readonly (readonly [what: string, unit: readonly number[]])[] = [
  ["empty lists", [0x80]],
  ["empty maps", [0xa0]],
  ["empty texts", [0x60]],
  ["empty bytes", [0x40]],
  ["lists of one", [0x81, 0xf6]],
  ["lists of seventeen", [0x91, ...Array.from({ length: 17 }, () => 0xf6)]],
  ["maps of one", [0xa1, 0x60, 0xf6]],
  ["maps of the key 10", [0xa1, 0x62, 0x31, 0x30, 0xf6]],
  ["maps of the key 1000", [0xa1, 0x64, 0x31, 0x30, 0x30, 0x30, 0xf6]],
  ["dates", [0xc1, 0x00]],
  ["bigints", [0xc2, 0x40]],
  ["texts of one", [0x61, 0x61]],
  ["texts of two", [0x62, 0xc3, 0xa4]],
  ["floats", [0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]],
];

/** A list of so many; its head always takes five bytes. */
function listOf(unit: readonly number[], count: number, tail: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(5 + unit.length * count + tail.length);
  bytes.set([0x9a, count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255]);
  for (let index = 0; index < count; index++) bytes.set(unit, 5 + index * unit.length);
  bytes.set(tail, 5 + unit.length * count);
  return bytes;
}

describe("memory and time", () => {
  test.each(hostile)("R22 a list of %s takes at most 64 times its bytes", (_what, unit) => {
    const bytes = listOf(unit, 100_000, []);
    decodeValue(bytes);
    collect();
    const before = process.memoryUsage();
    const start = performance.now();
    const kept: Value[] = [decodeValue(bytes)];
    const tookMs = performance.now() - start;
    collect();
    const after = process.memoryUsage();
    const grown = after.heapUsed - before.heapUsed + after.external - before.external;
    expect(kept).toHaveLength(1);
    expect(grown).toBeLessThan(bytes.length * MAX_GROWTH + SLACK_BYTES);
    expect(tookMs).toBeLessThan(MAX_MS);
    expect(survives(listOf(unit, 100_000, [0x00]))).toBe(false);
  });

  test.each([0x9b, 0xbb, 0x5b, 0x7b, 0x9a, 0xba, 0x5a, 0x7a])(
    "R22 what the head %i claims reserves nothing",
    (head) => {
      const size = (head & 0x1f) === 0x1b ? 8 : 4;
      for (const claim of [0x00, 0x0f, 0x7f, 0xff]) {
        const bytes = Uint8Array.from([
          head,
          ...Array.from({ length: size }, (_, index) => (index === 1 ? claim : 0x10)),
        ]);
        const before = process.memoryUsage().heapUsed;
        expect(survives(bytes)).toBe(false);
        expect(process.memoryUsage().heapUsed - before).toBeLessThan(SLACK_BYTES);
      }
    },
  );

  test("R22 a bigint of a megabyte is read in time", () => {
    const value = 2n ** 8_000_000n - 1n;
    const bytes = encodeValue(value);
    const start = performance.now();
    expect(equalValues(decodeValue(bytes), value)).toBe(true);
    expect(performance.now() - start).toBeLessThan(MAX_MS);
  });
});
