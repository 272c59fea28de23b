/** Compares the entries at two places. */
export type ComparePlaces = (a: number, b: number) => number;

/** Runs of this many are sorted by insertion. */
const BLOCK = 24;
/** How many places are merged between two rests of a sort: a multiple of the above. */
const SLICE = 4_608;

/** Sorts places by comparing them; equal ones keep their sequence. A merge sort that rests after each slice. */
export function* sortPlaces(places: Uint32Array, compare: ComparePlaces): Generator<void, void, void> {
  const size = places.length;
  for (let start = 0; start < size; start += SLICE) {
    const end = Math.min(size, start + SLICE);
    for (let block = start; block < end; block += BLOCK) {
      sortBlock(places, compare, block, Math.min(end, block + BLOCK));
    }
    yield;
  }
  const merge = new Merge(places, compare);
  let work = 0;
  for (let width = BLOCK; width < size; width *= 2) {
    for (let start = 0; start + width < size; start += 2 * width) {
      const end = Math.min(size, start + 2 * width);
      merge.begin(start, start + width, end);
      while (!merge.advance(SLICE)) yield;
      work += end - start;
      if (work < SLICE) continue;
      work = 0;
      yield;
    }
  }
}

/** The places `[start, end)` sorted without a rest, for few. */
export function sortFew(places: Uint32Array, compare: ComparePlaces, start: number, end: number): void {
  if (end - start > BLOCK) finishNow(sortPlaces(places.subarray(start, end), compare));
  else sortBlock(places, compare, start, end);
}

/** Runs the work of a sort to its end. */
export function finishNow(work: Iterator<void, void, void>): void {
  while (work.next().done !== true);
}

/** Merges two sorted runs of places that stand behind each other. */
export function mergeRuns(places: Uint32Array, middle: number, compare: ComparePlaces): void {
  const merge = new Merge(places, compare);
  merge.begin(0, middle, places.length);
  merge.advance(Infinity);
}

/** One merge after the other, each in slices: the left run is set aside, and the two are merged into the places. */
class Merge {
  readonly #places: Uint32Array;
  readonly #compare: ComparePlaces;
  #left = new Uint32Array(BLOCK);
  #leftAt = 0;
  #leftEnd = 0;
  #rightAt = 0;
  #rightEnd = 0;
  #target = 0;

  constructor(places: Uint32Array, compare: ComparePlaces) {
    this.#places = places;
    this.#compare = compare;
  }

  begin(start: number, middle: number, end: number): void {
    const places = this.#places;
    this.#leftAt = 0;
    this.#leftEnd = 0;
    if (middle === start || middle === end) return;
    if (this.#compare(places[middle - 1] ?? 0, places[middle] ?? 0) <= 0) return;
    if (this.#left.length < middle - start) this.#left = new Uint32Array(middle - start);
    this.#left.set(places.subarray(start, middle));
    this.#leftEnd = middle - start;
    this.#rightAt = middle;
    this.#rightEnd = end;
    this.#target = start;
  }

  /** Whether it is done, after at most so many places more. */
  advance(most: number): boolean {
    const places = this.#places;
    const compare = this.#compare;
    const left = this.#left;
    const leftEnd = this.#leftEnd;
    const rightEnd = this.#rightEnd;
    let leftAt = this.#leftAt;
    let rightAt = this.#rightAt;
    let target = this.#target;
    const stop = target + most;
    while (leftAt < leftEnd && rightAt < rightEnd && target < stop) {
      const a = left[leftAt] ?? 0;
      const b = places[rightAt] ?? 0;
      if (compare(a, b) <= 0) {
        places[target++] = a;
        leftAt++;
      } else {
        places[target++] = b;
        rightAt++;
      }
    }
    if (rightAt === rightEnd && leftAt < leftEnd) {
      places.set(left.subarray(leftAt, leftEnd), target);
      leftAt = leftEnd;
    }
    this.#leftAt = leftAt;
    this.#rightAt = rightAt;
    this.#target = target;
    return leftAt === leftEnd;
  }
}

/** Sorts by insertion. */
function sortBlock(places: Uint32Array, compare: ComparePlaces, start: number, end: number): void {
  for (let at = start + 1; at < end; at++) {
    const place = places[at] ?? 0;
    let hole = at;
    for (; hole > start; hole--) {
      const before = places[hole - 1] ?? 0;
      if (compare(before, place) <= 0) break;
      places[hole] = before;
    }
    places[hole] = place;
  }
}
