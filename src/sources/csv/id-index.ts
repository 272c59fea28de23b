/** Each of the 2^6 shards grows alone, so that no growth takes long. */
const SHARD_BITS = 6;
const FIRST_SLOTS = 256;
const FIRST_UNITS = 1_024;
/** An id's length and its line, in two halves, stand before its text. */
const HEAD_UNITS = 3;
/** Further than this no id is searched for: ids made to collide go to a Map, whose hash they can't foresee. */
const MOST_STEPS = 128;

/**
 * The ids of one read, and the line of each. A Map of a million texts costs twice as much, most of it in the garbage
 * collector, which carries every text along; here they are numbers outside of its reach.
 */
export class IdIndex {
  readonly #shards: readonly Shard[] = Array.from({ length: 1 << SHARD_BITS }, () => new Shard());

  /** Keeps the line of a new id and answers 0; for an id that is there already, the line that it came with. */
  add(id: string, line: number): number {
    const hash = hashId(id);
    const shard = this.#shards[hash >>> (32 - SHARD_BITS)];
    return shard === undefined ? 0 : shard.add(id, hash, line);
  }
}

/** A hash table with open addressing, never more than half full. */
class Shard {
  #count = 0;
  /** A slot is two numbers: an id's hash, and where in `units` it is kept; 0 where there is none. */
  #slots = new Int32Array(2 * FIRST_SLOTS);
  /** The ids one after the other, as UTF-16 units behind their heads. */
  #units = new Uint16Array(FIRST_UNITS);
  /** Nothing is kept at 0. */
  #end = 1;
  #crowded: Map<string, number> | undefined;

  add(id: string, hash: number, line: number): number {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let at = hash & mask;
    for (let steps = 0; slots[2 * at + 1] !== 0; steps++) {
      const place = slots[2 * at + 1] ?? 0;
      if (slots[2 * at] === hash && this.#holds(place, id)) return this.#lineOf(place);
      if (steps === MOST_STEPS) return this.#addCrowded(id, line);
      at = (at + 1) & mask;
    }
    const crowded = this.#crowded?.get(id);
    if (crowded !== undefined) return crowded;
    slots[2 * at] = hash;
    slots[2 * at + 1] = this.#store(id, line);
    this.#count++;
    if (this.#count * 4 > slots.length) this.#grow();
    return 0;
  }

  #addCrowded(id: string, line: number): number {
    this.#crowded ??= new Map();
    const first = this.#crowded.get(id);
    if (first === undefined) this.#crowded.set(id, line);
    return first ?? 0;
  }

  #lineOf(place: number): number {
    return (this.#units[place + 1] ?? 0) + (this.#units[place + 2] ?? 0) * 0x10000;
  }

  #holds(place: number, id: string): boolean {
    const units = this.#units;
    if (units[place] !== id.length) return false;
    for (let at = 0; at < id.length; at++) {
      if (units[place + HEAD_UNITS + at] !== id.charCodeAt(at)) return false;
    }
    return true;
  }

  #store(id: string, line: number): number {
    const place = this.#end;
    const start = place + HEAD_UNITS;
    this.#end = start + id.length;
    if (this.#end > this.#units.length) {
      const units = new Uint16Array(Math.max(this.#end, this.#units.length * 2));
      units.set(this.#units);
      this.#units = units;
    }
    const units = this.#units;
    units[place] = id.length;
    units[place + 1] = line;
    units[place + 2] = line / 0x10000;
    for (let at = 0; at < id.length; at++) units[start + at] = id.charCodeAt(at);
    return place;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length / 2 - 1;
    for (let from = 0; from < old.length; from += 2) {
      const hash = old[from] ?? 0;
      let at = hash & mask;
      if (old[from + 1] === 0) continue;
      while (slots[2 * at + 1] !== 0) at = (at + 1) & mask;
      slots[2 * at] = hash;
      slots[2 * at + 1] = old[from + 1] ?? 0;
    }
    this.#slots = slots;
  }
}

/** FNV-1a over the UTF-16 units, its bits mixed once more so that the upper and the lower ones serve alike. */
export function hashId(text: string): number {
  let hash = text.length;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
