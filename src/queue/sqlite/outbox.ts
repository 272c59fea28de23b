import { DioramaError, TimeSlice, toDioramaError } from "../../base/index.ts";
import type { Failure } from "../../sqlite/index.ts";
import type { QueueBatch } from "../write-queue.ts";
import { encodeQueuedOp } from "./op-record.ts";
import { type PostedPut, postingBuffers, PostingWriter } from "./posting.ts";
import type { QueueLink } from "./protocol.ts";
import { MAX_SEQUENCE } from "./queue-schema.ts";

interface Letter {
  readonly queue: string;
  readonly batch: QueueBatch;
  readonly mustFlush: boolean;
  readonly resolve: () => void;
  readonly reject: (error: DioramaError) => void;
}

/**
 * The way of all batches to the worker, in the order of the calls: those of one synchronous stretch go in one
 * message, and a large one is encoded in slices, so that the main thread stays free.
 */
export class Outbox {
  readonly #link: QueueLink;
  readonly #writer = new PostingWriter();
  readonly #slice = new TimeSlice();
  #waiting: Letter[] = [];
  /** Encoded, for the next message. */
  #packed: Letter[] = [];
  #isRunning = false;

  constructor(link: QueueLink) {
    this.#link = link;
  }

  /** Resolves when the worker has kept it. */
  send(queue: string, batch: QueueBatch, mustFlush: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ queue, batch, mustFlush, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      // What the rest of this stretch sends goes with it.
      void Promise.resolve().then(() => this.#run());
    });
  }

  /** Resolves when all that was sent before is answered. */
  async settled(queue: string): Promise<void> {
    if (this.#isRunning || this.#link.isRunning) await this.send(queue, {}, false);
  }

  async #run(): Promise<void> {
    this.#slice.begin();
    while (this.#waiting.length > 0) {
      const letters = this.#waiting;
      this.#waiting = [];
      for (const letter of letters) {
        for (const mayPost of this.#pack(letter)) {
          if (mayPost) this.#post();
          await this.#slice.next();
        }
      }
    }
    this.#post();
    this.#isRunning = false;
  }

  /** Yields when the slice is over; true: what was packed before may go. */
  *#pack(letter: Letter): Generator<boolean> {
    const { queue, batch, mustFlush, reject } = letter;
    const { removes = [], puts = [] } = batch;
    const encoded: PostedPut[] = [];
    try {
      for (const sequence of removes) checkSequence(queue, sequence);
      for (const queued of puts) {
        const { sequence } = queued;
        checkSequence(queue, sequence);
        encoded.push({ sequence, record: encodeQueuedOp(queue, queued) });
        if (this.#slice.isOver) yield true;
      }
    } catch (error) {
      reject(toDioramaError(error, "invalid", `queue ${JSON.stringify(queue)}`));
      return;
    }
    this.#writer.begin(queue, mustFlush, removes, encoded.length);
    for (const put of encoded) {
      this.#writer.put(put);
      if (this.#slice.isOver) yield false;
    }
    this.#packed.push(letter);
  }

  #post(): void {
    const letters = this.#packed;
    if (letters.length === 0) return;
    this.#packed = [];
    const posting = this.#writer.take();
    this.#link.call("apply", posting, postingBuffers(posting)).then(
      (outcome) => {
        for (const [index, letter] of letters.entries()) settle(letter, outcome?.[index]);
      },
      (error: unknown) => {
        for (const { queue, reject } of letters) {
          reject(toDioramaError(error, "unavailable", `queue ${JSON.stringify(queue)}`));
        }
      },
    );
  }
}

function settle({ queue, resolve, reject }: Letter, failure: Failure | null | undefined): void {
  if (failure === null || failure === undefined) return resolve();
  const { code, message, place } = failure;
  reject(new DioramaError(code, message, { place: { ...place, vista: queue } }));
}

function checkSequence(queue: string, sequence: number): void {
  if (Number.isInteger(sequence) && sequence >= 1 && sequence <= MAX_SEQUENCE) return;
  throw new DioramaError(
    "invalid",
    `queue ${JSON.stringify(queue)}: ${sequence} is no sequence; the durable queue takes integers from 1 to ${MAX_SEQUENCE}`,
    { place: { vista: queue } },
  );
}
