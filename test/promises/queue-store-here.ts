import type { LostOp, QueueBatch, QueuedOp } from "../../src/queue/index.ts";
import { decodeQueuedOp, encodeQueuedOp } from "../../src/queue/sqlite/op-record.ts";
import { PostingWriter } from "../../src/queue/sqlite/posting.ts";
import { QueueStore } from "../../src/queue/sqlite/queue-store.ts";

interface QueueHere {
  readonly kept: readonly QueuedOp[];
  readonly lost: readonly LostOp[];
  apply(batch: QueueBatch): Promise<void>;
}

export interface StoreHere {
  openQueue(name: string): Promise<QueueHere>;
  close(): Promise<void>;
}

/** What the durable queues run in a thread of their own, run in this one. */
export async function openStoreHere(folder: string): Promise<StoreHere> {
  const store = new QueueStore({ folder, maxSizeBytes: undefined, onNotice: () => undefined });
  store.openFile();
  return {
    async openQueue(queue) {
      const kept = readAll(store, queue);
      const lost = store.lost(queue);
      if (lost.length > 0) store.lostTold(queue);
      return { kept, lost, apply: async (batch) => write(store, queue, batch) };
    },
    async close() {
      store.close();
    },
  };
}

function readAll(store: QueueStore, queue: string): QueuedOp[] {
  const kept: QueuedOp[] = [];
  for (;;) {
    const { bytes, ends, sequences } = store.read(queue, kept.at(-1)?.sequence ?? 0);
    if (sequences.length === 0) return kept;
    let start = 0;
    for (const end of ends) {
      kept.push(decodeQueuedOp(bytes.subarray(start, end)).queued);
      start = end;
    }
  }
}

function write(store: QueueStore, queue: string, { puts = [], removes = [] }: QueueBatch): void {
  const posting = new PostingWriter();
  posting.begin(queue, true, removes, puts.length);
  for (const put of puts) posting.put({ sequence: put.sequence, record: encodeQueuedOp(queue, put) });
  const [failures] = store.apply([posting.take()]);
  if (failures !== undefined) throw new Error(JSON.stringify(failures));
}
