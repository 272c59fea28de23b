import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { runs } from "../../test/properties/runs.ts";
import { crc32 } from "./crc32.ts";
import { rowChecksum } from "./row-checksum.ts";

const bytes = fc.uint8Array({ maxLength: 200 });

test("R26 crc32 is zlib's, of any bytes and behind any others", () => {
  fc.assert(
    fc.property(bytes, bytes, fc.nat(7), (first, second, offset) => {
      expect(crc32(first)).toBe(zlibCrc32(first));
      expect(crc32(second, crc32(first))).toBe(zlibCrc32(second, zlibCrc32(first)));
      const unaligned = first.subarray(Math.min(offset, first.length));
      expect(crc32(unaligned)).toBe(zlibCrc32(unaligned));
    }),
    runs(500),
  );
});

test("R26 the check value of the polynomial's catalogue", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

test("R27 the checksum is that of each name behind its length, then the bytes", () => {
  fc.assert(
    fc.property(arbitrary.text, arbitrary.text, bytes, (table, id, row) => {
      const parts = [table, id].flatMap((name) => {
        const encoded = Buffer.from(name);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(encoded.length);
        return [length, encoded];
      });
      const expected = zlibCrc32(Buffer.concat([...parts, row]));
      expect(rowChecksum(table, id, row)).toBe(expected);
      expect(rowChecksum(table, id, row, zlibCrc32)).toBe(expected);
    }),
    runs(500),
  );
});

test("R27 a character that moves between table, id and bytes is noticed", () => {
  const row = new TextEncoder().encode("row");
  const crow = new TextEncoder().encode("crow");
  const sums = [rowChecksum("ab", "c", row), rowChecksum("a", "bc", row), rowChecksum("ab", "", crow)];
  expect(new Set(sums).size).toBe(3);
});
