/** Which rows somebody looks at, and how many do. */
export class RowWatch {
  readonly #counts = new Map<string, number>();

  ids(): IterableIterator<string> {
    return this.#counts.keys();
  }

  /** The returned function ends it, once. */
  add(id: string): () => void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (this.#counts.get(id) ?? 0) - 1;
      if (left > 0) this.#counts.set(id, left);
      else this.#counts.delete(id);
    };
  }
}
