import type { Range, ViewEffect } from "./view-contract.ts";

/** More places than this in one publication are told as one range that covers them. */
const MAX_RANGES = 100;
/** More rows than this are told as a reset: whoever shows them reads again anyway. */
const MAX_IDS = 10_000;

/**
 * What a publication has done to one view so far. A range is never shifted by what comes after it: whatever moves
 * later positions marks them itself, to the end. An id that ends as it began is told too: somebody may have read what
 * was there in between, since views are brought up to date in the middle of a publication for nothing else.
 */
export class EffectDraft {
  #isReset = false;
  /** Everything from here on has moved. */
  #tail = Infinity;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #ids: string[] = [];
  /** The ids, once there are two: nearly all publications have one. */
  #known: Set<string> | undefined;

  reset(): void {
    this.#clear();
    this.#isReset = true;
  }

  /** A row came to, changed in, or left the view, or shows another status. */
  noteId(id: string): void {
    if (this.#isReset || this.#ids[0] === id || this.#known?.has(id) === true) return;
    const [first] = this.#ids;
    if (this.#ids.length === MAX_IDS) {
      this.reset();
      return;
    }
    if (first !== undefined) {
      this.#known ??= new Set([first]);
      this.#known.add(id);
    }
    this.#ids.push(id);
  }

  /** Positions `[start, end)` don't show what they did. */
  noteRange(start: number, end: number): void {
    if (this.#isReset || start >= this.#tail) return;
    if (end === Infinity) {
      this.#tail = start;
      return;
    }
    if (this.#starts.length === MAX_RANGES) this.#cover();
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** The effect, `undefined` where there is none; the draft is empty after it. */
  take(): ViewEffect | undefined {
    if (!this.#isReset && this.#ids.length === 0) return undefined;
    const effect = this.#isReset
      ? { reset: true, ranges: [], ids: [] }
      : { reset: false, ranges: this.#ranges(), ids: this.#ids };
    this.#clear();
    return effect;
  }

  #cover(): void {
    this.#starts[0] = Math.min(...this.#starts);
    this.#ends[0] = Math.max(...this.#ends);
    this.#starts.length = this.#ends.length = 1;
  }

  /** Ascending, apart from each other. */
  #ranges(): Range[] {
    const places = this.#starts.map((start, at) => ({ start, end: this.#ends[at] ?? start }));
    if (this.#tail !== Infinity) places.push({ start: this.#tail, end: Infinity });
    if (places.length < 2) return places;
    const merged: { start: number; end: number }[] = [];
    let last: { start: number; end: number } | undefined;
    for (const range of places.toSorted((a, b) => a.start - b.start)) {
      if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
      else merged.push((last = range));
    }
    return merged;
  }

  #clear(): void {
    this.#isReset = false;
    this.#tail = Infinity;
    this.#starts.length = this.#ends.length = 0;
    // The list is the listeners' by now.
    this.#ids = [];
    this.#known = undefined;
  }
}
