import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";

/** What the main thread went through while something ran. Milliseconds and megabytes. */
export interface LoopReport {
  /** How late a timer of one millisecond was. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** Of it, the longest pause of the garbage collector. */
  readonly collectionMaxMs: number;
  readonly collectionTotalMs: number;
  readonly heapPeakMb: number;
}

/** Watches the event loop, the collector and the heap while `work` runs. */
export async function watchLoop<T>(work: () => Promise<T>): Promise<{ result: T; report: LoopReport }> {
  const pausesMs: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) pausesMs.push(entry.duration);
  });
  observer.observe({ entryTypes: ["gc"] });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let heapPeak = process.memoryUsage().heapUsed;
  const sampler = setInterval(() => (heapPeak = Math.max(heapPeak, process.memoryUsage().heapUsed)), 20);
  try {
    const result = await work();
    delay.disable();
    // The observer hears of the last pauses a turn later.
    await new Promise((resolve) => setTimeout(resolve, 10));
    return {
      result,
      report: {
        delayP99Ms: delay.percentile(99) / 1e6,
        delayMaxMs: delay.max / 1e6,
        collectionMaxMs: Math.max(0, ...pausesMs),
        collectionTotalMs: pausesMs.reduce((sum, pauseMs) => sum + pauseMs, 0),
        heapPeakMb: heapPeak / 1e6,
      },
    };
  } finally {
    clearInterval(sampler);
    observer.disconnect();
    delay.disable();
  }
}
