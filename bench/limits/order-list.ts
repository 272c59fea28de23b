/**
 * The practical limit of keeping rows in the order of one number: leaves of 256 entries, keys packed, ties by id,
 * the counts of the leaves in a Fenwick tree. Insert, remove, rank and select are O(log n) and a short shift.
 */
export class OrderList {
  #leaves: Leaf[] = [];
  /** The last key of each leaf: what a search looks through. */
  #lastKeys = new Float64Array(0);
  /** Counts of the leaves as a Fenwick tree, from index 1. */
  #counts = new Int32Array(1);
  /** The largest power of two that is no more than the number of leaves. */
  #topBit = 0;
  #length = 0;

  /** Built in bulk: keys into a packed array, sorted, cut into leaves. */
  static from(ids: readonly string[], keys: Float64Array): OrderList {
    const list = new OrderList();
    const sorted = keys.slice().sort();
    const ranks = rankByKey(keys, sorted, ids);
    for (let start = 0; start < ranks.length; start += FILL) {
      const leaf = new Leaf();
      const end = Math.min(start + FILL, ranks.length);
      for (let at = start; at < end; at++) {
        leaf.keys[at - start] = sorted[at] ?? 0;
        leaf.ids[at - start] = ids[ranks[at] ?? 0] ?? "";
      }
      leaf.count = end - start;
      list.#leaves.push(leaf);
    }
    list.#length = ids.length;
    list.#index();
    return list;
  }

  get length(): number {
    return this.#length;
  }

  insert(key: number, id: string): void {
    if (this.#leaves.length === 0) {
      this.#leaves.push(new Leaf());
      this.#index();
    }
    let at = this.#leafOf(key, id);
    if (this.#leafAt(at).count === LEAF) {
      this.#split(at);
      at = this.#leafOf(key, id);
    }
    const leaf = this.#leafAt(at);
    const place = leaf.search(key, id);
    leaf.insert(place, key, id);
    this.#lastKeys[at] = leaf.keys[leaf.count - 1] ?? 0;
    this.#length += 1;
    this.#add(at, 1);
  }

  /** The entry must be there. */
  remove(key: number, id: string): void {
    const at = this.#leafOf(key, id);
    const leaf = this.#leafAt(at);
    leaf.remove(leaf.search(key, id));
    this.#length -= 1;
    if (leaf.count === 0) {
      this.#leaves.splice(at, 1);
      this.#index();
      return;
    }
    this.#lastKeys[at] = leaf.keys[leaf.count - 1] ?? 0;
    this.#add(at, -1);
  }

  rankOf(key: number, id: string): number {
    const at = this.#leafOf(key, id);
    let rank = this.#leafAt(at).search(key, id);
    for (let node = at; node > 0; node &= node - 1) rank += this.#counts[node] ?? 0;
    return rank;
  }

  /** Calls back with the ids of `[start, end)`. */
  eachBetween(start: number, end: number, each: (id: string) => void): void {
    let left = Math.min(end, this.#length) - start;
    if (left <= 0) return;
    let at = 0;
    let place = start;
    for (let bit = this.#topBit; bit > 0; bit >>= 1) {
      const next = at + bit;
      if (next < this.#counts.length && (this.#counts[next] ?? 0) <= place) {
        place -= this.#counts[next] ?? 0;
        at = next;
      }
    }
    for (; left > 0; at++, place = 0) {
      const leaf = this.#leafAt(at);
      const until = Math.min(leaf.count, place + left);
      left -= until - place;
      for (; place < until; place++) each(leaf.ids[place] ?? "");
    }
  }

  #leafAt(at: number): Leaf {
    const leaf = this.#leaves[at];
    if (leaf === undefined) throw new Error("there is no such leaf");
    return leaf;
  }

  /** The first leaf whose last entry is not before this one, else the last leaf. */
  #leafOf(key: number, id: string): number {
    const lastKeys = this.#lastKeys;
    let low = 0;
    let high = this.#leaves.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = lastKeys[middle] ?? 0;
      if (last < key || (last === key && this.#leafAt(middle).lastId() < id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #add(at: number, by: number): void {
    const counts = this.#counts;
    for (let node = at + 1; node < counts.length; node += node & -node)
      counts[node] = (counts[node] ?? 0) + by;
  }

  #split(at: number): void {
    this.#leaves.splice(at + 1, 0, this.#leafAt(at).split());
    this.#index();
  }

  /** Leaves came or went: the keys and counts that lead to them are laid out again. */
  #index(): void {
    const size = this.#leaves.length;
    if (this.#lastKeys.length < size || this.#counts.length !== size + 1) {
      this.#lastKeys = new Float64Array(size);
      this.#counts = new Int32Array(size + 1);
    } else this.#counts.fill(0);
    for (let at = 0; at < size; at++) {
      const leaf = this.#leafAt(at);
      this.#lastKeys[at] = leaf.keys[leaf.count - 1] ?? 0;
      const node = at + 1;
      const sum = (this.#counts[node] ?? 0) + leaf.count;
      this.#counts[node] = sum;
      const parent = node + (node & -node);
      if (parent <= size) this.#counts[parent] = (this.#counts[parent] ?? 0) + sum;
    }
    this.#topBit = size === 0 ? 0 : 1 << (31 - Math.clz32(size));
  }
}

const LEAF = 256;
/** How full leaves are built, so that the first inserts don't split them. */
const FILL = 180;

class Leaf {
  readonly keys = new Float64Array(LEAF);
  readonly ids: string[] = [];
  count = 0;

  lastId(): string {
    return this.ids[this.count - 1] ?? "";
  }

  /** The first place whose entry is not before this one. */
  search(key: number, id: string): number {
    const { keys, ids } = this;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = keys[middle] ?? 0;
      if (there < key || (there === key && (ids[middle] ?? "") < id)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(place: number, key: number, id: string): void {
    const { keys, ids } = this;
    for (let at = this.count; at > place; at--) {
      keys[at] = keys[at - 1] ?? 0;
      ids[at] = ids[at - 1] ?? "";
    }
    keys[place] = key;
    ids[place] = id;
    this.count += 1;
  }

  remove(place: number): void {
    const { keys, ids } = this;
    this.count -= 1;
    for (let at = place; at < this.count; at++) {
      keys[at] = keys[at + 1] ?? 0;
      ids[at] = ids[at + 1] ?? "";
    }
    ids.length = this.count;
  }

  /** Keeps the first half and gives away the second. */
  split(): Leaf {
    const other = new Leaf();
    const half = this.count >> 1;
    other.keys.set(this.keys.subarray(half, this.count));
    other.ids.push(...this.ids.splice(half));
    other.count = this.count - half;
    this.count = half;
    return other;
  }
}

/** Which entry stands at each rank. Entries of one key stand in the order of their ids. */
function rankByKey(keys: Float64Array, sorted: Float64Array, ids: readonly string[]): Uint32Array {
  const ranks = new Uint32Array(keys.length);
  const taken = new Uint32Array(keys.length);
  for (let entry = 0; entry < keys.length; entry++) {
    const first = firstOf(sorted, keys[entry] ?? 0);
    const before = taken[first] ?? 0;
    ranks[first + before] = entry;
    taken[first] = before + 1;
  }
  for (let first = 0; first < taken.length; first += taken[first] ?? 1) {
    const same = taken[first] ?? 1;
    if (same > 1)
      ranks.subarray(first, first + same).sort((a, b) => ((ids[a] ?? "") < (ids[b] ?? "") ? -1 : 1));
  }
  return ranks;
}

function firstOf(sorted: Float64Array, key: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
