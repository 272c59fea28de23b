import type { KeyVector } from "./key-vector.ts";
import { sortFloats } from "./sort-floats.ts";
import { sortFew, sortPlaces } from "./sort-places.ts";
import { sortText } from "./sort-text.ts";

/** From here on a run is sorted by the bits of its keys. */
const LEAST_BITS = 768;
/** How many places are looked at between two rests of a sort. */
const SLICE = 8_192;
/** How many keys are only copied. */
const GATHER_SLICE = 65_536;

/** Bounds of runs of places: start, end, start, end … */
type Runs = number[];

/**
 * Sorts places by one vector after the other: those that the first leaves equal by the second, and so on.
 * A generator that rests after each millisecond or so of work; to sort at once, run it to its end.
 */
export function* sortRows(vectors: readonly KeyVector[], places: Uint32Array): Generator<void, void, void> {
  let runs: Runs = places.length > 1 ? [0, places.length] : [];
  let work = 0;
  for (const [at, vector] of vectors.entries()) {
    const isLast = at + 1 === vectors.length;
    const equal: Runs = [];
    for (let bound = 0; bound < runs.length; bound += 2) {
      const start = runs[bound] ?? 0;
      const end = runs[bound + 1] ?? 0;
      if (end - start >= LEAST_BITS) yield* sortMany(vector, places.subarray(start, end));
      else if (!isSorted(vector, places, start, end)) sortFew(places, vector.compare, start, end);
      const search: Search = { vector, places, end, equal, first: start };
      for (let from = start; !isLast && from < end; from += SLICE) {
        findEqual(search, from, Math.min(from + SLICE, end));
        if (from + SLICE < end) yield;
      }
      work += end - start;
      if (work < SLICE) continue;
      work = 0;
      yield;
    }
    runs = equal;
  }
}

interface Search {
  readonly vector: KeyVector;
  readonly places: Uint32Array;
  /** Where the sorted run ends. */
  readonly end: number;
  /** Where to put the bounds of what is equal. */
  readonly equal: Runs;
  /** Where the equal ones that are looked at now begin. */
  first: number;
}

/** Looks whether the places `[from, stop)` are equal to those behind them; the last of the run is equal to nothing. */
function findEqual(search: Search, from: number, stop: number): void {
  const { vector, places, end, equal } = search;
  const { compare } = vector;
  let { first } = search;
  for (let at = from; at < stop; at++) {
    if (at + 1 < end && compare(places[at] ?? 0, places[at + 1] ?? 0) === 0) continue;
    if (at > first) equal.push(first, at + 1);
    first = at + 1;
  }
  search.first = first;
}

function* sortMany(vector: KeyVector, run: Uint32Array): Generator<void, void, void> {
  const { keys, form, compare } = vector;
  let sorted = 0;
  while (sorted < run.length && isSorted(vector, run, sorted, Math.min(sorted + SLICE, run.length))) {
    // The last one is looked at again, with those behind it.
    sorted += SLICE - 1;
    yield;
  }
  if (sorted >= run.length) return;
  if (form === "value") yield* sortPlaces(run, compare);
  else if (keys instanceof Float64Array) {
    const local = new Float64Array(run.length);
    for (let start = 0; start < run.length; start += GATHER_SLICE) {
      const end = Math.min(run.length, start + GATHER_SLICE);
      for (let at = start; at < end; at++) local[at] = keys[run[at] ?? 0] ?? 0;
      yield;
    }
    yield* sortFloats(local, run);
  } else yield* sortText(vector, run);
}

/** Whether the places `[start, end)` stand in order. */
function isSorted({ compare }: KeyVector, places: Uint32Array, start: number, end: number): boolean {
  for (let at = start + 1; at < end; at++) {
    if (compare(places[at - 1] ?? 0, places[at] ?? 0) > 0) return false;
  }
  return true;
}
