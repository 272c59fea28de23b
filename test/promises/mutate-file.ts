import type { Random } from "../../src/testing/index.ts";

/** SQLite's page size in the cache file. */
const PAGE_BYTES = 8_192;

type Mutation = readonly [name: string, mutate: (bytes: Buffer, random: Random) => Buffer];

/** Ways in which a file goes bad. */
const mutations: readonly Mutation[] = [
  ["bits flipped", flipBits],
  ["bits flipped", flipBits],
  ["a stretch overwritten", overwrite],
  ["cut off", (bytes, random) => bytes.subarray(0, random.integer(1, bytes.length - 1))],
  [
    "cut off at a page",
    (bytes, random) => bytes.subarray(0, PAGE_BYTES * random.integer(1, pages(bytes) - 1)),
  ],
  ["pages swapped", swapPages],
  ["a page copied over another", copyPage],
  ["a page zeroed", (bytes, random) => fillPage(bytes, random, 0)],
  ["all zeros", (bytes) => Buffer.alloc(bytes.length)],
  ["random bytes", (bytes, random) => bytes.map(() => random.integer(0, 255)) as Buffer],
  ["bytes shifted", shift],
  ["another kind of file", () => Buffer.from("zip_code,city\n00501,Holtsville\n".repeat(500))],
  ["empty", () => Buffer.alloc(0)],
  [
    "longer than it was",
    (bytes, random) => Buffer.concat([bytes, randomBytes(random, random.integer(1, 20_000))]),
  ],
];

/** The bytes, damaged in a way that the random choices decide, and what was done. */
export function mutateFile(bytes: Buffer, random: Random): { readonly what: string; readonly bytes: Buffer } {
  const [what, mutate] = random.pick(mutations);
  return { what, bytes: mutate(Buffer.from(bytes), random) };
}

function pages(bytes: Buffer): number {
  return Math.max(2, Math.floor(bytes.length / PAGE_BYTES));
}

function pageAt(bytes: Buffer, random: Random): Buffer {
  const page = random.integer(0, pages(bytes) - 1);
  return bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
}

function randomBytes(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.integer(0, 255)));
}

function flipBits(bytes: Buffer, random: Random): Buffer {
  for (let left = random.pick([1, 1, 3, 20]); left > 0; left--) {
    const at = random.integer(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
  }
  return bytes;
}

function overwrite(bytes: Buffer, random: Random): Buffer {
  const from = random.integer(0, bytes.length - 1);
  randomBytes(random, random.integer(1, 3_000)).copy(bytes, from);
  return bytes;
}

function swapPages(bytes: Buffer, random: Random): Buffer {
  const one = pageAt(bytes, random);
  const other = pageAt(bytes, random);
  const kept = Buffer.from(one);
  other.copy(one);
  kept.copy(other);
  return bytes;
}

function copyPage(bytes: Buffer, random: Random): Buffer {
  pageAt(bytes, random).copy(pageAt(bytes, random));
  return bytes;
}

function fillPage(bytes: Buffer, random: Random, value: number): Buffer {
  pageAt(bytes, random).fill(value);
  return bytes;
}

function shift(bytes: Buffer, random: Random): Buffer {
  const at = random.integer(0, bytes.length - 1);
  return Buffer.concat([
    bytes.subarray(0, at),
    randomBytes(random, random.integer(1, 40)),
    bytes.subarray(at),
  ]);
}
