/** How many entries each leaf has, and the sums of that: a Fenwick tree. */
export class LeafCounts {
  #sizes = new Int32Array(16);
  /** Slot i (from 1) sums the leaves of `(i - lowest bit of i, i]`. */
  #tree = new Int32Array(17);
  #leaves = 0;
  #total = 0;
  #offset = 0;

  get leaves(): number {
    return this.#leaves;
  }

  /** Of all leaves together. */
  get total(): number {
    return this.#total;
  }

  /** Where in its leaf the rank of the last `find` is. */
  get offset(): number {
    return this.#offset;
  }

  sizeOf(leaf: number): number {
    return this.#sizes[leaf] ?? 0;
  }

  change(leaf: number, by: number): void {
    this.#sizes[leaf] = this.sizeOf(leaf) + by;
    this.#total += by;
    const tree = this.#tree;
    for (let slot = leaf + 1; slot <= this.#leaves; slot += slot & -slot) tree[slot] = (tree[slot] ?? 0) + by;
  }

  /** How many entries stand in the leaves before this one. */
  before(leaf: number): number {
    const tree = this.#tree;
    let sum = 0;
    for (let slot = leaf; slot > 0; slot &= slot - 1) sum += tree[slot] ?? 0;
    return sum;
  }

  /** The leaf of a rank below `total`, and its place in there as `offset`. */
  find(rank: number): number {
    const tree = this.#tree;
    let slot = 0;
    let left = rank;
    for (let bit = 1 << (31 - Math.clz32(this.#leaves)); bit > 0; bit >>= 1) {
      const next = slot + bit;
      if (next > this.#leaves) continue;
      const sum = tree[next] ?? 0;
      if (sum > left) continue;
      slot = next;
      left -= sum;
    }
    this.#offset = left;
    return slot;
  }

  /** One more leaf behind the last. */
  push(size: number): void {
    this.#makeRoom();
    const slot = ++this.#leaves;
    this.#sizes[slot - 1] = size;
    this.#total += size;
    const tree = this.#tree;
    let sum = size;
    for (let part = slot - 1; part > (slot & (slot - 1)); part &= part - 1) sum += tree[part] ?? 0;
    tree[slot] = sum;
  }

  /** One more leaf, which will be number `leaf`. */
  insert(leaf: number, size: number): void {
    this.#makeRoom();
    this.#sizes.copyWithin(leaf + 1, leaf, this.#leaves);
    this.#sizes[leaf] = size;
    this.#leaves++;
    this.#total += size;
    this.#sumUp();
  }

  remove(leaf: number): void {
    this.#total -= this.sizeOf(leaf);
    this.#sizes.copyWithin(leaf, leaf + 1, this.#leaves);
    this.#leaves--;
    this.#sumUp();
  }

  #makeRoom(): void {
    if (this.#leaves < this.#sizes.length) return;
    const sizes = new Int32Array(this.#leaves * 2);
    sizes.set(this.#sizes);
    this.#sizes = sizes;
    const tree = new Int32Array(this.#leaves * 2 + 1);
    tree.set(this.#tree);
    this.#tree = tree;
  }

  #sumUp(): void {
    const tree = this.#tree;
    const leaves = this.#leaves;
    tree.fill(0, 0, leaves + 1);
    for (let slot = 1; slot <= leaves; slot++) {
      const sum = (tree[slot] ?? 0) + this.sizeOf(slot - 1);
      tree[slot] = sum;
      const parent = slot + (slot & -slot);
      if (parent <= leaves) tree[parent] = (tree[parent] ?? 0) + sum;
    }
  }
}
