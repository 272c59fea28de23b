import type { KeyVector } from "./key-vector.ts";
import { sortFew } from "./sort-places.ts";

/** How many keys say where about the first ones end. */
const SAMPLE = 512;
/** Few enough to be all sorted: so many times what was asked for. */
const ENOUGH = 8;

/**
 * Places among which the first `count` of the order are, with few others, in no sequence. Most places are refused by
 * one comparison with a key that a sample gives; keys that many have in common are told apart by the next vector.
 */
export function selectFirst(vectors: readonly KeyVector[], places: Uint32Array, count: number): Uint32Array {
  const [vector, ...others] = vectors;
  if (vector === undefined || places.length <= count * ENOUGH || count <= 0) return places;
  const sample = sampleOf(vector, places);
  // Twice what is needed, and a few more: too few are found seldom, and then again with more.
  for (let share = (2 * count) / places.length; share < 0.5; share *= 4) {
    const bound = sample[Math.ceil(share * (sample.length - 1)) + 2] ?? 0;
    const { before, equal } = split(vector, places, bound);
    if (before.length + equal.length < count) continue;
    if (before.length >= count) return selectFirst(vectors, before, count);
    const rest = selectFirst(others, equal, count - before.length);
    const chosen = new Uint32Array(before.length + rest.length);
    chosen.set(before);
    chosen.set(rest, before.length);
    return chosen;
  }
  return places;
}

/** Some of the places, in order by this vector. */
function sampleOf(vector: KeyVector, places: Uint32Array): Uint32Array {
  const sample = new Uint32Array(Math.min(SAMPLE, places.length));
  for (let at = 0; at < sample.length; at++) {
    sample[at] = places[Math.floor((at * places.length) / sample.length)] ?? 0;
  }
  sortFew(sample, vector.compare, 0, sample.length);
  return sample;
}

/** The places whose key comes before that of `bound`, and those that have the same. */
function split(
  { compare }: KeyVector,
  places: Uint32Array,
  bound: number,
): { readonly before: Uint32Array; readonly equal: Uint32Array } {
  const before: number[] = [];
  const equal: number[] = [];
  for (let at = 0; at < places.length; at++) {
    const place = places[at] ?? 0;
    const difference = compare(place, bound);
    if (difference > 0) continue;
    (difference < 0 ? before : equal).push(place);
  }
  return { before: Uint32Array.from(before), equal: Uint32Array.from(equal) };
}
