import { systemClock, type Clock } from "../base/index.ts";
import type { Entry, Row } from "../record/index.ts";
import type { CallOptions, Source } from "../vista/index.ts";
import { FaultPlan, type Faults, type SourceCall } from "./faults.ts";
import { faultyPages } from "./faulty-pages.ts";
import { faultyWrites } from "./faulty-writes.ts";

export interface FaultOptions extends Faults {
  /** Decides every fault; the same seed gives the same ones. Default 1. */
  readonly seed?: number;
  readonly clock?: Clock;
}

/** A source on which things go wrong, and the controls over that. */
export interface FaultySource<R extends object = Row> extends Source<R> {
  /** How often a method was called, or all of them together. */
  calls(call?: SourceCall): number;
  /** From now on these faults and no others. */
  setFaults(faults: Faults): void;
  /** From now on none. */
  heal(): void;
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
  return {
    name: source.name,
    schema: source.schema,
    capabilities: source.capabilities,
    validator: source.validator,
    fingerprint: () => source.fingerprint(),
    ...faultyReads(source, plan),
    ...faultyPages(source, plan),
    ...faultyWrites(source, plan),
    ...(source.explain === undefined ? {} : { explain: source.explain.bind(source) }),
    ...(source.close === undefined ? {} : { close: source.close.bind(source) }),
    calls: (call) => plan.callCount(call),
    setFaults: (next) => plan.setFaults(next),
    heal: () => plan.setFaults({}),
    failNext: (call, thrown, times = 1) => plan.script(call, thrown, times),
  };
}

function faultyReads<R extends object>(
  source: Source<R>,
  plan: FaultPlan,
): Pick<Source<R>, "version" | "read" | "get" | "count" | "watch"> {
  const version = source.version?.bind(source);
  const get = source.get?.bind(source);
  const count = source.count?.bind(source);
  const watch = source.watch?.bind(source);
  return {
    read: (query, call) => readFaultily(plan, call, (handed) => source.read(query, handed)),
    ...(version && { version: (call) => plan.run("version", call, () => version(call)) }),
    ...(get && { get: (id, call) => plan.run("get", call, () => get(id, call)) }),
    ...(count && { count: (query, call) => countFaultily(plan, call, () => count(query, call)) }),
    ...(watch && { watch: (call) => watchFaultily(plan, call, () => watch(call)) }),
  };
}

async function* readFaultily<R extends object>(
  plan: FaultPlan,
  call: CallOptions,
  read: (call: CallOptions) => AsyncIterable<readonly Entry<R>[]>,
): AsyncGenerator<readonly Entry<R>[], void, undefined> {
  const fate = plan.begin("read");
  const { faults, error } = fate;
  // An error may come in the middle: half of an answer is none.
  const late = error !== undefined && fate.errorAfterBatches > 0;
  await plan.arrive(late ? { ...fate, error: undefined } : fate, call);
  const doubles = fate.random.chance(faults.duplicatedIdRate ?? 0);
  let batchCount = 0;
  for await (const batch of read(faults.deafToAbort === true ? {} : call)) {
    const [first] = batch;
    yield doubles && batchCount === 0 && first !== undefined ? [...batch, first] : batch;
    batchCount += 1;
    if (late && batchCount >= fate.errorAfterBatches) throw error.thrown;
  }
  if (late) throw error.thrown;
}

/** A count may be as wrong as a page's total. */
async function countFaultily(
  plan: FaultPlan,
  call: CallOptions,
  count: () => Promise<number>,
): Promise<number> {
  const fate = plan.begin("count");
  await plan.arrive(fate, call);
  return plan.lied(fate, await count());
}

async function* watchFaultily<T>(
  plan: FaultPlan,
  call: CallOptions,
  watch: () => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const fate = plan.begin("watch");
  const { error } = fate;
  await plan.arrive({ ...fate, error: undefined }, call);
  let eventCount = 0;
  if (error !== undefined && fate.errorAfterBatches === 0) throw error.thrown;
  for await (const event of watch()) {
    yield event;
    eventCount += 1;
    if (error !== undefined && eventCount >= fate.errorAfterBatches) throw error.thrown;
  }
}
