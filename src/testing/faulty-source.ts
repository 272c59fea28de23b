import { DioramaError, systemClock, type Clock } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import type { CallOptions, Source } from "../vista/index.ts";
import { FaultPlan, type CallRecord, type Faults, type SourceCall } from "./faults.ts";
import { faultyPages } from "./faulty-pages.ts";
import { readFaultily, watchFaultily } from "./faulty-reads.ts";
import { unwrapped, wrapCalls } from "./wrap-calls.ts";

export interface FaultOptions extends Faults {
  /** Decides every fault; the same seed gives the same ones. Default 1. */
  readonly seed?: number;
  readonly clock?: Clock;
}

/** A source on which things go wrong, and the controls over that. */
export interface FaultySource<R extends object = Row> extends Source<R> {
  /** How often a method was called, or all of them together. */
  calls(call?: SourceCall): number;
  /** The last 1,000 calls and what each met. */
  readonly history: readonly CallRecord[];
  /** From now on these faults and no others. */
  setFaults(faults: Faults): void;
  /** From now on none. */
  heal(): void;
  /** An outage from now on, beside the other faults; without a time it lasts until the faults are set anew. */
  goDown(forMs?: number): void;
  /** The next `times` calls (default 1) of that method throw this, whatever else they would meet. */
  failNext(call: SourceCall, thrown: unknown, times?: number): void;
}

/** The source behind faults; what it offers, and what it claims, stays the same. */
export function createFaultySource<R extends object>(
  source: Source<R>,
  options: FaultOptions = {},
): FaultySource<R> {
  const { seed = 1, clock = systemClock, ...faults } = options;
  const plan = new FaultPlan(seed, clock, faults);
  const count = source.count?.bind(source);
  const watch = source.watch?.bind(source);
  return {
    ...unwrapped(source),
    ...wrapCalls(source, (name, call, work) =>
      isWrite(name) ? writeFaultily(plan, name, call, work) : plan.run(name, call, work),
    ),
    ...faultyPages(source, plan),
    ...(count && { count: (query, call) => countFaultily(plan, call, () => count(query, call)) }),
    read: (query, call) => readFaultily(plan, call, (handed) => source.read(query, handed)),
    ...(watch && { watch: (call) => watchFaultily(plan, call, watch) }),
    calls: (call) => plan.callCount(call),
    history: plan.history,
    setFaults: (next) => plan.setFaults(next),
    heal: () => plan.setFaults({}),
    goDown: (forMs = Infinity) => plan.outages.begin(forMs),
    failNext: (call, thrown, times = 1) => plan.script(call, thrown, times),
  };
}

const writes: readonly SourceCall[] = ["insert", "add", "replace", "patch", "delete", "deleteAll"];

function isWrite(name: SourceCall): boolean {
  return writes.includes(name);
}

/** It may be done although the answer says that it failed. */
async function writeFaultily<T>(
  plan: FaultPlan,
  name: SourceCall,
  call: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  const fate = plan.begin(name);
  await plan.arrive(fate, call);
  const answer = await work();
  plan.checkUp(fate);
  if (!fate.losesAnswer) return answer;
  fate.met.push("answer lost");
  throw new DioramaError("unavailable", `${name}: the answer was lost (made up)`);
}

/** A count may be as wrong as a page's total. */
async function countFaultily(
  plan: FaultPlan,
  call: CallOptions,
  count: () => Promise<number>,
): Promise<number> {
  const fate = plan.begin("count");
  await plan.arrive(fate, call);
  const total = await count();
  plan.checkUp(fate);
  return plan.lied(fate, total);
}
