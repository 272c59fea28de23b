/** A timer that was set; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

export interface TimerOptions {
  /** Whether the process stays alive for it. Default false: idle timers never hold a program. */
  readonly keepAlive?: boolean;
}

/** Where all time comes from, so that tests own it. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start. Never goes back: for intervals and deadlines. */
  monotonic(): number;
  setTimer(callback: () => void, delayMs: number, options?: TimerOptions): Timer;
}

/** The longest delay a host timer takes; a longer one would fire at once. */
const MAX_HOST_DELAY_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs, options = {}) {
    let handle: ReturnType<typeof setTimeout>;
    const end = performance.now() + delayMs;
    const arm = (): void => {
      const leftMs = end - performance.now();
      // Whole milliseconds, upwards: hosts cut off the rest, and would fire too early.
      const waitMs = Math.ceil(Math.max(0, Math.min(leftMs, MAX_HOST_DELAY_MS)));
      handle = setTimeout(() => (leftMs > MAX_HOST_DELAY_MS ? arm() : callback()), waitMs);
      if (options.keepAlive !== true) releaseTimer(handle);
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`, or at once when the signal aborts: the caller looks at the signal. */
export function sleep(
  clock: Clock,
  delayMs: number,
  signal?: AbortSignal,
  options?: TimerOptions,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const onAbort = (): void => {
      timer.cancel();
      resolve();
    };
    const timer = clock.setTimer(
      () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
      delayMs,
      options,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Node's timers are objects that can be released; a browser's are numbers and hold nothing. */
function releaseTimer(handle: unknown): void {
  if (
    typeof handle === "object" &&
    handle !== null &&
    "unref" in handle &&
    typeof handle.unref === "function"
  ) {
    handle.unref();
  }
}
