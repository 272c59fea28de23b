/** Asks for the next answer while the last one is being looked at. */
export class ReadAhead<T> {
  readonly #ask: () => Promise<T>;
  readonly #isLast: (answer: T) => boolean;
  #coming: Promise<T> | undefined;

  constructor(ask: () => Promise<T>, isLast: (answer: T) => boolean) {
    this.#ask = ask;
    this.#isLast = isLast;
  }

  async next(): Promise<T> {
    const coming = this.#coming ?? this.#ask();
    this.#coming = undefined;
    const answer = await coming;
    if (this.#isLast(answer)) return answer;
    this.#coming = this.#ask();
    // Told by the `next` or the `end` that waits for it.
    this.#coming.catch(() => undefined);
    return answer;
  }

  /** Waits for what was asked for and not taken; why it failed, where it did. */
  async end(): Promise<unknown> {
    const coming = this.#coming;
    this.#coming = undefined;
    return coming?.then(
      () => undefined,
      (error: unknown) => error,
    );
  }
}
