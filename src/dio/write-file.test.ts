import { expect, test } from "vitest";
import { full, KeptQueues } from "../../test/dio/kept-queues.ts";
import { createRig as createWriterRig, failing } from "../../test/dio/write-rig.ts";
import { DioramaError } from "../base/index.ts";
import { createManualClock, type ManualClock } from "../testing/index.ts";
import type { QueueBatch, QueuedOp } from "../queue/index.ts";
import { WriteFile } from "./write-file.ts";

interface Rig {
  readonly file: WriteFile;
  readonly clock: ManualClock;
  /** The file's content: sequence and attempt of each op. */
  content(): readonly (readonly [number, number])[];
  /** From now on batches end when this is called: kept, or as `full`. */
  hold(): (end: "kept" | "full") => Promise<void>;
  /** As long as the cache is not in its file, it isn't. */
  cacheFlush: Promise<void>;
}

function queued(sequence: number, attempt: number): QueuedOp {
  const op = { kind: "delete", id: "a", opId: `op-${sequence}`, enqueuedAt: 0, attempt } as const;
  return { sequence, op, state: "queued", nextAttemptAt: 0, outcomeUnknown: false };
}

async function createRig(): Promise<Rig> {
  const queues = new KeptQueues();
  const queue = await queues.openQueue("things");
  const clock = createManualClock();
  let held: Promise<unknown> = Promise.resolve();
  const holding = {
    ...queue,
    apply: async (batch: QueueBatch): Promise<void> => {
      await held;
      await queue.apply(batch);
    },
  };
  const rig = { cacheFlush: Promise.resolve() };
  const file = new WriteFile(holding, {
    clock,
    flushCache: () => rig.cacheFlush,
    onFailure: () => undefined,
    onRecovery: () => undefined,
  });
  return Object.assign(rig, {
    file,
    clock,
    content: () => [...queues.ops.values()].map(({ sequence, op }) => [sequence, op.attempt] as const),
    hold: () => {
      const end = Promise.withResolvers<void>();
      held = end.promise;
      return async (how: "kept" | "full") => {
        queues.fails = how === "full" ? full : undefined;
        end.resolve();
        await clock.advance(0);
        queues.fails = undefined;
      };
    },
  });
}

test("W30 a confirmed op stays until what the cache holds is in its file, however long that takes", async () => {
  const rig = await createRig();
  const { file, clock, content } = rig;
  await file.stage([queued(1, 0)]);
  const flush = Promise.withResolvers<void>();
  rig.cacheFlush = flush.promise;
  file.dropBehindCache(queued(1, 1));
  await clock.advance(60_000);
  expect(content()).toEqual([[1, 1]]);
  flush.reject(full());
  await clock.advance(0);
  rig.cacheFlush = Promise.resolve();
  expect(content()).toEqual([[1, 1]]);
  await clock.advance(1_000);
  expect(content()).toEqual([]);
});

test("W34 what is noted while an older state can't be written stands when both are tried again", async () => {
  const { file, clock, content, hold } = await createRig();
  await file.stage([queued(1, 0), queued(2, 0), queued(3, 0)]);
  const release = hold();
  for (const sequence of [1, 2, 3]) file.note(queued(sequence, 1));
  await clock.advance(0);
  file.note(queued(1, 2));
  file.drop(2);
  await release("full");
  expect(content()).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  await clock.advance(1_000);
  expect(content()).toEqual([
    [1, 2],
    [3, 1],
  ]);
});

test("W37 what was noted of an op before another takes its place is not written over that", async () => {
  // At every step of the way.
  for (let turns = 0; turns < 30; turns++) {
    const { file, clock, content, hold } = await createRig();
    await file.stage([queued(1, 0)]);
    const release = hold();
    file.note(queued(1, 1));
    let [isNoted, wasNoted] = [false, false];
    const replacing = file.replace(queued(1, 9), () => {
      wasNoted = isNoted;
      return true;
    });
    const noting = (async () => {
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      isNoted = true;
      file.note(queued(1, 2));
    })();
    await release("kept");
    expect(await replacing).toBe(true);
    await noting;
    await clock.advance(0);
    expect(content(), `after ${turns} turns`).toEqual([[1, wasNoted ? 9 : 2]]);
  }
});

for (const decide of ["retry", "discard"] as const) {
  test(`W27 ${decide} is not said to be kept before it is, and what it lets go is sent all the same`, async () => {
    const queues = new KeptQueues();
    const { writer, destination, clock, settle } = await createWriterRig({
      durable: true,
      queue: await queues.openQueue("things"),
      rows: { a: {} },
    });
    const release = destination.hold();
    destination.script.push(failing("rejected"));
    for (const n of [1, 2]) writer.submit({ kind: "patch", id: "a", partial: { n }, opId: `op ${n}` });
    await settle();
    release();
    await settle();
    expect([...queues.ops.values()].map(({ state }) => state)).toEqual(["failed", "queued"]);
    queues.fails = full;
    await expect(writer[decide]("op 1")).rejects.toMatchObject({ code: "full" });
    await settle();
    expect(writer.pending()).toEqual([]);
    expect(destination.calls.map(({ opId }) => opId)).toEqual(
      decide === "retry" ? ["op 1", "op 1", "op 2"] : ["op 1", "op 2"],
    );
    queues.fails = undefined;
    await clock.advance(3_000);
    expect([writer.failed(), queues.ops.size]).toEqual([[], 0]);
  });
}

test("W10 ops are sent in their order, though those that failed to be kept together are kept later", async () => {
  const queues = new KeptQueues();
  const { writer, destination } = await createWriterRig({
    durable: true,
    queue: await queues.openQueue("things"),
    rows: { a: {}, b: {} },
  });
  const isBad = ({ op }: QueuedOp): boolean => op.opId === "bad";
  queues.fails = ({ puts = [] }) =>
    puts.some(isBad) ? new DioramaError("invalid", "can't be encoded") : undefined;
  const patch = (id: string, opId: string) =>
    writer.submit({ kind: "patch", id, partial: { by: opId }, opId });
  patch("a", "first");
  patch("b", "bad");
  await Promise.resolve();
  await Promise.resolve();
  await patch("a", "second").confirmed;
  expect(destination.calls.map(({ opId }) => opId)).toEqual(["first", "second"]);
});

test("W19 a queued op that has moved to another id is kept under that", async () => {
  const queues = new KeptQueues();
  const { writer, destination, settle } = await createWriterRig({
    durable: true,
    queue: await queues.openQueue("things"),
  });
  const release = destination.hold();
  destination.script.push(() => ({ id: "new" }));
  const sent = writer.submit({ kind: "insert", id: "tmp", row: { n: 1 }, opId: "sent" });
  writer.submit({ kind: "patch", id: "tmp", partial: { n: 2 }, opId: "queued" });
  await settle();
  destination.hold();
  release();
  await sent.confirmed;
  await settle();
  expect([...queues.ops.values()].map(({ op, state }) => [op.id, op.opId, state])).toEqual([
    ["new", "sent", "confirmed"],
    ["new", "queued", "queued"],
  ]);
});

test("W29 the wait for an echo is no longer than it was, though the clock was set back since", async () => {
  const queues = new KeptQueues();
  const before = await queues.openQueue("things");
  const op = { kind: "patch", id: "a", partial: { n: 1 }, opId: "one", enqueuedAt: 0, attempt: 1 } as const;
  const nextAttemptAt = Date.UTC(2100, 0);
  await before.apply({ puts: [{ sequence: 1, op, state: "echo", nextAttemptAt, outcomeUnknown: true }] });
  await before.close();
  const { writer, clock } = await createWriterRig({
    durable: true,
    queue: await queues.openQueue("things"),
    rows: { a: {} },
  });
  await writer.ready;
  await clock.advance(59_000);
  expect(writer.pending().map(({ state }) => state)).toEqual(["echo"]);
  await clock.advance(1_000);
  expect(writer.pending()).toEqual([]);
});
