import { type ActivitySignal, anySignal, type Clock } from "../base/index.ts";
import { type CallOptions, type ChangeEvent, vista, type Vista } from "../vista/index.ts";
import { FeedMoved } from "./follow.ts";
import { createMasterSource } from "./master-source.ts";

interface CurrentMasterOptions {
  /** Whose master it is. */
  readonly dio: string;
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly activity: ActivitySignal;
  /** Fires when the Dio closes. */
  readonly closing: AbortSignal;
}

/** The master as its Dio calls it, with deadlines and an eye on the activity; a reload exchanges it. */
export class CurrentMaster {
  readonly #options: CurrentMasterOptions;
  #vista: Vista;
  /** Fires when the master is exchanged, and is exchanged with it. */
  #swapped = new AbortController();

  constructor(master: Vista, options: CurrentMasterOptions) {
    this.#options = options;
    this.#vista = this.guard(master);
  }

  get vista(): Vista {
    return this.#vista;
  }

  guard(master: Vista): Vista {
    return vista(createMasterSource(master.source, this.#options)).narrowedBy(master.query);
  }

  /** `next` is guarded already. */
  swap(next: Vista): void {
    this.#vista = next;
    this.#swapped.abort();
    this.#swapped = new AbortController();
  }

  /** Its own changes; ends with `FeedMoved` where another master goes on telling. */
  async *watch(call: CallOptions): AsyncGenerator<ChangeEvent> {
    const swapped = this.#swapped.signal;
    yield* this.#vista.watch({ signal: anySignal(call.signal, swapped) });
    const goesOn = swapped.aborted && call.signal?.aborted !== true;
    if (goesOn && this.#vista.capabilities.canSubscribe) throw new FeedMoved();
  }
}
