import { describe, expect, test } from "vitest";
import { createRig } from "../../test/dio/write-rig.ts";
import { DioramaError, type ErrorCode } from "../base/index.ts";
import { createMemoryCache } from "../cache/index.ts";
import { createMemoryQueues, type QueueBatch, type WriteQueue } from "../queue/index.ts";

/** A queue whose transactions the test decides. */
async function createFullQueue(
  refuses: (batch: QueueBatch) => boolean,
): Promise<WriteQueue & { batches: QueueBatch[] }> {
  const queue = await createMemoryQueues().openQueue("things");
  const batches: QueueBatch[] = [];
  return {
    kept: queue.kept,
    lost: queue.lost,
    batches,
    async apply(batch) {
      batches.push(batch);
      if (refuses(batch)) throw new DioramaError("full", "the disk is full");
      await queue.apply(batch);
    },
    close: () => queue.close(),
  };
}

const codeOf = (promise: Promise<unknown>): Promise<ErrorCode | "none"> =>
  promise.then(
    () => "none",
    (error: unknown) => (error instanceof DioramaError ? error.code : "none"),
  );

describe("into the queue", () => {
  test("W1 a write shows in the call itself, and `staged` follows its event", async () => {
    const { writer, state, eventLog, destination } = await createRig({ rows: { a: { n: 1 } } });
    const release = destination.hold();
    const handle = writer.submit({ kind: "patch", id: "a", partial: { n: 2 }, opId: "one" });
    expect(state.visible("a")).toEqual({ n: 2 });
    expect(state.store.get("a")).toEqual({ n: 1 });
    expect(destination.calls).toEqual([]);
    await handle.staged;
    expect(eventLog()).toEqual(["recordInserted a", "recordChanged a", "writeQueued one"]);
    expect(writer.pending().map(({ op }) => op.opId)).toEqual(["one"]);
    release();
    await handle.confirmed;
  });

  test("W1 the writes of one stretch are one publication and one transaction", async () => {
    const queue = await createFullQueue(() => false);
    const { writer, state, destination } = await createRig({ queue });
    const release = destination.hold();
    let publications = 0;
    state.subscribe(() => (publications += 1));
    const handles = ["a", "b", "c"].map((id) => writer.submit({ kind: "insert", id, row: { id } }));
    await Promise.all(handles.map(({ staged }) => staged));
    expect(publications).toBe(1);
    expect(queue.batches.map(({ puts }) => puts?.length)).toEqual([3]);
    release();
  });

  test("W2 what can't be kept is withdrawn, never sent, and its caller told", async () => {
    const queue = await createFullQueue(() => true);
    const { writer, state, destination, settle, eventLog } = await createRig({ queue });
    const handle = writer.submit({ kind: "insert", id: "a", row: { n: 1 }, opId: "one" });
    expect(state.visible("a")).toEqual({ n: 1 });
    expect(await codeOf(handle.staged)).toBe("full");
    expect(await codeOf(handle.confirmed)).toBe("full");
    expect(state.visible("a")).toBeUndefined();
    await settle();
    expect(destination.calls).toEqual([]);
    expect(writer.pending()).toEqual([]);
    expect(eventLog()).toEqual(["recordInserted a", "queueFailed", "recordRemoved a"]);
    await writer.flush();
  });

  test("W2 others of the same stretch are kept where they can be", async () => {
    const queue = await createFullQueue(({ puts = [] }) => puts.some(({ op }) => op.id === "b"));
    const { writer, shown, settle, destination } = await createRig({ queue });
    const handles = ["a", "b", "c"].map((id) => writer.submit({ kind: "insert", id, row: { id } }));
    expect(await Promise.all(handles.map(({ staged }) => codeOf(staged)))).toEqual(["none", "full", "none"]);
    await settle();
    expect(shown()).toEqual({ a: { id: "a" }, c: { id: "c" } });
    expect(destination.log).toEqual(["insert a 1", "insert c 1"]);
  });

  test("W3 over a row that has not been loaded, the row is read first, and later writes stay behind", async () => {
    const stored = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`r${n}`, { n }]));
    const { writer, state, destination, events } = await createRig({ stored });
    expect(state.store.knows("r4999")).toBe(false);
    destination.rows.set("r4999", { n: 4_999 });
    const release = destination.hold();
    const first = writer.submit({ kind: "patch", id: "r4999", partial: { m: 1 } });
    const second = writer.submit({ kind: "insert", id: "new", row: { n: 0 } });
    expect(writer.pending().map(({ state: phase }) => phase)).toEqual(["queued", "queued"]);
    await Promise.all([first.staged, second.staged]);
    expect(state.visible("r4999")).toEqual({ n: 4_999, m: 1 });
    const told = events.filter((event) => "id" in event);
    expect(told.map((event) => event.type)).toEqual(["recordChanged", "recordInserted"]);
    release();
    await second.confirmed;
    expect(destination.log).toEqual(["patch r4999 1", "insert new 1"]);
    await state.store.whenLoaded();
  });

  test("W4 one opId for every attempt, counted from 1", async () => {
    const { writer, destination, clock } = await createRig();
    destination.script.push(() => Promise.reject(new DioramaError("unavailable", "down")));
    const { opId } = writer.submit({ kind: "insert", id: "a", row: {} });
    await clock.advance(60_000);
    expect(opId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(destination.calls.map((op) => [op.opId, op.attempt])).toEqual([
      [opId, 1],
      [opId, 2],
    ]);
  });

  test("W4 an opId that is held is the same write", async () => {
    const { writer, destination, settle } = await createRig();
    const release = destination.hold();
    const first = writer.submit({ kind: "insert", id: "a", row: { n: 1 }, opId: "one" });
    const again = writer.submit({ kind: "insert", id: "a", row: { n: 2 }, opId: "one" });
    expect(again).toBe(first);
    await settle();
    expect(writer.submit({ kind: "insert", id: "a", row: { n: 3 }, opId: "one" })).toBe(first);
    expect(writer.has("one")).toBe(true);
    release();
    expect(await first.confirmed).toEqual({ n: 1 });
    expect(destination.log).toEqual(["insert a 1"]);
    expect(writer.has("one")).toBe(false);
  });

  test("W5 at the bound callers wait, in order and unseen", async () => {
    const { writer, destination, shown, settle } = await createRig({ policy: { maxOps: 2 } });
    const release = destination.hold();
    const handles = ["a", "b", "c", "d"].map((id) => writer.submit({ kind: "insert", id, row: { id } }));
    const staged: string[] = [];
    handles.forEach(({ staged: kept }, index) => void kept.then(() => staged.push("abcd"[index] ?? "")));
    await settle();
    expect(Object.keys(shown())).toEqual(["a", "b"]);
    expect(staged).toEqual(["a", "b"]);
    release();
    await writer.flush();
    expect(staged).toEqual(["a", "b", "c", "d"]);
    expect(destination.log).toEqual(["insert a 1", "insert b 1", "insert c 1", "insert d 1"]);
  });

  test("W5 room for several is taken by several", async () => {
    const { writer, activity, shown, settle } = await createRig({ policy: { maxOps: 2 } });
    activity.set("offline");
    const handles = ["a", "b", "c", "d", "e"].map((id) => writer.submit({ kind: "insert", id, row: {} }));
    await settle();
    void handles[0]?.cancel();
    void handles[1]?.cancel();
    expect(Object.keys(shown())).toEqual(["c", "d"]);
  });

  test("W2 W3 a row that can't be looked up refuses its own write alone", async () => {
    const table = await createMemoryCache().openTable("things");
    const puts = Array.from({ length: 3_000 }, (_, n) => ({ id: `r${n}`, row: { n }, fetchedAt: 0 }));
    await table.apply({ puts });
    let looks = 0;
    const { writer, shown, state } = await createRig({
      table: {
        meta: table.meta,
        rowCount: table.rowCount,
        lost: undefined,
        get: (ids) => {
          looks += 1;
          return looks === 1 ? Promise.reject(new DioramaError("unavailable", "gone")) : table.get(ids);
        },
        scan: (rows) => table.scan(rows),
        apply: (batch) => table.apply(batch),
        close: () => table.close(),
      },
    });
    const refused = writer.submit({ kind: "patch", id: "r2999", partial: { m: 1 } });
    expect(await codeOf(refused.staged)).toBe("unavailable");
    const again = writer.submit({ kind: "patch", id: "r2998", partial: { m: 1 } });
    expect(await codeOf(again.staged)).toBe("none");
    await state.store.whenLoaded();
    expect(shown()["r2998"]).toEqual({ n: 2_998, m: 1 });
    expect(shown()["r2999"]).toEqual({ n: 2_999 });
  });

  test("W5 or are refused, dead letters counting", async () => {
    const { writer, destination, settle } = await createRig({ policy: { maxOps: 1, whenFull: "reject" } });
    destination.script.push(() => Promise.reject(new DioramaError("rejected", "no")));
    writer.submit({ kind: "insert", id: "a", row: {}, opId: "one" });
    expect(await codeOf(writer.submit({ kind: "insert", id: "b", row: {} }).staged)).toBe("full");
    await settle();
    expect(writer.failed()).toHaveLength(1);
    expect(await codeOf(writer.submit({ kind: "insert", id: "b", row: {} }).staged)).toBe("full");
    await writer.discard("one");
    expect(await codeOf(writer.submit({ kind: "insert", id: "b", row: {} }).staged)).toBe("none");
  });

  test("W6 cancel withdraws what is unsent, wherever it stands", async () => {
    const { writer, destination, shown, settle, queue } = await createRig({ policy: { maxOps: 3 } });
    const release = destination.hold();
    const [sent, queued, , waiting] = ["a", "b", "c", "d"].map((id) =>
      writer.submit({ kind: "insert", id, row: { id }, opId: id }),
    );
    await settle();
    const fresh = writer.submit({ kind: "insert", id: "e", row: {} });
    expect(await sent?.cancel()).toBe(false);
    expect(await waiting?.cancel()).toBe(true);
    expect(await queued?.cancel()).toBe(true);
    expect(await queued?.cancel()).toBe(false);
    // It has come in where the other one went.
    expect(shown()).toEqual({ a: { id: "a" }, c: { id: "c" }, e: {} });
    expect(await fresh.cancel()).toBe(true);
    expect(await codeOf(fresh.confirmed)).toBe("rejected");
    expect(await codeOf(queued?.staged ?? Promise.resolve())).toBe("none");
    expect(await codeOf(queued?.confirmed ?? Promise.resolve())).toBe("rejected");
    release();
    await writer.flush();
    expect(destination.log).toEqual(["insert a 1", "insert c 1"]);
    await settle();
    await writer.close({ drainMs: 0 });
    expect(queue.kept).toEqual([]);
  });

  test("W6 also between the call and the queue, and not once an attempt was made", async () => {
    const { writer, destination, shown, clock } = await createRig();
    const handle = writer.submit({ kind: "insert", id: "a", row: {} });
    expect(await handle.cancel()).toBe(true);
    expect(shown()).toEqual({});
    expect(await codeOf(handle.staged)).toBe("rejected");
    destination.script.push(() => Promise.reject(new DioramaError("timeout", "late")));
    const tried = writer.submit({ kind: "insert", id: "b", row: {} });
    await clock.advance(1);
    expect(await tried.cancel()).toBe(false);
    await clock.advance(1_000);
    await tried.confirmed;
  });
});
