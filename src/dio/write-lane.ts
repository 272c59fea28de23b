/** A list with cheap ends: taking the first one moves nothing. Kept sorted by who inserts. */
export class WriteLane<T> {
  #items: T[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  get first(): T | undefined {
    return this.#items[this.#start];
  }

  get last(): T | undefined {
    return this.length === 0 ? undefined : this.#items.at(-1);
  }

  at(index: number): T | undefined {
    return this.#items[this.#start + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#start];
    this.#start += 1;
    // What was taken is let go of when it is the larger half: constant time on average.
    if (this.#start > 32 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    } else if (this.#start === this.#items.length) {
      this.#items = [];
      this.#start = 0;
    }
    return item;
  }

  /** Puts it behind the last item that `staysAhead` of it: looked for from the end. */
  insert(item: T, staysAhead: (other: T) => boolean): void {
    let at = this.#items.length;
    for (; at > this.#start; at--) {
      const other = this.#items[at - 1];
      if (other === undefined || staysAhead(other)) break;
    }
    if (at === this.#items.length) this.#items.push(item);
    else this.#items.splice(at, 0, item);
  }

  remove(item: T): boolean {
    if (this.first === item) {
      this.shift();
      return true;
    }
    const at = this.#items.indexOf(item, this.#start);
    if (at === -1) return false;
    this.#items.splice(at, 1);
    return true;
  }

  removeBehindFirst(count: number): void {
    this.#items.splice(this.#start + 1, count);
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#start; at < this.#items.length; at++) {
      const item = this.#items[at];
      if (item !== undefined) yield item;
    }
  }
}
