import { yieldToLoop, type Clock, type Timer } from "../base/index.ts";

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** How many timers are set. */
  readonly timerCount: number;
  /** Milliseconds until the next timer is due; `undefined` without one. */
  readonly nextTimerInMs: number | undefined;
  /** Moves both times on and fires what falls due, in order; what a timer set off has settled before the next. */
  advance(byMs: number): Promise<void>;
  /** Moves the wall clock alone, either way, as an adjustment or a suspended machine does. */
  jumpWall(byMs: number): void;
}

interface SetTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A ManualClock whose wall clock shows `startMs`, milliseconds since 1970. */
export function createManualClock(startMs: number = Date.UTC(2026, 0, 1)): ManualClock {
  let wallMs = startMs;
  let monotonicMs = 0;
  // A Set keeps timers of one instant in the order in which they were set.
  const timers = new Set<SetTimer>();

  const next = (): SetTimer | undefined => {
    let first: SetTimer | undefined;
    for (const timer of timers) {
      if (first === undefined || timer.dueMs < first.dueMs) first = timer;
    }
    return first;
  };
  const moveTo = (targetMs: number): void => {
    wallMs += Math.max(0, targetMs - monotonicMs);
    monotonicMs = Math.max(monotonicMs, targetMs);
  };

  return {
    now: () => wallMs,
    monotonic: () => monotonicMs,
    setTimer(callback, delayMs): Timer {
      const timer = { dueMs: monotonicMs + Math.max(0, delayMs), callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    get timerCount() {
      return timers.size;
    },
    get nextTimerInMs() {
      const timer = next();
      return timer === undefined ? undefined : Math.max(0, timer.dueMs - monotonicMs);
    },
    async advance(byMs) {
      const targetMs = monotonicMs + byMs;
      for (;;) {
        await yieldToLoop();
        const timer = next();
        if (timer === undefined || timer.dueMs > targetMs) break;
        timers.delete(timer);
        moveTo(timer.dueMs);
        timer.callback();
      }
      moveTo(targetMs);
    },
    jumpWall(byMs) {
      wallMs += byMs;
    },
  };
}
