import type { ChangeEvent } from "./change-event.ts";

/** Changes that a reader may be behind: from then on it is told only that everything may have changed. */
const MAX_BEHIND = 10_000;

type Step<R extends object> = IteratorResult<ChangeEvent<R>, undefined>;

/** The changes of a memory source, each to every reader from its first `next` on. */
export class MemoryFeed<R extends object> {
  readonly #readers = new Set<(event: ChangeEvent<R>) => void>();

  get readerCount(): number {
    return this.#readers.size;
  }

  emit(event: ChangeEvent<R>): void {
    for (const tell of this.#readers) tell(event);
  }

  read(signal: AbortSignal | undefined): AsyncIterableIterator<ChangeEvent<R>, undefined> {
    const waiting: ((step: Step<R>) => void)[] = [];
    let behind: ChangeEvent<R>[] = [];
    let ended = false;

    const tell = (event: ChangeEvent<R>): void => {
      const next = waiting.shift();
      if (next !== undefined) next({ done: false, value: event });
      else if (behind.length < MAX_BEHIND) behind.push(event);
      else behind = [{ type: "invalidated" }];
    };
    const end = (): void => {
      ended = true;
      behind = [];
      this.#readers.delete(tell);
      signal?.removeEventListener("abort", end);
      for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined });
    };
    if (signal?.aborted === true) end();
    else signal?.addEventListener("abort", end, { once: true });

    return {
      next: () => {
        if (ended) return Promise.resolve({ done: true, value: undefined });
        this.#readers.add(tell);
        const event = behind.shift();
        if (event !== undefined) return Promise.resolve({ done: false, value: event });
        return new Promise((resolve) => waiting.push(resolve));
      },
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
