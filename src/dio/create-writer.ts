import type { Row } from "../record/index.ts";
import type { CallOptions, WriteOp } from "../vista/index.ts";
import type { Dio } from "./dio.ts";
import type { DioContext } from "./dio-context.ts";
import type { OpenedStores } from "./options.ts";
import { sendToMaster } from "./send-to-master.ts";
import { traceWrite } from "./traced-write.ts";
import { Writer, type WriteResult } from "./writer.ts";

/** `reread` never rejects. `resumed`: before anything is sent. */
interface WriterEnds {
  readonly reread: (id: string) => Promise<void>;
  readonly resumed: () => void;
}

/** The Writer of a Dio: its destination is onWrite, onWriteBatch, or else the master. */
export function createWriter(
  context: DioContext,
  { queue, durability, isEmptied }: OpenedStores,
  { reread, resumed }: WriterEnds,
): Writer {
  const { writes, activity, clock, cache, callbacks } = context.options;
  const { failures } = context;
  const { onWrite, onWriteBatch } = callbacks;
  const host = {
    state: context.state,
    clock,
    failures,
    activity,
    name: context.name,
    idColumn: context.master().idColumn,
    belongs: (id: string, row: Row) => context.rows.belongs(id, row),
    durability,
    hasDurableCache: cache.durable,
    isCacheEmptied: isEmptied,
    readStored: (id: string, call: CallOptions) => context.master().get(id, call),
    reread: (id: string) => void reread(id),
    resumed,
    send: (op: WriteOp, call: CallOptions & { signal: AbortSignal }) =>
      onWrite === undefined
        ? traceWrite(context.name, "master", [op], () => sendToMaster(context.master(), op, call))
        : traceWrite(context.name, "onWrite", [op], () =>
            inWriteRun(context, (dio, signal) => onWrite(dio, op, { signal }), call),
          ),
  };
  if (onWriteBatch === undefined) return new Writer(host, writes, queue);
  const sendBatch = (ops: readonly WriteOp[], call: CallOptions): Promise<readonly WriteResult[] | void> =>
    traceWrite(context.name, "onWriteBatch", ops, () =>
      inWriteRun(context, (dio, signal) => onWriteBatch(dio, ops, { signal }), call),
    );
  return new Writer({ ...host, sendBatch }, writes, queue);
}

function inWriteRun<T>(
  context: DioContext,
  route: (dio: Dio, signal: AbortSignal) => T | Promise<T>,
  call: CallOptions,
): Promise<T> {
  return context.inRun(
    "write",
    async (run) => {
      const result = await route(context.handle(run), run.signal);
      await run.publish();
      return result;
    },
    call,
  );
}
