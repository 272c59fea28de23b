import { linkSignals } from "../base/index.ts";
import type { Entry } from "../record/index.ts";
import type { CallOptions } from "../vista/index.ts";
import { downError, type Fate, type FaultPlan } from "./faults.ts";

/** A read that may fail or hang at once or after some batches, and hold an id twice. */
export async function* readFaultily<R extends object>(
  plan: FaultPlan,
  call: CallOptions,
  read: (call: CallOptions) => AsyncIterable<readonly Entry<R>[]>,
): AsyncGenerator<readonly Entry<R>[], void, undefined> {
  const fate = plan.begin("read");
  // It may come in the middle: half of an answer is none.
  const isLate = fate.lateBatches > 0 && (fate.error !== undefined || fate.hangs);
  await plan.arrive(isLate ? { ...fate, error: undefined, hangs: false } : fate, call);
  const heard = fate.faults.deafToAbort === true ? {} : call;
  const doubles = fate.random.chance(fate.faults.duplicatedIdRate ?? 0);
  let batchCount = 0;
  for await (const batch of read(heard)) {
    if (batchCount > 0) await passBetween(plan, fate, heard);
    plan.checkUp(fate);
    yield doubles && batchCount === 0 ? doubled(fate, batch) : batch;
    batchCount += 1;
    if (isLate && batchCount >= fate.lateBatches) await breakOff(plan, fate);
  }
  if (isLate) await breakOff(plan, fate);
}

async function passBetween(
  plan: FaultPlan,
  { random, faults }: Fate,
  { signal }: CallOptions,
): Promise<void> {
  const [leastMs, mostMs] = faults.batchLatencyMs ?? [0, 0];
  await plan.wait(random.integer(leastMs, mostMs), signal);
  faults.changeDuringPagination?.(random);
}

async function breakOff(plan: FaultPlan, fate: Fate): Promise<void> {
  if (fate.hangs) await plan.hang(fate);
  if (fate.error !== undefined) throw plan.fail(fate, fate.error.thrown);
}

function doubled<R extends object>({ met }: Fate, batch: readonly Entry<R>[]): readonly Entry<R>[] {
  const [first] = batch;
  if (first === undefined) return batch;
  met.push("an id twice");
  return [...batch, first];
}

/** Ends with an error at its rate, after some changes or at once, and with every outage. */
export async function* watchFaultily<T>(
  plan: FaultPlan,
  call: CallOptions,
  watch: (call: CallOptions) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const fate = plan.begin("watch");
  const { error, lateBatches } = fate;
  await plan.arrive(lateBatches > 0 ? { ...fate, error: undefined } : fate, call);
  const linked = linkSignals(call.signal);
  const down = Promise.withResolvers<void>();
  const stopWaiting = plan.outages.onDown(down.resolve);
  const changes = watch({ signal: linked.signal })[Symbol.asyncIterator]();
  let changeCount = 0;
  try {
    for (;;) {
      const next = await Promise.race([changes.next(), down.promise]);
      if (next === undefined) throw plan.fail(fate, downError("watch"));
      if (next.done === true) return;
      yield next.value;
      changeCount += 1;
      if (error !== undefined && changeCount >= lateBatches) throw plan.fail(fate, error.thrown);
    }
  } finally {
    stopWaiting();
    // Its reader may still wait for a change that never comes: nobody waits for that.
    linked.abort();
  }
}
