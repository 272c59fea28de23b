import type { QueueBatch, QueuedOp } from "../../src/queue/index.ts";
import type { WriteOp } from "../../src/vista/index.ts";
import { createRandom, type Random } from "../../src/testing/index.ts";

export const queueNames = ["products", "clients / *"] as const;

export interface QueueStep {
  readonly queue: string;
  readonly batch: QueueBatch;
}

/** What a queue was given, and all the states that its ops ever had. */
export interface QueueTruth {
  readonly newest: Map<number, QueuedOp>;
  readonly everything: Map<number, QueuedOp[]>;
}

/** A life of two queues, decided by the seed: ops of all sizes come, change their state and leave. */
export function queueHistory(seed: number): QueueStep[] {
  const random = createRandom(seed);
  const alive = new Map<string, Map<number, QueuedOp>>(queueNames.map((name) => [name, new Map()]));
  let last = 0;
  return Array.from({ length: random.integer(3, 40) }, () => {
    const queue = random.chance(0.8) ? queueNames[0] : queueNames[1];
    const ops = alive.get(queue) ?? new Map<number, QueuedOp>();
    const known = [...ops.keys()];
    const removes = known.length > 10 ? [...new Set([random.pick(known), random.pick(known)])] : [];
    for (const sequence of removes) ops.delete(sequence);
    const puts: QueuedOp[] = [];
    for (let left = random.integer(0, 8); left > 0; left--) puts.push(createOp(++last, random));
    const changing = [...ops.values()].filter(() => random.chance(0.1));
    for (const one of changing) puts.push({ ...one, ...random.pick(changes) });
    for (const one of puts) ops.set(one.sequence, one);
    return { queue, batch: { removes, puts } };
  });
}

export function truthOf(steps: readonly QueueStep[], queue: string): QueueTruth {
  const newest = new Map<number, QueuedOp>();
  const everything = new Map<number, QueuedOp[]>();
  for (const { batch } of steps.filter((step) => step.queue === queue)) {
    for (const sequence of batch.removes ?? []) newest.delete(sequence);
    for (const one of batch.puts ?? []) {
      newest.set(one.sequence, one);
      everything.set(one.sequence, [...(everything.get(one.sequence) ?? []), one]);
    }
  }
  return { newest, everything };
}

const changes: readonly Partial<QueuedOp>[] = [
  { state: "confirmed" },
  { state: "echo", nextAttemptAt: 5 },
  { state: "failed", error: { code: "rejected", message: "no such category" }, parksUpTo: 7 },
  { outcomeUnknown: true, nextAttemptAt: 1_764_000_000_000 },
];

function createOp(sequence: number, random: Random): QueuedOp {
  const common = { opId: `op-${sequence}`, enqueuedAt: 1_764_000_000_000 + sequence, attempt: 0 };
  const id = `id-${random.integer(1, 9)}`;
  // Random texts: no part of one is found in another.
  const size = random.pick([0, 3, 30, 30, 30, 200, 200, 1_000, 4_000, 12_000]);
  const text = Array.from({ length: Math.ceil(size / 8) }, () =>
    random.integer(0, 2 ** 32 - 1).toString(36),
  ).join(" ");
  const row = {
    text,
    price: random.next(),
    at: new Date(sequence),
    list: [1n, null, { bytes: new Uint8Array(3) }],
  };
  const ops: readonly WriteOp[] = [
    { ...common, kind: "insert", id, row },
    { ...common, kind: "replace", id, row },
    { ...common, kind: "patch", id, partial: row },
    { ...common, kind: "delete", id },
    { ...common, kind: "deleteAll", ids: text.split(" ") },
  ];
  const op = random.pick(ops);
  return { sequence, op, state: "queued", nextAttemptAt: 0, outcomeUnknown: false };
}
