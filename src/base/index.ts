export { abortable, anySignal, linkSignals } from "./abort.ts";
export { createActivity, type Activity, type ActivitySignal, type ActivitySwitch } from "./activity.ts";
export { assert, must, unreachable } from "./assert.ts";
export { backoffDelayMs, type Backoff } from "./backoff.ts";
export { sleep, systemClock, type Clock, type Timer } from "./clock.ts";
export { toMilliseconds, type Duration } from "./duration.ts";
export { errorAt } from "./error-at.ts";
export {
  DioramaError,
  isDioramaError,
  messageOf,
  toDioramaError,
  type ErrorCode,
  type ErrorPlace,
} from "./errors.ts";
export { silentLogger, toSafeLogger, type Logger } from "./logger.ts";
export { nearestName } from "./nearest-name.ts";
export { Ring } from "./ring.ts";
export { FeedRetries, letGo } from "./feed-retries.ts";
export { SingleFlight } from "./single-flight.ts";
export { TimeSlice } from "./time-slice.ts";
export { yieldToLoop } from "./yield-to-loop.ts";
export { uuidV7 } from "./uuid.ts";
