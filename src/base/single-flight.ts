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
    const flight = call().finally(() => this.#running.delete(key));
    this.#running.set(key, flight);
    return flight;
  }
}
