import path from "node:path";
import { Worker } from "node:worker_threads";
import { Lens, memory } from "vantage-diorama";
import { generateProducts, productColumns, type Product } from "vantage-diorama/testing";
import type * as queueing from "../../src/queue/sqlite/index.ts";
import type * as recording from "../../src/queue/sqlite/op-record.ts";
import type { QueuedOp } from "../../src/queue/index.ts";
import type { Claim, Finding, Scale } from "../claim.ts";
import type { BareOp } from "../limits/queue-worker.ts";
import { interleave, median } from "../measure.ts";
import { inTemporaryFolder } from "../temporary-folder.ts";
import { describeLoop, type LoopReport, watchLoop } from "../watch-loop.ts";

// The built ones, as for everything that is measured; their types are there before they are built.
const built = (file: string): string => new URL(`../../dist/queue/sqlite/${file}`, import.meta.url).href;
const { openDurableQueues }: typeof queueing = await import(built("index.js"));
const { encodeQueuedOp }: typeof recording = await import(built("op-record.js"));

/** Somebody who has ops kept: one after the other, each awaited. */
type Keep = (queued: QueuedOp) => Promise<void>;

interface Bare {
  readonly keep: Keep;
  close(): Promise<unknown>;
}

/** The limit. It is handed what is encoded: that is not in its time. */
async function openBare(file: string, recordOf: (queued: QueuedOp) => Uint8Array): Promise<Bare> {
  const worker = new Worker(new URL("../limits/queue-worker.ts", import.meta.url), { workerData: { file } });
  const waiting = new Map<number, () => void>();
  let last = 0;
  await new Promise((resolve) => worker.once("message", resolve));
  worker.on("message", (calls: readonly number[]) => {
    for (const call of calls) {
      waiting.get(call)?.();
      waiting.delete(call);
    }
  });
  return {
    keep: (queued) =>
      new Promise((resolve) => {
        const call = ++last;
        waiting.set(call, resolve);
        worker.postMessage({ call, sequence: queued.sequence, record: recordOf(queued) } satisfies BareOp);
      }),
    close: () => worker.terminate(),
  };
}

function queuedOf(product: Product, sequence: number): QueuedOp {
  const row = { ...product };
  const base = { opId: crypto.randomUUID(), enqueuedAt: Date.now(), attempt: 0 };
  return {
    sequence,
    op: { ...base, kind: "replace", id: product.id, row },
    state: "queued",
    nextAttemptAt: 0,
    outcomeUnknown: false,
  };
}

/** So many callers keep their share of the ops, each one op at a time. */
async function keepAll(keep: Keep, ops: readonly QueuedOp[], callers: number): Promise<void> {
  const caller = async (first: number): Promise<void> => {
    for (let at = first; at < ops.length; at += callers) {
      const queued = ops[at];
      if (queued !== undefined) await keep(queued);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, first) => caller(first)));
}

async function enqueueing(callers: number, count: number, rounds: number): Promise<Finding> {
  const products = [...generateProducts(count, 1)];
  return inTemporaryFolder(async (folder) => {
    const records = new Map<number, Uint8Array>();
    const backend = await openDurableQueues(path.join(folder, "ours"));
    const queue = await backend.openQueue("products");
    const bare = await openBare(path.join(folder, "bare.db"), (queued) => {
      return records.get(queued.sequence) ?? new Uint8Array();
    });
    let ops: QueuedOp[] = [];
    let sequence = 0;
    const times = await interleave(
      rounds,
      {
        limit: () => keepAll(bare.keep, ops, callers),
        ours: () => keepAll((queued) => queue.apply({ puts: [queued] }), ops, callers),
      },
      {
        warmUps: Math.ceil(rounds / 10),
        prepare: () => {
          ops = products.map((product) => queuedOf(product, ++sequence));
          records.clear();
          for (const queued of ops) records.set(queued.sequence, encodeQueuedOp("products", queued));
        },
      },
    );
    await bare.close();
    await backend.close();
    const again = await openDurableQueues(path.join(folder, "ours"));
    const { kept } = await again.openQueue("products");
    await again.close();
    if (kept.length !== sequence) throw new Error(`${kept.length} ops are kept of ${sequence}`);
    return {
      work: `one durable op, ${callers} caller${callers === 1 ? "" : "s"} at once`,
      against: "a bare worker that receives encoded ops and commits all that have arrived at FULL",
      ours: (times.ours.medianMs * 1_000) / count,
      limit: (times.limit.medianMs * 1_000) / count,
      unit: "µs",
      ratio: times.ours.medianMs / times.limit.medianMs,
      target: 1 / 0.7,
    };
  });
}

const WRITES_AT_ONCE = 10;
const EVERY_MS = 10;

/** 1,000 writes a second through the facade of a Lens that keeps things there, or in memory. */
async function writeThrough(folder: string | undefined, turns: number): Promise<LoopReport> {
  const products = [...generateProducts(2_000, 1)];
  const builder = Lens.builder();
  const lens = await (folder === undefined ? builder : builder.cacheAt(folder)).build();
  const dio = await lens.makeDio(memory("products", { id: "id", columns: productColumns, rows: products }));
  const vista = dio.vista();
  const { report } = await watchLoop(async () => {
    const start = performance.now();
    const acknowledged: Promise<unknown>[] = [];
    for (let turn = 0; turn < turns; turn++) {
      for (let n = 0; n < WRITES_AT_ONCE; n++) {
        const { id } = products[(turn * WRITES_AT_ONCE + n) % products.length] ?? { id: "" };
        acknowledged.push(vista.patch(id, { stock: turn }));
      }
      const waitMs = start + (turn + 1) * EVERY_MS - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
    }
    await Promise.all(acknowledged);
  });
  await dio.flush();
  await lens.close();
  return report;
}

/** The main thread while a Lens on the disk takes 1,000 writes a second. */
async function writing({ smoke }: Scale): Promise<Finding[]> {
  const turns = smoke ? 20 : 500;
  const reports: LoopReport[] = [];
  const inMemory: LoopReport[] = [];
  for (let round = 0; round < (smoke ? 1 : 2); round++) {
    await inTemporaryFolder(async (folder) => {
      reports.push(await writeThrough(folder, turns));
    });
    inMemory.push(await writeThrough(undefined, turns));
  }
  const memoryP99Ms = median(inMemory.map((report) => report.delayP99Ms));
  const within20Ms = (work: string, ours: number, note: string): Finding => ({
    work,
    against: "20 ms",
    ours,
    limit: 20,
    unit: "ms",
    ratio: ours / 20,
    target: 1,
    note,
  });
  const count = turns * WRITES_AT_ONCE;
  return [
    within20Ms(
      "how late a timer of the main thread is under 1,000 durable writes a second, p99",
      median(reports.map((report) => report.delayP99Ms)),
      `${count.toLocaleString("en")} writes through the facade, each on the disk before it was acknowledged; ${describeLoop(reports)}; with everything in memory, in turn with these: p99 ${memoryP99Ms.toFixed(0)} ms`,
    ),
    within20Ms(
      "the main thread held at a stretch meanwhile, p99",
      median(reports.map((report) => report.holdP99Ms)),
      `longest ${median(reports.map((report) => report.holdMaxMs)).toFixed(0)} ms`,
    ),
  ];
}

/** An op on the disk before its caller goes on. */
export const claim: Claim = {
  id: "W1",
  title: "the durable write queue",
  left: "what is left is the main thread's: encoding an op takes 3 µs (its row a third of that; the limit is handed records that are encoded), packing it with the others of its stretch and settling its promise 2 µs. Handing a hundred ops over in one message makes up for some of it. The worker itself does as much as the limit's. One caller waits for one flush after the other, in both. A hundred callers share one flush; the limit shares it by twos, since its first messages are on the disk while the others still come, which is faster only where a flush takes less than encoding them.",
  async run(scale) {
    // Short turns, many of them: a disk that others use takes ten times as long now and then.
    const one = await enqueueing(1, 10, scale.rounds * 20);
    const hundred = await enqueueing(100, 500, scale.rounds * 8);
    return { findings: [one, hundred, ...(await writing(scale))] };
  },
};
