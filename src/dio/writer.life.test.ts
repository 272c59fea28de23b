import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRig, Destination, failing } from "../../test/dio/write-rig.ts";
import { DioramaError, type ErrorCode } from "../base/index.ts";
import {
  createMemoryQueues,
  type QueueBackend,
  type QueueBatch,
  type QueuedOp,
  type WriteQueue,
} from "../queue/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";

const insert = (id: string, row: Row = { id }) =>
  ({ kind: "insert", id, row, opId: `insert ${id}` }) as const;
const patch = (id: string, partial: Row, opId = `patch ${id}`) =>
  ({ kind: "patch", id, partial, opId }) as const;

/** A queue whose content can be looked at, and that can be made to fail. */
interface OpenQueue extends WriteQueue {
  readonly ops: ReadonlyMap<number, QueuedOp>;
  fails: ((batch: QueueBatch) => boolean) | undefined;
}

async function openQueue(queues: QueueBackend): Promise<OpenQueue> {
  const queue = await queues.openQueue("things");
  const ops = new Map(queue.kept.map((kept) => [kept.sequence, kept]));
  const open: OpenQueue = {
    kept: queue.kept,
    lost: queue.lost,
    ops,
    fails: undefined,
    async apply(batch) {
      if (open.fails?.(batch) === true) throw new DioramaError("full", "the disk is full");
      await queue.apply(batch);
      for (const sequence of batch.removes ?? []) ops.delete(sequence);
      for (const queued of batch.puts ?? []) ops.set(queued.sequence, queued);
    },
    close: () => queue.close(),
  };
  return open;
}

const told = (promise: Promise<unknown>): Promise<ErrorCode | "done"> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof DioramaError ? error.code : "done"),
  );

const statesOf = (queue: OpenQueue): readonly string[] =>
  [...queue.ops.values()].map(({ op, state }) => `${op.opId}: ${state}`);

describe("flush", () => {
  test("W28 waits for what was queued before the call, and for no more", async () => {
    const { writer, destination, settle } = await createRig();
    const release = destination.hold();
    await writer.flush();
    writer.submit(insert("a"));
    const first = writer.flush();
    writer.submit(insert("b"));
    const second = writer.flush();
    const done: string[] = [];
    void first.then(() => done.push("first"));
    void second.then(() => done.push("second"));
    await settle();
    expect(done).toEqual([]);
    let releaseB = (): void => undefined;
    destination.script.push(async () => {
      releaseB = destination.hold();
    });
    release();
    await settle();
    expect(done).toEqual(["first", "second"]);
    releaseB();
  });

  test("W28 dead letters count as settled, parked ops do not hold it, retried ones do again", async () => {
    const { writer, destination, settle } = await createRig();
    destination.script.push(failing("rejected"));
    writer.submit(insert("a"));
    writer.submit(patch("a", { n: 1 }));
    await writer.flush();
    const release = destination.hold();
    await writer.retry("insert a");
    let done = false;
    void writer.flush().then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    release();
    await settle();
    expect(done).toBe(true);
    expect(destination.log).toEqual(["insert a 1", "insert a 2", "patch a 1"]);
  });
});

describe("the next start", () => {
  test("W29 what was kept shows at once and is sent in order, as if it might have arrived", async () => {
    const queues = createMemoryQueues();
    const before = await createRig({ queue: await openQueue(queues), durable: true });
    before.destination.hold();
    before.writer.submit(insert("a"));
    before.writer.submit(patch("a", { n: 1 }));
    before.writer.submit({ kind: "delete", id: "b", opId: "gone" });
    const handle = before.writer.submit(insert("c"));
    await handle.staged;
    const closing = before.writer.close({ drainMs: 0 });
    await before.clock.advance(5_000);
    await closing;
    expect(await told(handle.confirmed)).toBe("closed");

    const stored = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`r${n}`, { n }]));
    const destination = new Destination();
    destination.rows.set("a", { id: "a", by: "server" });
    destination.script.push(failing("conflict"), (op) => destination.take(op), failing("notFound"));
    const { writer, state, events, settle } = await createRig({
      queue: await openQueue(queues),
      durable: true,
      stored,
      host: {
        send: (op) => destination.send(op),
        readStored: async (id) => destination.rows.get(id),
      },
    });
    expect(state.visible("a")).toEqual({ id: "a", n: 1 });
    expect(events).toEqual([]);
    expect(writer.pending().map(({ op }) => op.opId)).toEqual(["insert a", "patch a", "gone", "insert c"]);
    await settle();
    await writer.flush();
    expect(destination.calls.map(({ opId }) => opId)).toEqual(["insert a", "patch a", "gone", "insert c"]);
    expect(destination.calls[0]).toMatchObject({ attempt: 2 });
    expect(writer.failed()).toEqual([]);
    expect(state.visible("a")).toEqual({ id: "a", by: "server", n: 1 });
  });

  test("W29 confirmed ops are applied and not sent, echoes waited for, dead letters and parked ops kept", async () => {
    const queues = createMemoryQueues();
    const queue = await openQueue(queues);
    const clock = createManualClock();
    const op = { enqueuedAt: clock.now(), attempt: 1 };
    const base = { nextAttemptAt: 0, outcomeUnknown: false };
    const error = { code: "rejected", message: "it was no good" };
    await queue.apply({
      puts: [
        {
          ...base,
          sequence: 1,
          state: "confirmed",
          op: { ...op, opId: "1", kind: "replace", id: "r7", row: { n: 8 } },
        },
        {
          ...base,
          sequence: 2,
          state: "echo",
          nextAttemptAt: clock.now() + 5_000,
          op: { ...op, ...insert("echo") },
        },
        {
          ...base,
          sequence: 3,
          state: "failed",
          error,
          parksUpTo: 4,
          op: { ...op, ...insert("a"), opId: "3" },
        },
        { ...base, sequence: 4, state: "queued", op: { ...op, ...patch("a", { n: 4 }), opId: "4" } },
        { ...base, sequence: 5, state: "queued", op: { ...op, ...patch("a", { n: 5 }), opId: "5" } },
        {
          ...base,
          sequence: 6,
          state: "confirmed",
          op: { ...op, opId: "6", kind: "deleteAll", ids: ["r8"] },
        },
      ],
    });
    await queue.close();
    const stored = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`r${n}`, { n }]));
    const again = await openQueue(queues);
    const rig = await createRig({ queue: again, durable: true, stored, clock });
    const { writer, state, destination, settle } = rig;
    await writer.ready;
    expect(state.store.get("r7")).toEqual({ n: 8 });
    expect(state.visible("r8")).toBeUndefined();
    expect(state.visible("echo")).toEqual({ id: "echo" });
    await settle();
    expect(destination.calls.map(({ opId }) => opId)).toEqual(["5"]);
    expect(writer.pending().map(({ op: { opId }, state: phase }) => `${opId}: ${phase}`)).toEqual([
      "insert echo: echo",
      "4: parked",
    ]);
    expect(writer.failed()).toMatchObject([
      { op: { opId: "3" }, error: { code: "rejected", message: "it was no good" } },
    ]);
    await clock.advance(5_000);
    expect(state.store.get("echo")).toEqual({ id: "echo" });
    await clock.advance(1_000);
    expect(statesOf(again)).toEqual(["3: failed", "4: queued"]);
    const later = writer.submit(insert("z"));
    await later.confirmed;
    expect(state.visible("z")).toEqual({ id: "z" });
    await state.store.whenLoaded();
    expect(state.visible("r9")).toEqual({ n: 9 });
  });

  test("W27 W29 a letter that is retried goes behind what an earlier session may have sent on its id", async () => {
    const queues = createMemoryQueues();
    const queue = await openQueue(queues);
    const base = { nextAttemptAt: 0, outcomeUnknown: false };
    const sent = { enqueuedAt: 0, attempt: 1 };
    const error = { code: "conflict", message: "it is there" };
    await queue.apply({
      puts: [
        { ...base, sequence: 1, state: "queued", op: { ...sent, ...insert("z"), opId: "other" } },
        {
          ...base,
          sequence: 2,
          state: "failed",
          error,
          parksUpTo: 2,
          op: { ...sent, ...insert("a"), opId: "letter" },
        },
        { ...base, sequence: 3, state: "queued", op: { ...sent, kind: "delete", id: "a", opId: "gone" } },
      ],
    });
    await queue.close();
    const destination = new Destination();
    const hold = destination.hold();
    const { writer, shown, settle } = await createRig({
      queue: await openQueue(queues),
      host: { send: (op) => destination.send(op) },
    });
    await settle();
    expect(await writer.retry("letter")).toBe(true);
    hold();
    await writer.flush();
    expect(destination.calls.map(({ opId }) => opId)).toEqual(["other", "gone", "letter"]);
    expect(Object.keys(shown())).toEqual(["z", "a"]);
    expect([...destination.rows.keys()]).toEqual(["z", "a"]);
  });

  test("W29 a deleteAll that was confirmed empties what is still being loaded", async () => {
    const queues = createMemoryQueues();
    const queue = await openQueue(queues);
    const op = { opId: "1", enqueuedAt: 0, attempt: 1, kind: "deleteAll" } as const;
    await queue.apply({
      puts: [{ sequence: 1, op, state: "confirmed", nextAttemptAt: 0, outcomeUnknown: false }],
    });
    await queue.close();
    const stored = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`r${n}`, { n }]));
    const { writer, state, shown } = await createRig({
      queue: await openQueue(queues),
      durable: true,
      stored,
    });
    expect(state.visible("r1")).toBeUndefined();
    await writer.ready;
    await state.store.whenLoaded();
    expect(shown()).toEqual({});
    expect(state.overlay.isEmpty).toBe(true);
  });
});

describe("the files", () => {
  test("W30 a confirmed op leaves the queue only when its effect is in the cache file", async () => {
    const queue = await openQueue(createMemoryQueues());
    const { writer, state, clock, destination } = await createRig({ queue, durable: true });
    destination.script.push(() => ({ row: { id: "a", by: "server" } }));
    let flushes = 0;
    let isFull = true;
    const flush = state.store.journal.flush.bind(state.store.journal);
    state.store.journal.flush = () => {
      flushes += 1;
      return isFull ? Promise.reject(new DioramaError("full", "the disk is full")) : flush();
    };
    await writer.submit(insert("a")).confirmed;
    await clock.advance(1);
    expect([...queue.ops.values()]).toMatchObject([
      { state: "confirmed", op: { kind: "replace", id: "a", row: { id: "a", by: "server" } } },
    ]);
    await clock.advance(5_000);
    expect(flushes).toBeGreaterThan(2);
    expect(statesOf(queue)).toEqual(["insert a: confirmed"]);
    // Nothing waits for it.
    await writer.submit({ kind: "delete", id: "a" }).confirmed;
    isFull = false;
    await clock.advance(5_000);
    expect(statesOf(queue)).toEqual([]);
  });

  test("W30 a queue that can't be written holds up no sending, and is written when it works again", async () => {
    const queue = await openQueue(createMemoryQueues());
    const { writer, clock, destination, eventLog } = await createRig({ queue });
    queue.fails = ({ removes = [] }) => removes.length > 0;
    for (const id of ["a", "b", "c"]) writer.submit(insert(id));
    await writer.flush();
    await clock.advance(3_000);
    expect(destination.log).toEqual(["insert a 1", "insert b 1", "insert c 1"]);
    expect(statesOf(queue)).toHaveLength(3);
    expect(eventLog().filter((line) => line === "queueFailed")).toHaveLength(1);
    queue.fails = undefined;
    await clock.advance(1_000);
    expect(statesOf(queue)).toEqual([]);
  });
});

describe("the end", () => {
  test("W31 in memory: sends until the time is over, rejects the rest and says so", async () => {
    const queues = createMemoryQueues();
    const queue = await openQueue(queues);
    const { writer, clock, destination, events, shown } = await createRig({ queue });
    destination.script.push(
      (op) => destination.take(op),
      ...Array.from({ length: 9 }, () => failing("unavailable")),
    );
    const handles = ["a", "b", "c"].map((id) => writer.submit(insert(id)));
    const flushed = writer.flush();
    const closing = writer.close({ drainMs: 2_000 });
    expect(await told(writer.submit(insert("d")).staged)).toBe("closed");
    await clock.advance(2_000);
    await closing;
    await flushed;
    expect(await Promise.all(handles.map(({ confirmed }) => told(confirmed)))).toEqual([
      "done",
      "closed",
      "closed",
    ]);
    const failed = events.flatMap((event) =>
      event.type === "writeFailed" ? [[event.op.id, event.error.code]] : [],
    );
    expect(failed).toEqual([
      ["b", "closed"],
      ["c", "closed"],
    ]);
    expect(shown()).toEqual({ a: { id: "a" } });
    expect(statesOf(queue)).toEqual([]);
    const calls = destination.calls.length;
    await clock.advance(600_000);
    expect(destination.calls).toHaveLength(calls);
  });

  test("W31 ends as soon as everything is sent; accepted ops count as done", async () => {
    const { writer, clock, destination, state, events } = await createRig();
    destination.script.push(() => ({ awaitEcho: true }));
    const accepted = writer.submit(insert("a"));
    const sent = writer.submit(insert("b"));
    await writer.close({ drainMs: 30_000 });
    expect(await told(accepted.confirmed)).toBe("done");
    expect(await told(sent.confirmed)).toBe("done");
    expect(state.store.get("a")).toEqual({ id: "a" });
    expect(events.filter(({ type }) => type === "writeConfirmed")).toHaveLength(2);
    expect(clock.now()).toBe(createManualClock().now());
  });

  test("W31 durable: what is under way settles, the rest stays in the queue", async () => {
    const queue = await openQueue(createMemoryQueues());
    const { writer, clock, destination } = await createRig({ queue, durable: true });
    const release = destination.hold();
    const [under, rest] = [writer.submit(insert("a")), writer.submit(insert("b"))];
    await clock.advance(0);
    const flushed = told(writer.flush());
    const closing = writer.close({ drainMs: 30_000 });
    await clock.advance(1_000);
    release();
    await closing;
    expect(await told(under.confirmed)).toBe("done");
    expect(await told(rest.confirmed)).toBe("closed");
    expect(await flushed).toBe("closed");
    expect(statesOf(queue)).toEqual(["insert b: queued"]);
  });

  test("W31 a call that hangs is given 5 s, then told, and its answer changes nothing", async () => {
    const signals: AbortSignal[] = [];
    let answer = (): void => undefined;
    const { writer, clock, state, events } = await createRig({
      host: {
        send: (_, { signal }) => {
          signals.push(signal);
          return new Promise((resolve) => (answer = () => resolve({ row: { late: true } })));
        },
      },
    });
    const handle = writer.submit(insert("a"));
    await clock.advance(0);
    let closed = false;
    const closing = writer.close({ drainMs: 1_000 }).then(() => (closed = true));
    await clock.advance(5_999);
    expect([closed, signals[0]?.aborted]).toEqual([false, false]);
    await clock.advance(1);
    await closing;
    expect(signals[0]?.aborted).toBe(true);
    expect(await told(handle.confirmed)).toBe("closed");
    const count = events.length;
    answer();
    await clock.advance(60_000);
    expect(state.store.get("a")).toBeUndefined();
    expect(events).toHaveLength(count);
  });

  test("W31 offline nothing is waited for; what waits for room is refused", async () => {
    const { writer, activity, clock } = await createRig({ policy: { maxOps: 1 } });
    activity.set("offline");
    const handles = [writer.submit(insert("a")), writer.submit(insert("b"))];
    await writer.close({ drainMs: 30_000 });
    expect(await Promise.all(handles.map(({ confirmed }) => told(confirmed)))).toEqual(["closed", "closed"]);
    expect(await writer.retry("insert a")).toBe(false);
    expect(clock.timerCount).toBe(0);
  });
});

describe("cost", () => {
  test("W32 promises that nobody awaits disturb nobody", async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listener);
    onTestFinished(() => void process.off("unhandledRejection", listener));
    const { writer, destination, settle, clock } = await createRig({
      policy: { maxOps: 3, whenFull: "reject" },
    });
    destination.script.push(failing("rejected"), failing("timeout"));
    const handles = ["a", "b", "c", "d"].map((id) => writer.submit(insert(id)));
    handles.forEach((handle) => void [handle.staged, handle.confirmed]);
    await settle();
    void handles[2]?.cancel();
    void writer.close({ drainMs: 0 });
    await clock.advance(10_000);
    await setImmediate();
    await setImmediate();
    expect(unhandled).toEqual([]);
  });

  /** In milliseconds of this process alone: others may keep the machine busy. */
  const timeOf = async (ops: number, idOf: (n: number) => string, coalesce: boolean): Promise<number> => {
    const { writer, destination, activity, state } = await createRig({
      rows: { a: { n: 0 } },
      policy: { maxOps: 1e6, coalesce },
    });
    destination.calls.push = () => 0;
    activity.set("offline");
    const before = process.cpuUsage();
    for (let n = 0; n < ops; n++) writer.submit({ kind: "patch", id: idOf(n), partial: { n } });
    activity.set("active");
    await writer.flush();
    expect(state.overlay.isEmpty).toBe(true);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };

  test("W32 W9 ten times as many ops take ten times as long, on one id or many", async () => {
    const kinds = [
      [() => "a", false],
      [() => "a", true],
      [(n: number) => `r${n}`, false],
    ] as const;
    for (const [idOf, coalesce] of kinds) {
      await timeOf(1_000, idOf, coalesce);
      const few = Math.max(await timeOf(1_000, idOf, coalesce), 10);
      const many = Math.min(await timeOf(10_000, idOf, coalesce), await timeOf(10_000, idOf, coalesce));
      // Quadratic would be a hundred times.
      expect(many / few).toBeLessThan(50);
    }
  });

  test("W32 what has settled is let go of", async () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    const { writer, destination, state, clock, forgetEvents } = await createRig();
    destination.calls.push = () => 0;
    const refs: WeakRef<object>[] = [];
    const write = async (from: number): Promise<void> => {
      for (let n = from; n < from + 1_000; n++) {
        const row = { n };
        refs.push(new WeakRef(row));
        const handle = writer.submit({ kind: "insert", id: `r${n}`, row });
        if (n % 100 === 0) await handle.confirmed;
      }
      await writer.submit({ kind: "deleteAll" }).confirmed;
    };
    for (let from = 0; from < 10_000; from += 1_000) await write(from);
    expect(writer.diagnostics()).toMatchObject({ depth: 0, inFlight: 0, failed: 0, oldestMs: undefined });
    expect(state.overlay.isEmpty).toBe(true);
    await clock.advance(1_000);
    forgetEvents();
    await setImmediate();
    if (typeof collect === "function") collect();
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(1_200);
  });

  test("W32 diagnostics tell how it is", async () => {
    const { writer, destination, clock } = await createRig({ policy: { concurrency: 2 } });
    destination.script.push(failing("rejected"));
    writer.submit(insert("a"));
    await clock.advance(100);
    const release = destination.hold();
    for (const id of ["b", "c", "d"]) writer.submit(insert(id));
    await clock.advance(50);
    expect(writer.diagnostics()).toMatchObject({ depth: 3, inFlight: 2, failed: 1, oldestMs: 50 });
    release();
  });
});
