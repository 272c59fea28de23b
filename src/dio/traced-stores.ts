import type { CacheBatch, CacheTable } from "../cache/index.ts";
import type { ApplyOptions, QueueBatch, WriteQueue } from "../queue/index.ts";
import { cacheCommitChannel, queueCommitChannel } from "../tracing/index.ts";

/** The same table, whose transactions are told on `diorama.cache.commit`. */
export function traceTable(dio: string, table: CacheTable): CacheTable {
  return {
    get meta() {
      return table.meta;
    },
    get rowCount() {
      return table.rowCount;
    },
    lost: table.lost,
    orders: table.orders,
    get: (ids) => table.get(ids),
    scan: (batchRows) => table.scan(batchRows),
    apply: (batch) =>
      cacheCommitChannel.hasSubscribers
        ? cacheCommitChannel.trace(toCacheCommit(dio, batch), () => table.apply(batch))
        : table.apply(batch),
    close: () => table.close(),
  };
}

function toCacheCommit(dio: string, { puts = [], deletes = [], clear = false }: CacheBatch) {
  return { dio, puts: puts.length, deletes: deletes.length, cleared: clear };
}

/** The same queue, whose batches are told on `diorama.queue.commit`. */
export function traceQueue(dio: string, queue: WriteQueue): WriteQueue {
  return {
    get kept() {
      return queue.kept;
    },
    get lost() {
      return queue.lost;
    },
    apply: (batch, options) =>
      queueCommitChannel.hasSubscribers
        ? queueCommitChannel.trace(toQueueCommit(dio, batch, options), () => queue.apply(batch, options))
        : queue.apply(batch, options),
    onLost: (listener) => queue.onLost?.(listener),
    close: () => queue.close(),
  };
}

function toQueueCommit(dio: string, { puts = [], removes = [] }: QueueBatch, options: ApplyOptions = {}) {
  return { dio, puts: puts.length, removes: removes.length, relaxed: options.relaxed === true };
}
