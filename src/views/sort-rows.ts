import type { KeyVector } from "./key-vector.ts";
import { sortFloats } from "./sort-floats.ts";
import { sortPlaces } from "./sort-places.ts";
import { sortText } from "./sort-text.ts";

/** From here on a run is sorted by the bits of its keys. */
const LEAST_BITS = 768;
/** How many places are looked at between two rests of a sort. */
const SLICE = 16_384;

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
    const equal: Runs = [];
    for (let bound = 0; bound < runs.length; bound += 2) {
      const start = runs[bound] ?? 0;
      const run = places.subarray(start, runs[bound + 1]);
      yield* sortRun(vector, run);
      if (at + 1 < vectors.length) yield* findEqual({ vector, run, start, equal });
      work += run.length;
      if (work < SLICE) continue;
      work = 0;
      yield;
    }
    runs = equal;
  }
}

/** Runs the work of a sort to its end. */
export function finishNow(work: Iterator<void, void, void>): void {
  while (work.next().done !== true);
}

function* sortRun(vector: KeyVector, run: Uint32Array): Generator<void, void, void> {
  if (yield* isSorted(vector, run)) return;
  const { keys } = vector;
  if (run.length < LEAST_BITS || vector.form === "value") yield* sortPlaces(run, vector.compare);
  else if (keys instanceof Float64Array) {
    const local = new Float64Array(run.length);
    for (let at = 0; at < run.length; at++) local[at] = keys[run[at] ?? 0] ?? 0;
    yield;
    yield* sortFloats(local, run);
  } else yield* sortText(vector, run);
}

function* isSorted({ compare }: KeyVector, run: Uint32Array): Generator<void, boolean, void> {
  for (let at = 1; at < run.length; at++) {
    if (compare(run[at - 1] ?? 0, run[at] ?? 0) > 0) return false;
    if (at % SLICE === 0) yield;
  }
  return true;
}

interface Search {
  readonly vector: KeyVector;
  readonly run: Uint32Array;
  readonly start: number;
  /** Where to put the bounds that are found. */
  readonly equal: Runs;
}

function* findEqual({ vector, run, start, equal }: Search): Generator<void, void, void> {
  const { compare } = vector;
  let first = 0;
  for (let at = 1; at <= run.length; at++) {
    if (at % SLICE === 0) yield;
    if (at < run.length && compare(run[at - 1] ?? 0, run[at] ?? 0) === 0) continue;
    if (at - first > 1) equal.push(start + first, start + at);
    first = at;
  }
}
