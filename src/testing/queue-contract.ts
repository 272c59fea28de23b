import { assert, messageOf } from "../base/index.ts";
import type { QueueBackend, QueuedOp, WriteQueue } from "../queue/index.ts";
import { equalValues, type Value } from "../record/index.ts";
import { awkwardNames, awkwardRows } from "./awkward-values.ts";
import { type ContractTest, fails, same } from "./contract-check.ts";
import { createRandom } from "./random.ts";

/** A queue backend to be proven. */
export interface QueueSubject {
  readonly durable: boolean;
  /** Opens the backend of a place; the same place again, after closing, is the same storage where it is durable. */
  open(place: string): Promise<QueueBackend>;
  /** Of the random sequences; printed when one fails. */
  readonly seed: number;
}

type Prove = (title: string, body: (backend: QueueBackend, place: string) => Promise<void>) => void;

/** Proves the contract of QueueBackend: one test a rule of docs/spec/queue.md. */
export function queueContract(test: ContractTest, subject: QueueSubject): void {
  let places = 0;
  const prove: Prove = (title, body) => {
    const place = `contract-${++places}`;
    test(title, async () => {
      const backend = await subject.open(place);
      try {
        await body(backend, place);
      } finally {
        await backend.close();
      }
    });
  };
  proveOps(prove);
  proveQueues(prove, subject);
}

function proveOps(prove: Prove): void {
  prove("U1 what was applied is there when the queue is opened again, by sequence", async (backend) => {
    const queue = await backend.openQueue("products");
    await queue.apply({ puts: [queued(3), queued(1), queued(2)] });
    await queue.apply({ puts: [queued(4)], removes: [2] });
    await queue.close();
    await keeps(backend, [queued(1), queued(3), queued(4)]);
  });

  prove("U2 an op comes back exactly as it was put", async (backend) => {
    const ops = everyKind();
    const queue = await backend.openQueue("products");
    await queue.apply({ puts: ops });
    await queue.close();
    await keeps(backend, ops);
  });

  prove("U3 a batch is removes, then puts, which replace", async (backend) => {
    const queue = await backend.openQueue("products");
    await queue.apply({ puts: [queued(1), queued(2)] });
    const changed: QueuedOp = { ...queued(2), state: "failed", error: { code: "rejected", message: "no" } };
    await queue.apply({ removes: [1, 2, 99], puts: [changed] });
    await queue.apply({});
    await queue.close();
    await keeps(backend, [changed]);
  });

  prove("U4 calls that overlap take effect in their order", async (backend) => {
    const queue = await backend.openQueue("products");
    const calls: Promise<void>[] = [];
    for (let n = 0; n < 50; n++) {
      calls.push(queue.apply({ puts: [queued(1), queued(n + 2)] }), queue.apply({ removes: [1] }));
    }
    await Promise.all(calls);
    await queue.close();
    await keeps(
      backend,
      Array.from({ length: 50 }, (_, n) => queued(n + 2)),
    );
  });

  prove("U5 kept is what was there at opening", async (backend) => {
    const first = await backend.openQueue("products");
    await first.apply({ puts: [queued(1)] });
    same(first.kept.length, 0, "kept of a new queue");
    same(first.lost.length, 0, "lost of a new queue");
    await first.close();
    const second = await backend.openQueue("products");
    await second.apply({ removes: [1], puts: [queued(2)] });
    same(second.kept.length, 1, "kept after a change");
    same(second.kept[0]?.sequence, 1, "sequence of what was kept");
  });
}

function proveQueues(prove: Prove, subject: QueueSubject): void {
  prove("U6 any text names a queue, and queues share nothing", async (backend) => {
    for (const [index, name] of awkwardNames.entries()) {
      const queue = await backend.openQueue(name);
      await queue.apply({ puts: [queued(index + 1)] });
      await queue.close();
    }
    for (const [index, name] of awkwardNames.entries()) {
      sameOps((await backend.openQueue(name)).kept, [queued(index + 1)]);
    }
  });

  prove("U7 a queue is open once", async (backend) => {
    const queue = await backend.openQueue("products");
    const error = await fails(backend.openQueue("products"), "inUse");
    assert(error.message.includes('"products"'), `the message names the queue: ${error.message}`);
    await queue.close();
    await backend.openQueue("products");
  });

  prove("U8 after close every call is closed", async (backend) => {
    const queue = await backend.openQueue("products");
    const other = await backend.openQueue("other");
    const underWay = queue.apply({ puts: [queued(1)] });
    await Promise.all([queue.close(), queue.close()]);
    await underWay;
    await keeps(backend, [queued(1)]);
    await fails(queue.apply({}), "closed");
    await backend.close();
    await backend.close();
    await fails(other.apply({ puts: [queued(1)] }), "closed");
    await fails(backend.openQueue("products"), "closed");
  });

  prove(
    "U9 a durable backend has its ops when it is opened again, another starts empty",
    async (backend, place) => {
      same(backend.durable, subject.durable, "durable");
      const queue = await backend.openQueue("products");
      await queue.apply({ puts: [queued(1), queued(2)] });
      await queue.apply({ puts: [queued(3)], removes: [1] }, { relaxed: true });
      const other = await backend.openQueue("of processes", { durability: "process" });
      await other.apply({ puts: [queued(4)] });
      await backend.close();
      const again = await subject.open(place);
      await keeps(again, subject.durable ? [queued(2), queued(3)] : []);
      const kept = (await again.openQueue("of processes")).kept;
      sameOps(kept, subject.durable ? [queued(4)] : []);
      await again.close();
    },
  );

  prove("U10 after any sequence of calls a queue equals a Map", async (backend) => {
    const random = createRandom(subject.seed);
    const ops = new Map<number, QueuedOp>();
    let queue = await backend.openQueue("products");
    for (let step = 0; step < 150; step++) {
      const removes = Array.from({ length: random.integer(0, 3) }, () => random.integer(1, 40));
      const puts = Array.from({ length: random.integer(0, 3) }, () => queued(random.integer(1, 40), step));
      await queue.apply({ removes, puts });
      for (const sequence of removes) ops.delete(sequence);
      for (const op of puts) ops.set(op.sequence, op);
      if (!random.chance(0.2)) continue;
      await queue.close();
      queue = await backend.openQueue("products");
      try {
        sameOps(queue.kept, bySequence(ops.values()));
      } catch (error) {
        throw new Error(`step ${step} of seed ${subject.seed}: ${messageOf(error)}`, { cause: error });
      }
    }
  });
}

async function keeps(backend: QueueBackend, expected: readonly QueuedOp[]): Promise<void> {
  const queue: WriteQueue = await backend.openQueue("products");
  sameOps(queue.kept, expected);
  await queue.close();
}

function sameOps(found: readonly QueuedOp[], expected: readonly QueuedOp[]): void {
  same(found.length, expected.length, "number of ops");
  for (const [index, op] of found.entries()) {
    assert(equalValues(toValue(op), toValue(expected[index])), `the op at ${index}, sequence ${op.sequence}`);
  }
}

/** Ops are plain data, as rows are; an absent member and an undefined one are the same. */
function toValue(op: unknown): Value {
  if (Array.isArray(op)) return op.map(toValue);
  if (typeof op !== "object" || op === null || op instanceof Date || op instanceof Uint8Array) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is left of an op are values
    return op as Value;
  }
  const members = Object.entries(op).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members.map(([name, value]) => [name, toValue(value)]));
}

function bySequence(ops: Iterable<QueuedOp>): QueuedOp[] {
  return [...ops].toSorted((a, b) => a.sequence - b.sequence);
}

function queued(sequence: number, attempt = 0): QueuedOp {
  return {
    sequence,
    op: {
      opId: `op-${sequence}`,
      kind: "delete",
      id: `row ${sequence}`,
      enqueuedAt: 1_764_000_000_000,
      attempt,
    },
    state: "queued",
    nextAttemptAt: 0,
    outcomeUnknown: false,
  };
}

/** Every kind of op and state, with every kind of value in its rows. */
function everyKind(): QueuedOp[] {
  const base = { enqueuedAt: 1_764_000_000_000.5, attempt: 3 };
  const rest = { state: "queued", nextAttemptAt: 1_764_000_060_000, outcomeUnknown: true } as const;
  const error = { code: "unavailable", message: "no answer" };
  const rows = awkwardRows().map((row, index): QueuedOp => ({
    ...rest,
    sequence: index + 1,
    op: {
      ...base,
      opId: `insert ${index}`,
      kind: index % 2 === 0 ? "insert" : "replace",
      id: `ß ${index}`,
      row,
    },
  }));
  return [
    ...rows,
    { ...rest, sequence: 101, op: { ...base, opId: "p", kind: "patch", id: "a", partial: { n: -0 } }, error },
    { ...rest, sequence: 102, op: { ...base, opId: "d", kind: "delete", id: "a" }, state: "confirmed" },
    { ...rest, sequence: 103, op: { ...base, opId: "all", kind: "deleteAll" }, state: "echo" },
    {
      ...rest,
      sequence: 2 ** 40,
      op: { ...base, opId: "some", kind: "deleteAll", ids: ["a", "😀"] },
      state: "failed",
      error,
      parksUpTo: 2 ** 41,
    },
  ];
}
