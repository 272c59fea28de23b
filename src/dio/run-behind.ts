import { type Logger, messageOf, yieldToLoop } from "../base/index.ts";

/** Calls `step` once in each turn of the event loop until it returns false, or nobody wants it any more. */
export async function runBehind(step: () => boolean, signal: AbortSignal, logger: Logger): Promise<void> {
  try {
    do await yieldToLoop();
    while (!signal.aborted && step());
  } catch (error) {
    logger.error("work behind failed", { reason: messageOf(error) });
  }
}
