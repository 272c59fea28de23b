import { PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { median, percentile } from "./measure.ts";

/** What the main thread went through while something ran. Milliseconds and megabytes. */
export interface LoopReport {
  /** For how long the thread was held at a stretch: its own processor time, without the collector's pauses. */
  readonly holdP99Ms: number;
  readonly holdMaxMs: number;
  /** How late a timer was, by the wall clock: the collector's pauses and the other programs' turns are in it. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** The garbage collector's pauses, by the wall clock. */
  readonly collectionMaxMs: number;
  readonly collectionTotalMs: number;
  readonly heapPeakMb: number;
  /** Processor time of the thread. */
  readonly cpuMs: number;
}

/** From one tick to the next. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cpuMs: number;
}

interface Pause {
  readonly fromMs: number;
  readonly toMs: number;
}

const TICK_MS = 2;
const HEAP_EVERY_TICKS = 10;

/** Watches the event loop, the collector and the heap while `work` runs. */
export async function watchLoop<T>(work: () => Promise<T>): Promise<{ result: T; report: LoopReport }> {
  const pauses: Pause[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      pauses.push({ fromMs: startTime, toMs: startTime + duration });
  });
  observer.observe({ entryTypes: ["gc"] });
  const stretches: Stretch[] = [];
  let heapPeak = heapUsed();
  let fromMs = performance.now();
  let cpuMs = threadCpuMs();
  const cpuAtStartMs = cpuMs;
  const tick = (): void => {
    const toMs = performance.now();
    const cpuNowMs = threadCpuMs();
    stretches.push({ fromMs, toMs, cpuMs: cpuNowMs - cpuMs });
    if (stretches.length % HEAP_EVERY_TICKS === 0 || toMs - fromMs > 20)
      heapPeak = Math.max(heapPeak, heapUsed());
    fromMs = toMs;
    cpuMs = cpuNowMs;
  };
  const ticking = setInterval(tick, TICK_MS);
  try {
    const result = await work();
    // One more tick for the last stretch; and the observer hears of the last pauses a turn later.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const report = toReport(stretches, pauses);
    return { result, report: { ...report, heapPeakMb: heapPeak / 1e6, cpuMs: cpuMs - cpuAtStartMs } };
  } finally {
    clearInterval(ticking);
    observer.disconnect();
  }
}

/** What stands beside the holds in the results: the medians of several runs. */
export function describeLoop(reports: readonly LoopReport[]): string {
  const of = (pick: (report: LoopReport) => number): string => median(reports.map(pick)).toFixed(0);
  const pauses = `longest ${of((report) => report.collectionMaxMs)} ms, ${of((report) => report.collectionTotalMs)} ms in all`;
  const delays = `p99 ${of((report) => report.delayP99Ms)} ms, longest ${of((report) => report.delayMaxMs)} ms`;
  return `the collector's pauses: ${pauses}; by the wall clock, with these and other programs' turns: ${delays}`;
}

function toReport(
  stretches: readonly Stretch[],
  pauses: readonly Pause[],
): Omit<LoopReport, "heapPeakMb" | "cpuMs"> {
  const delays = stretches.map(({ fromMs, toMs }) => Math.max(0, toMs - fromMs - TICK_MS));
  const holds = stretches.map(({ fromMs, toMs, cpuMs }) => {
    let collectingMs = 0;
    for (const pause of pauses)
      collectingMs += Math.max(0, Math.min(toMs, pause.toMs) - Math.max(fromMs, pause.fromMs));
    return Math.max(0, Math.min(cpuMs, toMs - fromMs) - collectingMs);
  });
  const collections = pauses.map(({ fromMs, toMs }) => toMs - fromMs);
  return {
    holdP99Ms: percentile(holds, 0.99),
    holdMaxMs: percentile(holds, 1),
    delayP99Ms: percentile(delays, 0.99),
    delayMaxMs: percentile(delays, 1),
    collectionMaxMs: percentile(collections, 1),
    collectionTotalMs: collections.reduce((sum, pauseMs) => sum + pauseMs, 0),
  };
}

/** Processor time of this thread alone: another program's turn is none of it. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** In bytes. */
function heapUsed(): number {
  return getHeapStatistics().used_heap_size;
}
