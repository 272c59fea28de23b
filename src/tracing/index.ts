export type { SteppedWork } from "./channel.ts";
export {
  cacheCommitChannel,
  callChannel,
  eventChannel,
  failureChannel,
  queueCommitChannel,
  runChannel,
  writeChannel,
} from "./channels.ts";
export type {
  TracedCacheCommit,
  TracedCall,
  TracedEvent,
  TracedFailure,
  TracedOp,
  TracedQueueCommit,
  TracedRun,
  TracedWrite,
} from "./messages.ts";
