import { FanOut } from "./fan-out.ts";
import type { LiveEvent, LiveStream } from "./live-stream.ts";

/**
 * A stream by hand: for tests, demonstrations, and applications that hear of changes in a way of their own. A
 * subscriber that falls 10,000 events behind is told `changed` in place of them.
 */
export class ManualLiveStream implements LiveStream {
  readonly #fanOut = new FanOut<LiveEvent>({ type: "changed" });

  /** How many listen. */
  get subscribers(): number {
    return this.#fanOut.size;
  }

  /** Tells everybody who listens. */
  emit(event: LiveEvent): void {
    this.#fanOut.tell(event);
  }

  /** The feed is lost: everybody gets the error, behind the events that came before it, and is let go. */
  fail(error: unknown): void {
    this.#fanOut.fail(error);
  }

  subscribe(
    call: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<LiveEvent, undefined> {
    return this.#fanOut.listen(call.signal);
  }
}
