import type { HeldPositions } from "./plan-load.ts";

/** A power of two, so that places are cut by bits; a page of rows touches one or two. */
const CHUNK_SIZE = 256;

/** `undefined`: not known; `null`: known, and no row stands there. */
type Slot = string | null | undefined;

interface Chunk {
  readonly slots: Slot[];
  /** How many of them are known. */
  known: number;
}

/** Which id stands at which position, where that is known: costs what is known, not what there is. */
export class Positions implements HeldPositions {
  readonly #chunks = new Map<number, Chunk>();
  readonly #places = new Map<string, number>();
  #known = 0;
  /** What stood at each position that was written since the changes were last taken. */
  #changes = new Map<number, string | undefined>();

  /** Positions that are known, those without a row included. */
  get known(): number {
    return this.#known;
  }

  /** Positions at which a row stands. */
  get size(): number {
    return this.#places.size;
  }

  idAt(index: number): string | undefined {
    return this.#slot(index) ?? undefined;
  }

  /** What stands at `[start, end)`. */
  idsBetween(start: number, end: number): readonly (string | undefined)[] {
    const ids: (string | undefined)[] = [];
    for (let index = start; index < end;) {
      const slots = this.#chunks.get(chunkOf(index))?.slots;
      const stop = Math.min(end, (chunkOf(index) + 1) * CHUNK_SIZE);
      for (; index < stop; index++) ids.push(slots?.[placeOf(index)] ?? undefined);
    }
    return ids;
  }

  /** -1 where it is not known to stand anywhere. */
  indexOf(id: string): number {
    return this.#places.get(id) ?? -1;
  }

  /** One past the last row that is known. */
  get end(): number {
    for (const at of [...this.#chunks.keys()].sort((a, b) => b - a)) {
      const slots = this.#chunks.get(at)?.slots ?? [];
      const last = slots.findLastIndex((slot) => typeof slot === "string");
      if (last !== -1) return at * CHUNK_SIZE + last + 1;
    }
    return 0;
  }

  /** `null`: no row stands there. A row that stood elsewhere leaves that place, which is known to be empty then. */
  put(index: number, id: string | null): void {
    const old = this.#slot(index);
    if (old === id) return;
    if (typeof old === "string") this.#places.delete(old);
    if (id !== null) {
      const before = this.#places.get(id);
      if (before !== undefined) this.#set(before, null);
      this.#places.set(id, index);
    }
    this.#set(index, id);
  }

  /** Nothing is known any more from there on. */
  forgetFrom(index: number): void {
    const first = chunkOf(index);
    for (const at of this.#chunks.keys()) {
      if (at < first) continue;
      const from = at === first ? index - at * CHUNK_SIZE : 0;
      for (let place = from; place < CHUNK_SIZE; place++) this.#forget(at * CHUNK_SIZE + place);
    }
  }

  /** Where no row stands, nothing is known any more. */
  forgetEmpty(index: number): void {
    if (this.#slot(index) === null) this.#forget(index);
  }

  firstMissing(start: number, end: number): number | undefined {
    let index = start;
    while (index < end) {
      const chunk = this.#chunks.get(chunkOf(index));
      if (chunk === undefined) return index;
      const after = (chunkOf(index) + 1) * CHUNK_SIZE;
      if (chunk.known < CHUNK_SIZE) {
        const stop = Math.min(after, end);
        for (; index < stop; index++) if (chunk.slots[placeOf(index)] === undefined) return index;
      }
      index = after;
    }
    return undefined;
  }

  startOfRun(start: number, end: number): number {
    let index = end;
    while (index > start) {
      const chunk = this.#chunks.get(chunkOf(index - 1));
      if (chunk === undefined) return index;
      const first = Math.max(chunkOf(index - 1) * CHUNK_SIZE, start);
      if (chunk.known === CHUNK_SIZE) index = first;
      else while (index > first && chunk.slots[placeOf(index - 1)] !== undefined) index -= 1;
      if (index > first) return index;
    }
    return start;
  }

  /** Every row that is known with its position, in no order. */
  entries(): Iterable<readonly [id: string, index: number]> {
    return this.#places;
  }

  /** What stood at the positions that were written since this was last asked: some may show the same again. */
  takeChanges(): ReadonlyMap<number, string | undefined> {
    const changes = this.#changes;
    this.#changes = new Map();
    return changes;
  }

  #slot(index: number): Slot {
    return this.#chunks.get(chunkOf(index))?.slots[placeOf(index)];
  }

  #note(index: number, old: Slot): void {
    if (!this.#changes.has(index)) this.#changes.set(index, old ?? undefined);
  }

  #set(index: number, slot: string | null): void {
    let chunk = this.#chunks.get(chunkOf(index));
    if (chunk === undefined) {
      chunk = { slots: Array.from<Slot>({ length: CHUNK_SIZE }), known: 0 };
      this.#chunks.set(chunkOf(index), chunk);
    }
    const old = chunk.slots[placeOf(index)];
    if (old === undefined) {
      chunk.known += 1;
      this.#known += 1;
    }
    this.#note(index, old);
    chunk.slots[placeOf(index)] = slot;
  }

  #forget(index: number): void {
    const chunk = this.#chunks.get(chunkOf(index));
    const slot = chunk?.slots[placeOf(index)];
    if (chunk === undefined || slot === undefined) return;
    if (slot !== null) this.#places.delete(slot);
    this.#note(index, slot);
    chunk.slots[placeOf(index)] = undefined;
    chunk.known -= 1;
    this.#known -= 1;
    if (chunk.known === 0) this.#chunks.delete(chunkOf(index));
  }
}

// Positions may be beyond what bit operations can hold.

function chunkOf(index: number): number {
  return Math.floor(index / CHUNK_SIZE);
}

function placeOf(index: number): number {
  return index % CHUNK_SIZE;
}
