/** Runs work for one key in the order it came; different keys do not wait for each other. */
export class InOrder {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whether work for that key is under way or waiting. */
  has(key: string): boolean {
    return this.#last.has(key);
  }

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    // A failure belongs to its own caller, not to the next one in line.
    const result = before.then(work, work);
    this.#last.set(key, result);
    const done = (): void => {
      if (this.#last.get(key) === result) this.#last.delete(key);
    };
    result.then(done, done);
    return result;
  }
}
