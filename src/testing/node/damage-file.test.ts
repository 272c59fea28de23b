import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { damageFile } from "./damage-file.ts";

/** A file of so many bytes, no two pages alike. */
const file = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255);

test("TN1 the same choices do the same damage, and the bytes that were given stay", () => {
  for (let seed = 0; seed < 200; seed++) {
    const bytes = file(20_000);
    const one = damageFile(bytes, createRandom(seed));
    const other = damageFile(bytes, createRandom(seed));
    expect(other.what).toBe(one.what);
    expect(Buffer.from(other.bytes).equals(one.bytes)).toBe(true);
    expect(Buffer.from(bytes).equals(file(20_000))).toBe(true);
  }
});

test.each([0, 1, 2, 100, 8_192, 30_000])("TN2 a file of %i bytes is never as it was", (length) => {
  for (let seed = 0; seed < 300; seed++) {
    const { what, bytes } = damageFile(file(length), createRandom(seed), { pageBytes: 512 });
    expect(Buffer.from(bytes).equals(file(length)), what).toBe(false);
  }
});

test("TN2 every kind of damage comes up, and pages are damaged by the page", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 500; seed++) {
    const { what, bytes } = damageFile(file(10_240), createRandom(seed), { pageBytes: 1_024 });
    seen.add(what);
    if (what === "cut off at a page") expect(bytes.length % 1_024).toBe(0);
    if (what === "a page zeroed") expect(zeroPages(bytes)).toBe(1);
  }
  expect([...seen].toSorted()).toEqual([
    "a page copied over another",
    "a page zeroed",
    "a stretch overwritten",
    "all zeros",
    "another kind of file",
    "bits flipped",
    "bytes shifted",
    "cut off",
    "cut off at a page",
    "empty",
    "longer than it was",
    "pages swapped",
    "random bytes",
  ]);
});

function zeroPages(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1_024) {
    if (bytes.subarray(at, at + 1_024).every((byte) => byte === 0)) count++;
  }
  return count;
}
