import { eventChannel, failureChannel, type TracedEvent } from "../tracing/index.ts";
import type { DioEvent } from "./events.ts";
import { toTracedOp } from "./traced-write.ts";

/** Tells an event of the Dio of that name on the channels, where somebody listens. */
export function traceEvent(dio: string, event: DioEvent): void {
  if (eventChannel.hasSubscribers) eventChannel.publish(toTracedEvent(dio, event));
  if (failureChannel.hasSubscribers && "error" in event) {
    failureChannel.publish({ ...toTracedEvent(dio, event), error: event.error });
  }
}

/** Field by field: a row that an event may hold one day is not told by accident. */
function toTracedEvent(dio: string, event: DioEvent): TracedEvent {
  return {
    dio,
    type: event.type,
    seq: event.seq,
    ...("id" in event ? { id: event.id } : {}),
    ...("op" in event ? { op: toTracedOp(event.op) } : {}),
    ...("range" in event ? { range: event.range } : {}),
    ...("what" in event ? { what: event.what } : {}),
    ...("error" in event ? { error: event.error } : {}),
  };
}
