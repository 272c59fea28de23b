/** How many keys are worked on between two rests of a sort. */
const SLICE = 32_768;
/** Where the high half of a float is, in 32-bit words. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const BUCKETS = 2048;

/** One digit of a key: bits `[shift, shift + 11)` of one of its two words. */
interface Digit {
  readonly word: number;
  readonly shift: number;
}

const DIGITS: readonly Digit[] = [1 - HIGH, HIGH].flatMap((word) =>
  [0, 11, 22].map((shift) => ({ word, shift })),
);

/** Keys, each with the place that it belongs to. */
interface Keyed {
  readonly keys: Float64Array;
  readonly words: Uint32Array;
  readonly places: Uint32Array;
}

/**
 * Sorts keys (no NaN, no -0) and, with them, the places beside them: equal keys keep their sequence. A radix sort over
 * the bits, eleven at a time; digits that are the same in all keys cost nothing. Rests after each slice.
 */
export function* sortFloats(keys: Float64Array, places: Uint32Array): Generator<void, void, void> {
  const size = keys.length;
  let from: Keyed = { keys, words: wordsOf(keys), places };
  for (let start = 0; start < size; start += SLICE) {
    toOrderedBits(from.words, start, Math.min(size, start + SLICE));
    yield;
  }
  const counts = DIGITS.map(() => new Uint32Array(BUCKETS));
  for (let start = 0; start < size; start += SLICE) {
    countDigits(from.words, counts, start, Math.min(size, start + SLICE));
    yield;
  }
  let to: Keyed | undefined;
  for (const [at, digit] of DIGITS.entries()) {
    const count = counts[at];
    if (count === undefined || count[digitOf(from.words, 0, digit)] === size) continue;
    to ??= withBuffers(size);
    toStarts(count);
    for (let start = 0; start < size; start += SLICE) {
      scatter({ from, to, digit, starts: count }, start, Math.min(size, start + SLICE));
      yield;
    }
    [from, to] = [to, from];
  }
  if (from.keys !== keys) {
    keys.set(from.keys);
    places.set(from.places);
  }
  const words = wordsOf(keys);
  for (let start = 0; start < size; start += SLICE) {
    fromOrderedBits(words, start, Math.min(size, start + SLICE));
    yield;
  }
}

function withBuffers(size: number): Keyed {
  const keys = new Float64Array(size);
  return { keys, words: wordsOf(keys), places: new Uint32Array(size) };
}

function wordsOf(keys: Float64Array): Uint32Array {
  return new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);
}

/** To bits that are in order as unsigned integers: all turned where the sign is set, else that alone. */
function toOrderedBits(words: Uint32Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const high = words[2 * at + HIGH] ?? 0;
    const flip = -(high >>> 31);
    words[2 * at + HIGH] = high ^ (flip | 0x8000_0000);
    words[2 * at + 1 - HIGH] = (words[2 * at + 1 - HIGH] ?? 0) ^ flip;
  }
}

function fromOrderedBits(words: Uint32Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const high = words[2 * at + HIGH] ?? 0;
    const flip = (high >>> 31) - 1;
    words[2 * at + HIGH] = high ^ (flip | 0x8000_0000);
    words[2 * at + 1 - HIGH] = (words[2 * at + 1 - HIGH] ?? 0) ^ flip;
  }
}

function digitOf(words: Uint32Array, at: number, digit: Digit): number {
  return ((words[2 * at + digit.word] ?? 0) >>> digit.shift) & (BUCKETS - 1);
}

function countDigits(words: Uint32Array, counts: readonly Uint32Array[], start: number, end: number): void {
  for (const [place, digit] of DIGITS.entries()) {
    const count = counts[place];
    if (count === undefined) return;
    const { word, shift } = digit;
    for (let at = start; at < end; at++) {
      const bucket = ((words[2 * at + word] ?? 0) >>> shift) & (BUCKETS - 1);
      count[bucket] = (count[bucket] ?? 0) + 1;
    }
  }
}

/** From how many keys there are in each bucket to where it starts. */
function toStarts(counts: Uint32Array): void {
  let start = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const count = counts[bucket] ?? 0;
    counts[bucket] = start;
    start += count;
  }
}

interface Pass {
  readonly from: Keyed;
  readonly to: Keyed;
  readonly digit: Digit;
  readonly starts: Uint32Array;
}

function scatter({ from, to, digit, starts }: Pass, start: number, end: number): void {
  const { words, places } = from;
  const { words: toWords, places: toPlaces } = to;
  const { word, shift } = digit;
  for (let at = start; at < end; at++) {
    const bucket = ((words[2 * at + word] ?? 0) >>> shift) & (BUCKETS - 1);
    const target = starts[bucket] ?? 0;
    starts[bucket] = target + 1;
    toWords[2 * target] = words[2 * at] ?? 0;
    toWords[2 * target + 1] = words[2 * at + 1] ?? 0;
    toPlaces[target] = places[at] ?? 0;
  }
}
