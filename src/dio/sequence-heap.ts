interface Sequenced {
  readonly sequence: number;
}

/** Hands out the lowest sequence first. Pushing in ascending order, which is the rule, costs one comparison. */
export class SequenceHeap<T extends Sequenced> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = items[up];
      if (parent === undefined || parent.sequence <= item.sequence) break;
      items[at] = parent;
      at = up;
    }
    items[at] = item;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = items[down];
      const other = items[down + 1];
      if (other !== undefined && child !== undefined && other.sequence < child.sequence) {
        child = other;
        down += 1;
      }
      if (child === undefined || child.sequence >= last.sequence) break;
      items[at] = child;
      at = down;
    }
    items[at] = last;
    return first;
  }
}
