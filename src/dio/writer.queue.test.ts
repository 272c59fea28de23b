import { describe, expect, test } from "vitest";
import { full, KeptQueues, noAnswer } from "../../test/dio/kept-queues.ts";
import { createRig, Destination, failing, type Rig } from "../../test/dio/write-rig.ts";
import { DioramaError, type Logger } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { lossErrors, lossSummary } from "./write-losses.ts";

const insert = (id: string, row: Row = { id }) =>
  ({ kind: "insert", id, row, opId: `insert ${id}` }) as const;
const patch = (id: string, partial: Row, opId = `patch ${id}`) =>
  ({ kind: "patch", id, partial, opId }) as const;

/** Lines that a logger was given. */
function createLog(): { readonly lines: string[]; readonly logger: Logger } {
  const lines: string[] = [];
  const log = (message: string): unknown => lines.push(message);
  return { lines, logger: { error: log, info: log, debug: log } };
}

async function openRig(queues: KeptQueues, options: Parameters<typeof createRig>[0] = {}): Promise<Rig> {
  return createRig({ durable: true, queue: await queues.openQueue("things"), ...options });
}

describe("what is flushed", () => {
  test("W35 what was promised is, attempts and answers are not", async () => {
    const queues = new KeptQueues();
    const { writer, destination, clock, settle } = await openRig(queues, { rows: { a: {} } });
    destination.script.push(failing("unavailable"), failing("rejected"));
    const flushed = (): string[] => {
      const told = queues.applied.map(({ puts = [], removes = [], isRelaxed }) => {
        const what = [...puts.map(({ state, op }) => `${op.opId} ${state}`), ...removes.map((n) => `-${n}`)];
        return `${what.join(", ")}${isRelaxed ? "" : ": flushed"}`;
      });
      queues.applied.length = 0;
      return told;
    };
    writer.submit(patch("a", { n: 1 }, "one"));
    await settle();
    expect(flushed()).toEqual(["one queued: flushed", "one queued"]);
    await clock.advance(1_000);
    expect(flushed()).toEqual(["one failed: flushed"]);
    const kept = writer.submit(patch("a", { n: 2 }, "two"));
    await kept.confirmed;
    await settle();
    expect(flushed()).toEqual(["two queued: flushed", "two confirmed"]);
    await clock.advance(100);
    expect(flushed()).toEqual(["-2"]);
    destination.script.push(failing("rejected"));
    await writer.retry("one");
    await settle();
    expect(flushed()).toEqual(["one queued: flushed", "one failed: flushed"]);
    await writer.discard("one");
    expect(flushed()).toEqual(["-1: flushed"]);
    destination.hold();
    writer.submit(insert("b"));
    const behind = writer.submit(patch("b", { n: 1 }));
    await settle();
    expect(flushed()).toHaveLength(1);
    await behind.cancel();
    expect(flushed()).toEqual(["-4: flushed"]);
  });

  test("W30 with a cache that ends with the process, an op that is confirmed leaves at once", async () => {
    const queues = new KeptQueues();
    const { writer, settle } = await openRig(queues, { host: { hasDurableCache: false } });
    await writer.submit(insert("a")).confirmed;
    await settle();
    expect(queues.applied.map(({ puts = [], removes = [] }) => [puts.length, removes])).toEqual([
      [1, []],
      [0, [1]],
    ]);
  });
});

describe("a queue that can't be written", () => {
  test("W34 is told once for each outage, by event, log and diagnostics, whoever meets it", async () => {
    const queues = new KeptQueues();
    const { lines, logger } = createLog();
    const { writer, clock, eventLog } = await openRig(queues, { rows: { a: {} }, logger });
    const outages = (): number => eventLog().filter((line) => line === "queueFailed").length;
    await writer.submit(patch("a", { n: 1 }, "one")).confirmed;
    queues.fails = full;
    for (let attempt = 0; attempt < 5; attempt++) {
      await expect(writer.submit(insert(`b${attempt}`)).staged).rejects.toMatchObject({ code: "full" });
      await clock.advance(1_000);
    }
    expect([outages(), lines]).toEqual([1, ["the queue failed"]]);
    expect(writer.diagnostics()).toMatchObject({ error: "the disk is full" });
    queues.fails = undefined;
    await writer.submit(insert("c")).staged;
    expect(writer.diagnostics()).not.toHaveProperty("error");
    queues.fails = full;
    await expect(writer.submit(insert("d")).staged).rejects.toMatchObject({ code: "full" });
    expect([outages(), lines.length]).toEqual([2, 2]);
    queues.fails = undefined;
  });

  test("W34 an op that can't be written fails alone, new or not, and holds up nothing", async () => {
    const queues = new KeptQueues();
    const { writer, destination, clock, settle, eventLog } = await openRig(queues, {
      rows: { a: {}, b: {} },
    });
    queues.fails = ({ puts = [] }) =>
      puts.some(({ op, state }) => op.opId === "bad" || (op.opId === "later" && state === "confirmed"))
        ? new DioramaError("invalid", "can't be encoded")
        : undefined;
    const release = destination.hold();
    const one = writer.submit(patch("a", { n: 1 }, "one"));
    const bad = writer.submit(patch("a", { n: 2 }, "bad"));
    const later = writer.submit(patch("b", { n: 3 }, "later"));
    await expect(bad.staged).rejects.toMatchObject({ code: "invalid" });
    await Promise.all([one.staged, later.staged]);
    release();
    await Promise.all([one.confirmed, later.confirmed]);
    await settle();
    expect([...queues.ops.values()].map(({ op, state }) => `${op.opId} ${state}`)).toEqual([
      "one confirmed",
      "later queued",
    ]);
    expect(eventLog().filter((line) => line === "queueFailed")).toHaveLength(2);
    await clock.advance(100);
    expect(queues.ops.size).toBe(0);
    expect(writer.diagnostics()).not.toHaveProperty("error");
  });

  test("W2 what was refused without an answer is taken out of the queue, in case that has kept it", async () => {
    const queues = new KeptQueues();
    queues.keepsUnavailable = true;
    const { writer, destination, clock, settle } = await openRig(queues, { rows: { a: {} } });
    queues.fails = noAnswer;
    const one = writer.submit(insert("one"));
    const two = writer.submit(insert("two"));
    const cancelled = writer.submit(insert("cancelled"));
    await Promise.resolve();
    const cancelling = cancelled.cancel();
    for (const { staged } of [one, two]) await expect(staged).rejects.toMatchObject({ code: "unavailable" });
    await expect(cancelling).rejects.toMatchObject({ code: "unavailable" });
    queues.keepsUnavailable = false;
    await clock.advance(3_000);
    expect(queues.ops.size).toBe(3);
    queues.fails = undefined;
    await writer.submit(patch("a", { n: 1 }, "later")).staged;
    await clock.advance(1_000);
    await settle();
    expect([...queues.ops.values()]).toEqual([]);
    expect(destination.calls.map(({ opId }) => opId)).toEqual(["later"]);
  });

  test("W27 W6 what is not in the file is not said to be: it counts here, and is tried again", async () => {
    const queues = new KeptQueues();
    const { writer, destination, clock, settle } = await openRig(queues, { rows: { a: {}, b: {} } });
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "letter"));
    await settle();
    destination.hold();
    writer.submit(patch("b", { n: 1 }, "first"));
    const second = writer.submit(patch("b", { n: 2 }, "second"));
    await second.staged;
    queues.fails = full;
    await expect(writer.discard("letter")).rejects.toMatchObject({ code: "full" });
    await expect(second.cancel()).rejects.toMatchObject({ code: "full" });
    expect([writer.failed(), writer.has("second")]).toEqual([[], false]);
    expect(queues.ops.size).toBe(3);
    queues.fails = undefined;
    await clock.advance(1_000);
    expect([...queues.ops.values()].map(({ op }) => op.opId)).toEqual(["first"]);
  });
});

describe("the next start", () => {
  const leave = async (queues: KeptQueues, work: (rig: Rig) => Promise<void>): Promise<void> => {
    const rig = await openRig(queues, { isLeftOpen: true });
    await work(rig);
    const closing = rig.writer.close({ drainMs: 0 });
    await rig.clock.advance(5_000);
    await closing;
  };

  test("W26 W29 what is made after it is not parked behind a dead letter of before", async () => {
    const queues = new KeptQueues();
    await leave(queues, async ({ writer, destination, settle }) => {
      const release = destination.hold();
      destination.script.push(failing("rejected"));
      writer.submit(insert("a"));
      // Settle, but raise the sequence up to which the letter holds back.
      writer.submit(insert("b"));
      writer.submit(insert("c"));
      await settle();
      release();
      await writer.flush();
    });
    expect([...queues.ops.values()].map(({ op, parksUpTo }) => [op.opId, parksUpTo])).toEqual([
      ["insert a", 3],
    ]);
    const { writer, destination } = await openRig(queues);
    await writer.submit({ kind: "replace", id: "a", row: { id: "a" }, opId: "again" }).confirmed;
    expect(destination.log).toEqual(["replace a 1"]);
    expect([...queues.ops.keys()]).toEqual([1, 4]);
  });

  test("W29 ops that were confirmed are of no use to a cache that was emptied for another source", async () => {
    const queues = new KeptQueues();
    await leave(queues, async ({ writer, settle }) => {
      await writer.submit(insert("a", { id: "a", from: "before" })).confirmed;
      await settle();
      queues.fails = ({ removes = [] }) => (removes.length > 0 ? full() : undefined);
    });
    queues.fails = undefined;
    expect([...queues.ops.values()].map(({ state }) => state)).toEqual(["confirmed"]);
    const { writer, shown, destination, clock } = await openRig(queues, { host: { isCacheEmptied: true } });
    await writer.ready;
    await clock.advance(1_000);
    expect([shown(), destination.calls, queues.ops.size]).toEqual([{}, [], 0]);
  });

  test("W29 what was confirmed is applied, and read again: the cache may have held something newer", async () => {
    const queues = new KeptQueues();
    await leave(queues, async ({ writer, settle }) => {
      await writer.submit(insert("a", { id: "a", from: "write" })).confirmed;
      await settle();
      queues.fails = ({ removes = [] }) => (removes.length > 0 ? full() : undefined);
    });
    queues.fails = undefined;
    const { writer, state } = await openRig(queues, { stored: { a: { id: "a", from: "later" } } });
    await writer.ready;
    expect([state.visible("a"), state.isStale("a")]).toEqual([{ id: "a", from: "write" }, true]);
  });

  test("W29 what was confirmed is applied in the order in which it was, whatever was parked before", async () => {
    const queues = new KeptQueues();
    await leave(queues, async ({ writer, settle, destination }) => {
      await writer.submit(insert("a", { id: "a", n: 0 })).confirmed;
      destination.script.push(failing("rejected"));
      writer.submit(patch("a", { n: 1 }, "refused"));
      const parked = writer.submit(patch("a", { n: 2 }, "parked"));
      await settle();
      await writer.submit(patch("a", { n: 3 }, "made later")).confirmed;
      await writer.discard("refused");
      await parked.confirmed;
      await settle();
      queues.fails = ({ removes = [] }) => (removes.length > 0 ? full() : undefined);
    });
    queues.fails = undefined;
    expect([...queues.ops.values()].map(({ state }) => state)).toContain("confirmed");
    const { writer, state } = await openRig(queues);
    await writer.ready;
    expect(state.visible("a")).toEqual({ id: "a", n: 2 });
  });

  test("W29 W32 many kept ops show at once, and no stretch of taking them up is long", async () => {
    const queues = new KeptQueues();
    const kept = 20_000;
    const queue = await queues.openQueue("things");
    const puts = Array.from({ length: kept }, (_, n) => ({
      sequence: n + 1,
      op: { ...patch(`r${n % 5_000}`, { n }, `op ${n}`), enqueuedAt: 0, attempt: 0 },
      state: "queued" as const,
      nextAttemptAt: 0,
      outcomeUnknown: false,
    }));
    await queue.apply({ puts });
    await queue.close();
    const destination = new Destination();
    destination.hold();
    const { writer, state } = await openRig(queues, {
      rows: Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`r${n}`, {}])),
      isLeftOpen: true,
      host: { send: (op) => destination.send(op) },
    });
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 0);
    await writer.ready;
    clearInterval(ticking);
    expect(writer.pending()).toHaveLength(kept);
    expect(state.visible("r4999")).toEqual({ n: kept - 1 });
    expect(turns).toBeGreaterThan(2);
  });
});

test("W29 W32 many ops that were confirmed are applied in order, and no stretch of it is long", async () => {
  const queues = new KeptQueues();
  const queue = await queues.openQueue("things");
  const count = 20_000;
  const puts = Array.from({ length: count }, (_, n) => ({
    sequence: n + 1,
    op: {
      kind: "replace",
      id: `r${n % 5_000}`,
      row: { n },
      opId: `op ${n}`,
      enqueuedAt: 0,
      attempt: 1,
    } as const,
    state: "confirmed" as const,
    nextAttemptAt: 0,
    outcomeUnknown: false,
  }));
  await queue.apply({ puts });
  await queue.close();
  const stored = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`r${n}`, {}]));
  const { writer, state, destination, clock } = await openRig(queues, { stored });
  let [turns, isOver] = [0, false];
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await writer.ready;
  isOver = true;
  expect(turns).toBeGreaterThan(3);
  expect([state.store.get("r0"), state.store.get("r4999")]).toEqual([{ n: 15_000 }, { n: 19_999 }]);
  await clock.advance(1_000);
  expect([destination.calls, queues.ops.size]).toEqual([[], 0]);
});

test("W32 a long queue leaves the event loop its turns, though the destination needs none", async () => {
  const { writer } = await createRig({ host: { send: async () => undefined } });
  for (let n = 0; n < 20_000; n++) writer.submit({ kind: "replace", id: `r${n}`, row: { n } });
  let [turns, isOver] = [0, false];
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await writer.flush();
  isOver = true;
  expect(turns).toBeGreaterThan(5);
});

describe("losses", () => {
  const lost = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      position: `page ${n + 1}`,
      reason: "checksum",
      sequence: n + 5,
    }));

  test("W36 each has its error, twenty at most and one for the rest; and all are one line", () => {
    expect(lossErrors([], "things")).toEqual([]);
    expect(lossSummary([], "things")).toBeUndefined();
    expect(lossErrors(lost(20), "things")).toHaveLength(20);
    const errors = lossErrors(lost(25), "things");
    expect([errors.length, errors[0]?.code]).toEqual([21, "corrupt"]);
    expect(errors[2]?.message).toBe(
      "things: the queue has lost what may have been a write at page 3: checksum",
    );
    expect(errors.at(-1)?.message).toContain("has lost 5 more: see diagnostics().writes.lost");
    const one = { position: "row 3", reason: "checksum", opId: "o1", id: "a" };
    expect(lossSummary([one], "things")?.message).toBe(
      'things: the queue has lost write o1 of "a" at row 3: checksum',
    );
    expect(lossSummary(lost(3), "things")?.message).toContain("page 1: checksum, and 2 more");
  });

  test("W36 damage that shows later is told at once, and what is held is kept again", async () => {
    const queues = new KeptQueues();
    const { lines, logger } = createLog();
    const { writer, destination, settle, eventLog } = await openRig(queues, { rows: { a: {} }, logger });
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "letter"));
    await writer.flush();
    destination.hold();
    writer.submit(insert("b"));
    writer.submit(insert("c"));
    await settle();
    const held = (): string[] => [...queues.ops.values()].map(({ op, state }) => `${op.opId} ${state}`);
    const before = ["letter failed", "insert b queued", "insert c queued"];
    expect(held()).toEqual(before);
    queues.ops.clear();
    lines.length = 0;
    queues.tellLost(lost(2));
    await settle();
    expect(held()).toEqual(before);
    expect(eventLog().filter((line) => line === "queueFailed")).toHaveLength(2);
    expect(lines).toEqual(["the queue failed"]);
    expect(writer.diagnostics().lost).toEqual(lost(2));
  });

  test("W36 the sequence of a lost op is not given again", async () => {
    const queues = new KeptQueues();
    queues.lost = lost(3);
    const { writer } = await openRig(queues);
    await writer.submit(insert("a")).staged;
    expect([...queues.ops.keys()]).toEqual([8]);
    expect(writer.diagnostics().lost).toHaveLength(3);
  });
});
