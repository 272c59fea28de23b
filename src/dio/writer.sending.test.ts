import { describe, expect, test } from "vitest";
import { createRig, type Destination, failing, type Rig, type RigOptions } from "../../test/dio/write-rig.ts";
import { DioramaError } from "../base/index.ts";
import type { WriteOp } from "../vista/index.ts";
import type { WriteResult } from "./writer.ts";

const insert = (id: string) => ({ kind: "insert", id, row: { id }, opId: id }) as const;
const patch = (id: string, n: number) => ({ kind: "patch", id, partial: { n } }) as const;

describe("order", () => {
  test("W10 one id, one at a time, in order; other ids beside it up to the concurrency", async () => {
    const { writer, destination, settle } = await createRig({
      rows: { a: {}, b: {}, c: {}, d: {} },
      policy: { concurrency: 3 },
    });
    const release = destination.hold();
    for (const id of ["a", "a", "b", "a", "b", "c", "d"]) writer.submit(patch(id, destination.calls.length));
    await settle();
    expect(destination.log).toEqual(["patch a 1", "patch b 1", "patch c 1"]);
    release();
    await writer.flush();
    const order = destination.calls.map(({ id }) => id);
    expect(order.filter((id) => id === "a")).toHaveLength(3);
    expect(destination.mostUnderWay).toBe(3);
    // The oldest that may go comes first.
    expect(order.slice(3)).toEqual(["a", "b", "d", "a"]);
  });

  test("W10 with a concurrency of 1 nothing overtakes, not even an op between two attempts", async () => {
    const { writer, destination, clock } = await createRig();
    destination.script.push(failing("unavailable"), failing("timeout"));
    for (const id of ["a", "b", "c"]) writer.submit(insert(id));
    await clock.advance(200);
    expect(destination.log).toEqual(["insert a 1"]);
    await clock.advance(10_000);
    expect(destination.log).toEqual(["insert a 1", "insert a 2", "insert a 3", "insert b 1", "insert c 1"]);
  });

  test("W11 an unnarrowed deleteAll hides everything and is a barrier both ways", async () => {
    const { writer, destination, shown, settle } = await createRig({
      rows: { a: { n: 1 }, b: { n: 2 } },
      policy: { concurrency: 4 },
    });
    const release = destination.hold();
    writer.submit(patch("a", 5));
    writer.submit(patch("b", 6));
    writer.submit({ kind: "deleteAll" });
    writer.submit(insert("a"));
    writer.submit(insert("c"));
    writer.submit({ kind: "deleteAll" });
    writer.submit(insert("d"));
    expect(shown()).toEqual({ d: { id: "d" } });
    await settle();
    expect(destination.log).toEqual(["patch a 1", "patch b 1"]);
    release();
    await writer.flush();
    expect(destination.log.slice(2)).toEqual([
      "deleteAll * 1",
      "insert a 1",
      "insert c 1",
      "deleteAll * 1",
      "insert d 1",
    ]);
    expect(shown()).toEqual({ d: { id: "d" } });
    expect([...destination.rows.keys()]).toEqual(["d"]);
  });

  test("W11 parked ops do not hold it", async () => {
    const { writer, destination, settle } = await createRig();
    destination.script.push(failing("rejected"));
    writer.submit(insert("a"));
    writer.submit(patch("a", 1));
    writer.submit({ kind: "deleteAll" });
    await settle();
    expect(destination.log).toEqual(["insert a 1", "deleteAll * 1"]);
    expect(writer.pending().map(({ state }) => state)).toEqual(["parked"]);
  });

  test("W12 a narrowed deleteAll waits for each of its ids, and they for it", async () => {
    const { writer, destination, shown, settle } = await createRig({
      rows: { a: {}, b: {}, c: {} },
      policy: { concurrency: 4 },
    });
    const release = destination.hold();
    writer.submit(patch("a", 1));
    writer.submit({ kind: "deleteAll", ids: ["a", "b", "b"] });
    writer.submit(insert("b"));
    writer.submit(patch("c", 1));
    expect(shown()).toEqual({ b: { id: "b" }, c: { n: 1 } });
    await settle();
    expect(destination.log).toEqual(["patch a 1", "patch c 1"]);
    release();
    await writer.flush();
    expect(destination.log.slice(2)).toEqual(["deleteAll a+b 1", "insert b 1"]);
    expect(shown()).toEqual({ c: { n: 1 }, b: { id: "b" } });
  });

  test("W12 without ids it is never sent", async () => {
    const { writer, destination, shown } = await createRig({ rows: { a: {} } });
    await writer.submit({ kind: "deleteAll", ids: [] }).confirmed;
    expect(destination.calls).toEqual([]);
    expect(shown()).toEqual({ a: {} });
  });

  test("W13 offline nothing is sent, then everything at once, pauses included", async () => {
    const { writer, destination, clock, activity } = await createRig();
    destination.script.push(failing("unavailable"));
    writer.submit(insert("a"));
    await clock.advance(1);
    activity.set("offline");
    writer.submit(insert("b"));
    await clock.advance(60_000);
    expect(destination.log).toEqual(["insert a 1"]);
    activity.set("active");
    await clock.advance(0);
    expect(destination.log).toEqual(["insert a 1", "insert a 2", "insert b 1"]);
    destination.script.push(failing("unavailable"));
    writer.submit(insert("c"));
    await clock.advance(1);
    activity.set("offline");
    activity.set("standby");
    await clock.advance(0);
    expect(destination.log.slice(3)).toEqual(["insert c 1", "insert c 2"]);
  });
});

describe("batches", () => {
  type Answer = readonly (WriteResult | Error)[] | void;
  const createBatchRig = async (
    answer: (ops: readonly WriteOp[], destination: Destination) => Answer | Promise<Answer>,
    options: RigOptions = {},
  ): Promise<Rig & { batches: string[][] }> => {
    const batches: string[][] = [];
    const rig: Rig = await createRig({
      ...options,
      host: {
        sendBatch: async (ops) => {
          batches.push(ops.map((op) => `${op.id ?? "*"}${op.attempt}`));
          return answer(ops, rig.destination);
        },
      },
    });
    return Object.assign(rig, { batches });
  };

  test("W14 ready ops of different ids go together, in order, at most 100", async () => {
    const { writer, batches, shown } = await createBatchRig((ops) =>
      ops.map((op) => ({ row: { sent: op.id ?? "" } })),
    );
    for (let n = 0; n < 120; n++) writer.submit(insert(`r${n}`));
    writer.submit(patch("r0", 1));
    await writer.flush();
    expect(batches.map((batch) => batch.length)).toEqual([100, 21]);
    expect(batches[1]?.at(-1)).toBe("r01");
    expect(shown()["r7"]).toEqual({ sent: "r7" });
  });

  test("W14 no results mean that all were accepted", async () => {
    const { writer, shown } = await createBatchRig(() => undefined);
    writer.submit(insert("a"));
    writer.submit(insert("b"));
    await writer.flush();
    expect(shown()).toEqual({ a: { id: "a" }, b: { id: "b" } });
  });

  test("W14 an Error among the results is one op's own", async () => {
    const { writer, batches, clock } = await createBatchRig((ops) =>
      ops.map((op) => {
        if (op.id === "b") return new DioramaError("rejected", "not b");
        return op.id === "c" && op.attempt === 1 ? new DioramaError("unavailable", "not now") : undefined;
      }),
    );
    for (const id of ["a", "b", "c", "d"]) writer.submit(insert(id));
    await clock.advance(1_000);
    expect(batches).toEqual([["a1", "b1", "c1", "d1"], ["c2"]]);
    expect(writer.failed().map(({ op }) => op.id)).toEqual(["b"]);
    expect(writer.pending()).toEqual([]);
  });

  test("W14 an outage retries the batch; any other error sends each op alone", async () => {
    let calls = 0;
    const { writer, batches, clock } = await createBatchRig((ops) => {
      calls += 1;
      if (calls === 1) throw new DioramaError("unavailable", "down");
      if (ops.some(({ id }) => id === "b")) throw new DioramaError("invalid", "b is bad");
    });
    for (const id of ["a", "b", "c"]) writer.submit(insert(id));
    await clock.advance(1_000);
    expect(batches).toEqual([["a1", "b1", "c1"], ["a2", "b2", "c2"], ["a3"], ["b3"], ["c3"]]);
    expect(writer.failed().map(({ op }) => op.id)).toEqual(["b"]);
  });
});

describe("coalescing", () => {
  test("W15 neighbours become one op and settle together", async () => {
    const { writer, destination, shown, settle, eventLog } = await createRig({
      rows: { x: {} },
      policy: { coalesce: true },
    });
    const release = destination.hold();
    writer.submit(patch("x", 0));
    await settle();
    const handles = [
      writer.submit(insert("a")),
      writer.submit({ ...patch("a", 1), opId: "two" }),
      writer.submit({ ...patch("a", 2), opId: "three" }),
    ];
    await settle();
    release();
    expect(await Promise.all(handles.map(({ confirmed }) => confirmed))).toEqual(
      Array(3).fill({ id: "a", n: 2 }),
    );
    expect(destination.calls.slice(1)).toEqual([
      {
        opId: "a",
        kind: "insert",
        id: "a",
        row: { id: "a", n: 2 },
        attempt: 1,
        enqueuedAt: expect.any(Number),
      },
    ]);
    expect(shown()["a"]).toEqual({ id: "a", n: 2 });
    expect(eventLog().filter((line) => line.startsWith("writeConfirmed"))).toEqual([
      expect.stringMatching(/^writeConfirmed /),
      "writeConfirmed a",
    ]);
    await writer.flush();
  });

  test("W15 a failed merged op is one dead letter, and all of its callers are told", async () => {
    const { writer, destination, settle } = await createRig({ policy: { coalesce: true } });
    destination.script.push(failing("conflict"));
    const first = writer.submit(insert("a"));
    const second = writer.submit(patch("a", 1));
    await expect(first.confirmed).rejects.toThrow("conflict");
    await expect(second.confirmed).rejects.toThrow("conflict");
    await settle();
    expect(writer.failed().map(({ op }) => op)).toMatchObject([{ opId: "a", row: { id: "a", n: 1 } }]);
    expect(writer.pending()).toEqual([]);
  });

  test("W15 an insert and its delete cancel out unsent", async () => {
    const { writer, destination, shown, eventLog, settle, queue } = await createRig({
      policy: { coalesce: true },
    });
    const handles = [
      writer.submit(insert("a")),
      writer.submit({ ...patch("a", 1), opId: "b" }),
      writer.submit({ kind: "delete", id: "a", opId: "c" }),
    ];
    await Promise.all(handles.map(({ confirmed }) => confirmed));
    await settle();
    expect(destination.calls).toEqual([]);
    expect(shown()).toEqual({});
    expect(eventLog()).toContain("writeConfirmed c");
    await writer.close({ drainMs: 0 });
    expect(queue.kept).toEqual([]);
  });

  test("W15 with a concurrency of 1 an op of another id between keeps them apart", async () => {
    const between = async (concurrency: number): Promise<readonly string[]> => {
      const { writer, destination, settle, activity } = await createRig({
        policy: { coalesce: true, concurrency },
      });
      activity.set("offline");
      writer.submit(insert("a"));
      writer.submit(insert("b"));
      writer.submit(patch("a", 1));
      await settle();
      activity.set("active");
      await writer.flush();
      return destination.log;
    };
    expect(await between(1)).toEqual(["insert a 1", "insert b 1", "patch a 1"]);
    expect(await between(2)).toEqual(["insert a 1", "insert b 1"]);
  });

  test("W15 what was tried once merges with nothing", async () => {
    const { writer, destination, clock } = await createRig({ policy: { coalesce: true } });
    destination.script.push(failing("timeout"));
    writer.submit(insert("a"));
    await clock.advance(1);
    writer.submit({ kind: "delete", id: "a" });
    await clock.advance(1_000);
    expect(destination.log).toEqual(["insert a 1", "insert a 2", "delete a 1"]);
  });
});
