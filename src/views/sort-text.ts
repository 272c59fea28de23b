import type { Value } from "../record/index.ts";
import type { KeyVector } from "./key-vector.ts";
import { sortFloats } from "./sort-floats.ts";
import { sortFew, sortPlaces } from "./sort-places.ts";

/** Fewer than this are sorted by comparing them. */
const LEAST = 256;
/** How many texts are read between two rests of the sort. */
const SLICE = 6_144;
/** How many are compared, each text somewhere else in memory. */
const COMPARED_SLICE = 1_024;
/** Units from here on are not in the sequence of their numbers: surrogates stand for what comes behind all others. */
const SURROGATES = 0xd800;
/** Units that a float takes exactly, where each is below 256, and where not. */
const NARROW = 6;
const WIDE = 3;

/** Places whose texts are the same up to `offset`. */
interface Run {
  readonly places: Uint32Array;
  readonly offset: number;
}

/**
 * Sorts the places of text keys: behind what all have in common, the next units as one number, by those numbers,
 * and so on where they are the same. Ten times as fast as comparing texts where there are many.
 */
export function* sortText(vector: KeyVector, places: Uint32Array): Generator<void, void, void> {
  const runs: Run[] = [{ places, offset: 0 }];
  for (let run = runs.pop(); run !== undefined; run = runs.pop()) {
    const extent = yield* measure(vector.keys, run);
    if (extent === undefined) continue;
    const { common, longest } = extent;
    // A text that ended counts as zeros: where those are told apart from zeros in a text, they have to be compared.
    const isEnd = common === longest || common < run.offset;
    const narrow = isEnd ? undefined : yield* numberUnits(vector, run.places, common, NARROW);
    const numbers = narrow ?? (isEnd ? undefined : yield* numberUnits(vector, run.places, common, WIDE));
    if (numbers === undefined) {
      yield* sortPlaces(run.places, vector.compare);
      continue;
    }
    yield* sortFloats(numbers, run.places);
    const offset = common + (narrow === undefined ? WIDE : NARROW);
    yield* sortEqual(vector, { places: run.places, offset }, numbers, runs);
  }
}

/** Places with the same number: few are sorted here, many go to `runs`. */
function* sortEqual(
  vector: KeyVector,
  { places, offset }: Run,
  numbers: Float64Array,
  runs: Run[],
): Generator<void, void, void> {
  for (let start = 0, at = 1; at <= numbers.length; at++) {
    if (at % COMPARED_SLICE === 0) yield;
    if (at < numbers.length && numbers[at] === numbers[start]) continue;
    if (at - start >= LEAST) runs.push({ places: places.subarray(start, at), offset });
    else if (at - start > 1) sortFew(places, vector.compare, start, at);
    start = at;
  }
}

/** How far the texts of a run are the same, and how long the longest is; `undefined` where all are missing. */
function* measure(
  keys: ArrayLike<Value>,
  { places, offset }: Run,
): Generator<void, { readonly common: number; readonly longest: number } | undefined, void> {
  let sample: string | undefined;
  let common = 0;
  let longest = 0;
  for (let at = 0; at < places.length; at++) {
    if (at % SLICE === SLICE - 1) yield;
    const text = keys[places[at] ?? 0];
    if (typeof text !== "string") continue;
    if (sample === undefined) {
      sample = text;
      common = text.length;
    }
    common = commonLength(sample, text, Math.min(offset, common), common);
    if (text.length > longest) longest = text.length;
  }
  return sample === undefined ? undefined : { common, longest };
}

function commonLength(a: string, b: string, start: number, end: number): number {
  const stop = Math.min(end, b.length);
  let at = Math.min(start, stop);
  while (at < stop && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

/** The units of each text from `offset` on as one number; `undefined` where one of them is too large for that. */
function* numberUnits(
  { keys, sign, missing }: KeyVector,
  places: Uint32Array,
  offset: number,
  units: number,
): Generator<void, Float64Array | undefined, void> {
  const limit = units === NARROW ? 0x100 : SURROGATES;
  const factor = units === NARROW ? 0x100 : 0x1_0000;
  const numbers = new Float64Array(places.length);
  for (let at = 0; at < places.length; at++) {
    if (at % SLICE === SLICE - 1) yield;
    const text = keys[places[at] ?? 0];
    if (typeof text !== "string") {
      numbers[at] = missing;
      continue;
    }
    let number = 0;
    for (let place = offset; place < offset + units; place++) {
      const unit = place < text.length ? text.charCodeAt(place) : 0;
      if (unit >= limit) return undefined;
      number = number * factor + unit;
    }
    numbers[at] = number * sign + 0;
  }
  return numbers;
}
