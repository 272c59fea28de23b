import { DioramaError } from "../../base/index.ts";
import type { ApplyOptions, LostOp, QueueBatch, QueuedOp, WriteQueue } from "../write-queue.ts";
import type { Outbox } from "./outbox.ts";

/** What a queue is opened with. */
export interface OpenedQueue {
  readonly name: string;
  readonly flushes: boolean;
  readonly kept: readonly QueuedOp[];
  readonly lost: readonly LostOp[];
}

/** One open queue of the file. */
export class SqliteQueue implements WriteQueue {
  readonly kept: readonly QueuedOp[];
  readonly lost: readonly LostOp[];
  readonly #name: string;
  readonly #flushes: boolean;
  readonly #outbox: Outbox;
  readonly #onClosed: () => void;
  /** The batch sent last: when it is settled, all before it are. */
  #last: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(outbox: Outbox, { name, flushes, kept, lost }: OpenedQueue, onClosed: () => void) {
    this.kept = kept;
    this.lost = lost;
    this.#name = name;
    this.#flushes = flushes;
    this.#outbox = outbox;
    this.#onClosed = onClosed;
  }

  async apply(batch: QueueBatch, { relaxed = false }: ApplyOptions = {}): Promise<void> {
    if (this.#closing !== undefined) {
      throw new DioramaError("closed", `queue ${JSON.stringify(this.#name)} is closed`, {
        place: { vista: this.#name },
      });
    }
    const sent = this.#outbox.send(this.#name, batch, this.#flushes && !relaxed);
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  close(): Promise<void> {
    this.#closing ??= this.#last.then(this.#onClosed);
    return this.#closing;
  }
}
