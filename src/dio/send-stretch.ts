import { TimeSlice, yieldToLoop } from "../base/index.ts";

/**
 * Notices that sending has gone on for long without a turn of the event loop: where the destination needs none, each
 * answer sets off the next call, and timers, I/O and input would wait for the end of the queue.
 */
export class SendStretch {
  readonly #slice = new TimeSlice();
  /** The loop has had no turn since it began. */
  #isUnderWay = false;

  /** To be asked before each call. */
  get isLong(): boolean {
    if (this.#isUnderWay) return this.#slice.isOver;
    this.#isUnderWay = true;
    this.#slice.begin();
    void yieldToLoop().then(() => (this.#isUnderWay = false));
    return false;
  }

  giveWay(): Promise<void> {
    return this.#slice.next();
  }
}
