import type { Random } from "../random.ts";

export interface DamageOptions {
  /** Where a file of pages is damaged by the page. Default 4,096, SQLite's own. */
  readonly pageBytes?: number | undefined;
}

/** A file's bytes that went bad. */
export interface DamagedFile {
  /** What was done, in words. */
  readonly what: string;
  /** Other than what they were, in memory of their own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Damage {
  readonly random: Random;
  readonly pageBytes: number;
}

type Mutation = readonly [
  what: string,
  mutate: (bytes: Buffer<ArrayBuffer>, damage: Damage) => Buffer<ArrayBuffer>,
];

/** Ways in which a file goes bad; every one has a chance of its own for each time it stands here. */
const mutations: readonly Mutation[] = [
  ["bits flipped", flipBits],
  ["bits flipped", flipBits],
  ["a stretch overwritten", overwrite],
  ["cut off", (bytes, { random }) => bytes.subarray(0, random.integer(1, bytes.length - 1))],
  [
    "cut off at a page",
    (bytes, { random, pageBytes }) =>
      bytes.subarray(0, pageBytes * random.integer(1, pages(bytes, pageBytes) - 1)),
  ],
  ["pages swapped", swapPages],
  ["a page copied over another", copyPage],
  ["a page zeroed", zeroPage],
  ["all zeros", (bytes) => Buffer.alloc(bytes.length)],
  ["random bytes", (bytes, { random }) => randomBytes(random, bytes.length)],
  ["bytes shifted", shift],
  ["another kind of file", () => Buffer.from("zip_code,city\n00501,Holtsville\n".repeat(500))],
  ["empty", () => Buffer.alloc(0)],
  [
    "longer than it was",
    (bytes, { random }) => Buffer.concat([bytes, randomBytes(random, random.integer(1, 20_000))]),
  ],
];

/**
 * Damages the bytes of a file as disks, copies and other programs do: bits flipped, a stretch overwritten, cut off,
 * pages swapped, copied or zeroed, bytes put in, the whole replaced. What happens is decided by the random choices
 * alone, the bytes that were given stay as they are, and what comes back differs from them. For tests that open
 * what they stored after it went bad: whatever opens it must neither crash nor believe it.
 */
export function damageFile(bytes: Uint8Array, random: Random, options: DamageOptions = {}): DamagedFile {
  const damage = { random, pageBytes: options.pageBytes ?? 4_096 };
  for (;;) {
    const [what, mutate] = random.pick(mutations);
    // Too short for a place to be drawn in: most ways would leave it as it is.
    if (bytes.length < 2 && what !== "longer than it was") continue;
    const mutated = mutate(Buffer.from(bytes), damage);
    if (!mutated.equals(bytes)) return { what, bytes: mutated };
  }
}

function pages(bytes: Buffer, pageBytes: number): number {
  return Math.max(2, Math.floor(bytes.length / pageBytes));
}

function pageAt(bytes: Buffer<ArrayBuffer>, { random, pageBytes }: Damage): Buffer<ArrayBuffer> {
  const page = random.integer(0, pages(bytes, pageBytes) - 1);
  return bytes.subarray(page * pageBytes, (page + 1) * pageBytes);
}

function randomBytes(random: Random, count: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(count);
  for (let index = 0; index < count; index++) bytes[index] = random.integer(0, 255);
  return bytes;
}

function flipBits(bytes: Buffer<ArrayBuffer>, { random }: Damage): Buffer<ArrayBuffer> {
  for (let left = random.pick([1, 1, 3, 20]); left > 0; left--) {
    const at = random.integer(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 7));
  }
  return bytes;
}

function overwrite(bytes: Buffer<ArrayBuffer>, { random }: Damage): Buffer<ArrayBuffer> {
  const from = random.integer(0, bytes.length - 1);
  randomBytes(random, random.integer(1, 3_000)).copy(bytes, from);
  return bytes;
}

function swapPages(bytes: Buffer<ArrayBuffer>, damage: Damage): Buffer<ArrayBuffer> {
  const one = pageAt(bytes, damage);
  const other = pageAt(bytes, damage);
  const kept = Buffer.from(one);
  other.copy(one);
  kept.copy(other);
  return bytes;
}

function copyPage(bytes: Buffer<ArrayBuffer>, damage: Damage): Buffer<ArrayBuffer> {
  pageAt(bytes, damage).copy(pageAt(bytes, damage));
  return bytes;
}

function zeroPage(bytes: Buffer<ArrayBuffer>, damage: Damage): Buffer<ArrayBuffer> {
  pageAt(bytes, damage).fill(0);
  return bytes;
}

function shift(bytes: Buffer<ArrayBuffer>, { random }: Damage): Buffer<ArrayBuffer> {
  const at = random.integer(0, bytes.length - 1);
  return Buffer.concat([
    bytes.subarray(0, at),
    randomBytes(random, random.integer(1, 40)),
    bytes.subarray(at),
  ]);
}
