import { describe, expect, test } from "vitest";
import { full, KeptQueues, noAnswer } from "../../test/dio/kept-queues.ts";
import { createRig, failing, type Rig } from "../../test/dio/write-rig.ts";
import type { Row } from "../record/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { WriteRequest } from "./writer.ts";

const patch = (id: string, partial: Row, opId: string) => ({ kind: "patch", id, partial, opId }) as const;

/** What an edit asks for, after its checks. */
const toPatch =
  (partial: Row) =>
  async ({ id }: WriteOp): Promise<WriteRequest> => ({ kind: "patch", id: id ?? "", partial });

/** A letter of `a` with one op parked behind it, and one of `b`. */
async function withLetter(queues: KeptQueues): Promise<Rig> {
  const queue = await queues.openQueue("things");
  const rig = await createRig({ durable: true, queue, rows: { a: { n: 0 }, b: {} } });
  const release = rig.destination.hold();
  rig.destination.script.push(failing("rejected"));
  rig.writer.submit(patch("a", { n: 1 }, "letter"));
  rig.writer.submit(patch("a", { m: 2 }, "parked"));
  await rig.settle();
  release();
  await rig.writer.flush();
  rig.forgetEvents();
  return rig;
}

const kept = (queues: KeptQueues): string[] =>
  [...queues.ops.values()].map(({ sequence, op, state }) => `${sequence} ${op.opId} ${state}`);

describe("an edited dead letter", () => {
  test("W37 is another write in its place: shown, sent ahead of what it held back, with an opId of its own", async () => {
    const queues = new KeptQueues();
    const { writer, destination, state, eventLog } = await withLetter(queues);
    const release = destination.hold();
    const opId = (await writer.edit("letter", toPatch({ n: 5 }))) ?? "";
    expect(opId).not.toBe("letter");
    expect(kept(queues)).toEqual([`1 ${opId} queued`, "2 parked queued"]);
    expect(writer.failed()).toEqual([]);
    expect(writer.pending().map(({ op }) => op.opId)).toEqual([opId, "parked"]);
    expect([writer.has("letter"), writer.has(opId)]).toEqual([false, true]);
    expect(state.visible("a")).toEqual({ n: 5, m: 2 });
    expect(eventLog()).toContain(`writeQueued ${opId}`);
    release();
    await writer.flush();
    expect(destination.calls.map(({ opId: sent, attempt }) => `${sent} ${attempt}`)).toEqual([
      "letter 1",
      `${opId} 1`,
      "parked 1",
    ]);
    expect(state.visible("a")).toEqual({ n: 5, m: 2 });
    expect(writer.diagnostics()).toMatchObject({ depth: 0, failed: 0, oldestMs: undefined });
  });

  test("W37 where the queue gives no answer the letter takes its place again, in case the edit was kept", async () => {
    const queues = new KeptQueues();
    const { writer, clock, settle } = await withLetter(queues);
    await settle();
    const ops = [...queues.ops.values()];
    queues.fails = noAnswer;
    queues.keepsUnavailable = true;
    await expect(writer.edit("letter", toPatch({ n: 5 }))).rejects.toMatchObject({ code: "unavailable" });
    queues.fails = undefined;
    await clock.advance(1_000);
    expect([...queues.ops.values()]).toEqual(ops);
    expect(writer.failed().map(({ op }) => op.opId)).toEqual(["letter"]);
  });

  test("W37 is kept before it counts: what the queue refuses changes nothing", async () => {
    const queues = new KeptQueues();
    const { writer, destination, settle } = await withLetter(queues);
    const { length } = destination.calls;
    queues.fails = full;
    await expect(writer.edit("letter", toPatch({ n: 5 }))).rejects.toMatchObject({ code: "full" });
    queues.fails = undefined;
    await settle();
    expect(kept(queues)).toEqual(["1 letter failed", "2 parked queued"]);
    expect(writer.failed().map(({ op }) => op.opId)).toEqual(["letter"]);
    expect(destination.calls).toHaveLength(length);
    expect(await writer.edit("letter", toPatch({ n: 6 }))).toBeTypeOf("string");
  });

  test("W37 there is none: never was, edited, retried or told of by the master meanwhile", async () => {
    const queues = new KeptQueues();
    const { writer, destination, clock, state } = await withLetter(queues);
    expect(await writer.edit("parked", toPatch({}))).toBeUndefined();
    const [one, two] = [writer.edit("letter", toPatch({ n: 5 })), writer.edit("letter", toPatch({ n: 6 }))];
    expect(await Promise.all([one, two])).toEqual([expect.any(String), undefined]);
    await writer.flush();
    expect(destination.rows.get("a")).toEqual({ n: 5, m: 2 });

    const answers: readonly (() => unknown)[] = [
      () => writer.retry("again"),
      () => writer.observe("a", "again"),
      () => writer.discard("again"),
    ];
    for (const meanwhile of answers) {
      destination.script.push(failing("rejected"));
      await writer.submit(patch("a", { n: 7 }, "again")).confirmed.catch(() => undefined);
      const edited = writer.edit("again", toPatch({ n: 8 }));
      await Promise.resolve();
      await Promise.resolve();
      meanwhile();
      expect(await edited).toBeUndefined();
      await writer.flush();
      await clock.advance(1_000);
      expect([kept(queues), writer.failed()]).toEqual([[], []]);
    }
    expect(state.overlay.isEmpty).toBe(true);
  });

  test("W37 W29 survives the end of the process in the place of the letter", async () => {
    const queues = new KeptQueues();
    const before = await withLetter(queues);
    before.activity.set("offline");
    const opId = await before.writer.edit("letter", toPatch({ n: 5 }));
    const closing = before.writer.close({ drainMs: 0 });
    await before.clock.advance(5_000);
    await closing;
    expect(await before.writer.edit("letter", toPatch({ n: 5 }))).toBeUndefined();
    const queue = await queues.openQueue("things");
    const { writer, destination } = await createRig({ durable: true, queue, rows: { a: { n: 0 } } });
    await writer.flush();
    expect(destination.calls.map((op) => op.opId)).toEqual([opId, "parked"]);
  });
});
