/** Events that a listener may be behind: from then on it is told only that something has changed. */
const MAX_BEHIND = 10_000;

type Step<E> = IteratorResult<E, undefined>;

interface Listener<E> {
  tell(event: E): void;
  fail(error: unknown): void;
  end(): void;
}

/** Every event to every listener. One that falls far behind gets `summary` in place of what it missed. */
export class FanOut<E> {
  readonly #listeners = new Set<Listener<E>>();
  readonly #summary: E;

  constructor(summary: E) {
    this.#summary = summary;
  }

  get size(): number {
    return this.#listeners.size;
  }

  tell(event: E): void {
    for (const listener of Array.from(this.#listeners)) listener.tell(event);
  }

  /** Everybody gets the error, behind the events that came before it, and is let go. */
  fail(error: unknown): void {
    for (const listener of Array.from(this.#listeners)) listener.fail(error);
  }

  /** Everybody is let go. */
  end(): void {
    for (const listener of Array.from(this.#listeners)) listener.end();
  }

  /** Events from this call on, until the signal fires or the reader returns. */
  listen(signal: AbortSignal | undefined): AsyncIterableIterator<E, undefined> {
    const waiting: PromiseWithResolvers<Step<E>>[] = [];
    let behind: E[] = [];
    let failure: { readonly error: unknown } | undefined;

    const leave = (): void => {
      this.#listeners.delete(listener);
      signal?.removeEventListener("abort", end);
    };
    const end = (): void => {
      leave();
      behind = [];
      failure = undefined;
      for (const { resolve } of waiting.splice(0)) resolve({ done: true, value: undefined });
    };
    const listener: Listener<E> = {
      end,
      tell: (event) => {
        const next = waiting.shift();
        if (next !== undefined) next.resolve({ done: false, value: event });
        else if (behind.length < MAX_BEHIND) behind.push(event);
        else behind = [this.#summary];
      },
      fail: (error) => {
        leave();
        const [first, ...others] = waiting.splice(0);
        if (first === undefined) failure = { error };
        else first.reject(error);
        for (const { resolve } of others) resolve({ done: true, value: undefined });
      },
    };
    const next = (): Promise<Step<E>> => {
      const event = behind.shift();
      if (event !== undefined) return Promise.resolve({ done: false, value: event });
      const step = Promise.withResolvers<Step<E>>();
      if (failure !== undefined) step.reject(failure.error);
      else if (this.#listeners.has(listener)) waiting.push(step);
      else step.resolve({ done: true, value: undefined });
      failure = undefined;
      return step.promise;
    };
    if (signal?.aborted !== true) {
      this.#listeners.add(listener);
      signal?.addEventListener("abort", end, { once: true });
    }
    return {
      next,
      return: () => {
        end();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}
