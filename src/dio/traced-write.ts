import { type TracedOp, type TracedWrite, writeChannel } from "../tracing/index.ts";
import type { WriteOp } from "../vista/index.ts";

/** Sends the ops, and tells of the attempt where somebody listens. */
export function traceWrite<T>(
  dio: string,
  route: TracedWrite["route"],
  ops: readonly WriteOp[],
  send: () => Promise<T>,
): Promise<T> {
  if (!writeChannel.hasSubscribers) return send();
  return writeChannel.trace({ dio, route, ops: ops.map(toTracedOp) }, send);
}

/** A write without what it writes. */
export function toTracedOp({ opId, kind, id, attempt }: WriteOp): TracedOp {
  return { opId, kind, id, attempt };
}
