export { assert, must, unreachable } from "./assert.ts";
export { sleep, systemClock, type Clock, type Timer, type TimerOptions } from "./clock.ts";
export { toMilliseconds, type Duration } from "./duration.ts";
export { DioramaError, isDioramaError, messageOf, toDioramaError, type ErrorCode, type ErrorPlace } from "./errors.ts";
export { silentLogger, type Logger } from "./logger.ts";
