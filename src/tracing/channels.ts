import { openChannel, openWorkChannel } from "#tracing";
import type { Channel, WorkChannel } from "./channel.ts";
import type {
  TracedCacheCommit,
  TracedCall,
  TracedEvent,
  TracedFailure,
  TracedQueueCommit,
  TracedRun,
  TracedWrite,
} from "./messages.ts";

// The names are API: docs/guide/observability.md lists them.

export const eventChannel: Channel<TracedEvent> = openChannel("diorama.event");
export const failureChannel: Channel<TracedFailure> = openChannel("diorama.failure");
export const callChannel: WorkChannel<TracedCall> = openWorkChannel("diorama.call");
export const writeChannel: WorkChannel<TracedWrite> = openWorkChannel("diorama.write");
export const runChannel: WorkChannel<TracedRun> = openWorkChannel("diorama.run");
export const cacheCommitChannel: WorkChannel<TracedCacheCommit> = openWorkChannel("diorama.cache.commit");
export const queueCommitChannel: WorkChannel<TracedQueueCommit> = openWorkChannel("diorama.queue.commit");
