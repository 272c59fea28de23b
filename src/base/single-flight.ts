/** One call at a time for each key: whoever asks while it runs gets the same promise. Failures do not stick. */
export class SingleFlight<K, T> {
  readonly #running = new Map<K, Promise<T>>();

  get size(): number {
    return this.#running.size;
  }

  /** The call under way for this key, if there is one. */
  running(key: K): Promise<T> | undefined {
    return this.#running.get(key);
  }

  run(key: K, call: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    // Noted before the call begins: it may ask for the same key itself.
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#running.set(key, promise);
    settle(call).then(
      (value) => {
        this.#running.delete(key);
        resolve(value);
      },
      (error: unknown) => {
        this.#running.delete(key);
        reject(error);
      },
    );
    return promise;
  }
}

/** The call's promise; what it throws at once is a rejection too. */
async function settle<T>(call: () => Promise<T>): Promise<T> {
  return call();
}
