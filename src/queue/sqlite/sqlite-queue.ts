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
  #listener: ((lost: readonly LostOp[]) => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(outbox: Outbox, { name, flushes, kept, lost }: OpenedQueue, onClosed: () => void) {
    this.kept = kept;
    this.lost = lost;
    this.#name = name;
    this.#flushes = flushes;
    this.#outbox = outbox;
    this.#onClosed = onClosed;
  }

  apply(batch: QueueBatch, { relaxed = false }: ApplyOptions = {}): Promise<void> {
    if (this.#closing === undefined) return this.#outbox.send(this.#name, batch, this.#flushes && !relaxed);
    return Promise.reject(
      new DioramaError("closed", `queue ${JSON.stringify(this.#name)} is closed`, {
        place: { vista: this.#name },
      }),
    );
  }

  /** Whom to tell what is lost while it is open; nobody once it closes. */
  get listener(): ((lost: readonly LostOp[]) => void) | undefined {
    return this.#closing === undefined ? this.#listener : undefined;
  }

  onLost(listener: (lost: readonly LostOp[]) => void): void {
    this.#listener = listener;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#outbox.settled(this.#name);
    } catch {
      // The worker is gone, and whoever waited for it was told.
    }
    this.#onClosed();
  }
}
