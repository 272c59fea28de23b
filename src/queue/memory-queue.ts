import { DioramaError } from "../base/index.ts";
import type { LostOp, QueueBackend, QueueBatch, QueuedOp, WriteQueue } from "./write-queue.ts";

/** Queues in this process: ops survive closing and opening a queue, and end with the backend. */
export function createMemoryQueues(): QueueBackend {
  return new MemoryQueues();
}

class MemoryQueues implements QueueBackend {
  readonly durable = false;
  readonly #ops = new Map<string, Map<number, QueuedOp>>();
  readonly #open = new Map<string, MemoryQueue>();
  #closed = false;

  async openQueue(name: string): Promise<WriteQueue> {
    if (this.#closed) throw new DioramaError("closed", "the memory queues are closed; make others");
    if (this.#open.has(name)) {
      throw new DioramaError("inUse", `queue ${JSON.stringify(name)} is open already; close what holds it`, {
        place: { vista: name },
      });
    }
    let ops = this.#ops.get(name);
    if (ops === undefined) this.#ops.set(name, (ops = new Map()));
    const queue = new MemoryQueue(name, ops, () => this.#open.delete(name));
    this.#open.set(name, queue);
    return queue;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open.values()].map((queue) => queue.close()));
    this.#ops.clear();
  }
}

class MemoryQueue implements WriteQueue {
  readonly kept: readonly QueuedOp[];
  readonly lost: readonly LostOp[] = [];
  readonly #name: string;
  readonly #ops: Map<number, QueuedOp>;
  readonly #onClose: () => void;
  #closed = false;

  constructor(name: string, ops: Map<number, QueuedOp>, onClose: () => void) {
    this.kept = [...ops.values()].toSorted((a, b) => a.sequence - b.sequence);
    this.#name = name;
    this.#ops = ops;
    this.#onClose = onClose;
  }

  async apply(batch: QueueBatch): Promise<void> {
    if (this.#closed) {
      throw new DioramaError("closed", `queue ${JSON.stringify(this.#name)} is closed`, {
        place: { vista: this.#name },
      });
    }
    for (const sequence of batch.removes ?? []) this.#ops.delete(sequence);
    for (const queued of batch.puts ?? []) this.#ops.set(queued.sequence, queued);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}
