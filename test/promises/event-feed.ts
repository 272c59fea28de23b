import { type ChangeEvent, DioramaError } from "vantage-diorama";

/** A change feed that is told what to say, and when to break; what is said while nobody listens is lost. */
export class EventFeed {
  #queued: ChangeEvent[] = [];
  #wake: (() => void) | undefined;
  #isLost = false;
  #hasEnded = false;

  push(change: ChangeEvent): void {
    this.#queued.push(change);
    this.#wake?.();
  }

  /** What is queued is not told any more. */
  lose(): void {
    this.#isLost = true;
    this.#queued = [];
    this.#wake?.();
  }

  /** After what is queued. */
  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  async *open(signal: AbortSignal): AsyncGenerator<ChangeEvent, void, undefined> {
    this.#isLost = false;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      if (this.#isLost) throw new DioramaError("unavailable", "the feed broke (made up)");
      const next = this.#queued.shift();
      if (next !== undefined) yield next;
      else if (this.#hasEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
