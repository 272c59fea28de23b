import { yieldToLoop, type Clock, type Timer } from "../base/index.ts";

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** How many timers are set. */
  readonly timerCount: number;
  /** Milliseconds until the next timer is due; `undefined` without one. */
  readonly nextTimerInMs: number | undefined;
  /** Moves both times on and fires what falls due, in order; what a timer set off has settled before the next. */
  advance(byMs: number): Promise<void>;
  /**
   * Moves on from timer to timer until the work has settled, and settles as it does. For work that waits for nothing
   * but this clock: it is an error where that has gone on by `atMostMs` (default one day) and the work has not settled.
   */
  until<T>(work: Promise<T>, atMostMs?: number): Promise<T>;
  /** Moves the wall clock alone, either way, as an adjustment or a suspended machine does. */
  jumpWall(byMs: number): void;
  /** A machine that slept, on a system whose timers count that: what fell due meanwhile fires late, at the next `advance`. */
  suspend(forMs: number): void;
}

interface SetTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

const ONE_DAY_MS = 24 * 3_600_000;
/** Turns of the event loop after which work that goes on without a timer has come to rest. */
const REST_TURNS = 20;

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
  const nextInMs = (): number | undefined => {
    const timer = next();
    return timer === undefined ? undefined : Math.max(0, timer.dueMs - monotonicMs);
  };
  const moveTo = (targetMs: number): void => {
    wallMs += Math.max(0, targetMs - monotonicMs);
    monotonicMs = Math.max(monotonicMs, targetMs);
  };

  const fire = (timer: SetTimer): void => {
    timers.delete(timer);
    moveTo(timer.dueMs);
    timer.callback();
  };
  /** False where no timer is due by then. */
  const fireNext = (limitMs: number): boolean => {
    const timer = next();
    if (timer === undefined || timer.dueMs > limitMs) return false;
    fire(timer);
    return true;
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
      return nextInMs();
    },
    async advance(byMs) {
      const targetMs = monotonicMs + byMs;
      do await yieldToLoop();
      while (fireNext(targetMs));
      moveTo(targetMs);
    },
    until(work, atMostMs = ONE_DAY_MS) {
      const limitMs = monotonicMs + atMostMs;
      return runUntil(work, () => {
        if (fireNext(limitMs)) return;
        const ahead = timers.size === 0 ? "no timer is set" : `the next timer is due in ${nextInMs()} ms`;
        throw new Error(`The work has not settled within ${atMostMs} ms of the clock: ${ahead}`);
      });
    },
    jumpWall(byMs) {
      wallMs += byMs;
    },
    suspend(forMs) {
      moveTo(monotonicMs + forMs);
    },
  };
}

/** `moveOn` is called whenever the work has come to rest without having settled. */
async function runUntil<T>(work: Promise<T>, moveOn: () => void): Promise<T> {
  let isSettled = false;
  const settled = (): void => void (isSettled = true);
  work.then(settled, settled);
  for (let turn = 1; !isSettled; turn++) {
    await yieldToLoop();
    if (!isSettled && turn % REST_TURNS === 0) moveOn();
  }
  return work;
}
