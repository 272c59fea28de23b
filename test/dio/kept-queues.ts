import {
  type ApplyOptions,
  DioramaError,
  type LostOp,
  type OpenQueueOptions,
  type QueueBackend,
  type QueueBatch,
  type QueuedOp,
  type WriteQueue,
} from "vantage-diorama";
import { createMemoryQueues } from "../../src/queue/index.ts";

/** One call of `apply`, as it was made. */
export interface Applied extends QueueBatch {
  readonly isRelaxed: boolean;
}

/** Queues that outlive whoever opens them, as a durable backend's would; what happens on the way is told and ruled here. */
export class KeptQueues implements QueueBackend {
  readonly durable: boolean;
  readonly #inner: QueueBackend = createMemoryQueues();
  /** What each opening asked for. */
  readonly opened: (OpenQueueOptions | undefined)[] = [];
  readonly applied: Applied[] = [];
  /** What the file holds, by sequence. */
  readonly ops = new Map<number, QueuedOp>();
  /** What the next opening has to tell. */
  lost: readonly LostOp[] = [];
  /** The error that a batch ends with, while it is set. */
  fails: ((batch: QueueBatch) => DioramaError | undefined) | undefined;
  /** A batch that fails as `unavailable` is kept all the same: only the answer was lost. */
  keepsUnavailable = false;
  isClosed = false;
  /** Tells the one who has the queue open, as when damage shows itself. */
  tellLost: (lost: readonly LostOp[]) => void = () => undefined;

  constructor({ durable = true }: { readonly durable?: boolean } = {}) {
    this.durable = durable;
  }

  async openQueue(name: string, options?: OpenQueueOptions): Promise<WriteQueue> {
    this.opened.push(options);
    const { lost } = this;
    this.lost = [];
    const queue = await this.#inner.openQueue(name);
    return {
      kept: queue.kept,
      lost,
      apply: (batch, how) => this.#apply(queue, batch, how),
      onLost: (listener) => (this.tellLost = listener),
      close: () => queue.close(),
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.#inner.close();
  }

  async #apply(queue: WriteQueue, batch: QueueBatch, how?: ApplyOptions): Promise<void> {
    this.applied.push({ ...batch, isRelaxed: how?.relaxed === true });
    const error = this.fails?.(batch);
    const isKept = error === undefined || (this.keepsUnavailable && error.code === "unavailable");
    if (isKept) {
      await queue.apply(batch);
      for (const sequence of batch.removes ?? []) this.ops.delete(sequence);
      for (const queued of batch.puts ?? []) this.ops.set(queued.sequence, queued);
    }
    if (error !== undefined) throw error;
  }
}

/** As a disk without room says it. */
export const full = (): DioramaError => new DioramaError("full", "the disk is full");

/** As a worker that has died leaves its calls. */
export const noAnswer = (): DioramaError => new DioramaError("unavailable", "the queue worker ended");
