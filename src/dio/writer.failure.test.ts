import { describe, expect, test } from "vitest";
import { createRig, defaultPolicy, failing } from "../../test/dio/write-rig.ts";
import { DioramaError, type ErrorCode } from "../base/index.ts";
import type { Row } from "../record/index.ts";

const insert = (id: string, row: Row = { id }) =>
  ({ kind: "insert", id, row, opId: `insert ${id}` }) as const;
const patch = (id: string, partial: Row, opId = `patch ${id}`) =>
  ({ kind: "patch", id, partial, opId }) as const;

const phases = (writer: {
  pending(): readonly { op: { opId: string }; state: string }[];
}): readonly string[] => writer.pending().map(({ op, state }) => `${op.opId}: ${state}`);

describe("retries", () => {
  test("W23 outages are retried for ever, with full jitter up to a minute", async () => {
    const draws = [1, 0.5, 1, 0];
    const { writer, destination, clock, events } = await createRig({
      host: { random: () => draws.shift() ?? 1 },
    });
    for (let n = 0; n < 20; n++) destination.script.push(failing(n % 2 === 0 ? "unavailable" : "timeout"));
    const startMs = clock.now();
    const times: number[] = [];
    const { send } = destination;
    destination.send = (op) => {
      times.push(clock.now() - startMs);
      return send.call(destination, op);
    };
    writer.submit(insert("a"));
    await clock.advance(30 * 60_000);
    expect(times.slice(0, 6)).toEqual([0, 250, 500, 1_500, 1_500, 5_500]);
    expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBe(60_000);
    expect(times).toHaveLength(21);
    const retrying = events.filter((event) => event.type === "writeRetrying");
    expect(retrying).toHaveLength(20);
    expect(retrying[2]).toMatchObject({ op: { attempt: 3 }, error: { code: "unavailable" } });
    expect(writer.failed()).toEqual([]);
  });

  test("W23 unknown errors get their attempts, whatever is thrown", async () => {
    const thrown = [new Error("boom"), "text", undefined, new DioramaError("closed", "what?")];
    const { writer, destination, clock, events } = await createRig();
    destination.script.push(...thrown.map((error) => () => Promise.reject(error)));
    destination.script.splice(1, 0, failing("unavailable"));
    const handle = writer.submit(insert("a"));
    const confirmed = handle.confirmed.catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(destination.calls).toHaveLength(5);
    expect(await confirmed).toBe(writer.failed()[0]?.error);
    const told = events.flatMap((event) => ("error" in event ? [event.error.message] : []));
    expect(told).toEqual([
      'insert of "a": boom',
      "the destination says unavailable",
      'insert of "a": text',
      'insert of "a": a undefined was thrown instead of an Error',
      "what?",
    ]);
  });

  test("W23 everything else fails at once, also where it is thrown in the call itself", async () => {
    const codes: ErrorCode[] = [
      "rejected",
      "invalid",
      "conflict",
      "notFound",
      "unsupported",
      "unimplemented",
    ];
    for (const code of codes) {
      const { writer, destination, settle } = await createRig({
        host: {
          send: (op) => {
            destination.calls.push(op);
            throw new DioramaError(code, "no");
          },
        },
      });
      writer.submit({ kind: "delete", id: "a" });
      await settle();
      expect(writer.failed().map(({ error }) => error.code)).toEqual([code]);
      expect(destination.calls).toHaveLength(1);
    }
  });

  test("W24 after an unknown outcome, a conflict with its own row and a missing row are success", async () => {
    const { writer, destination, clock, shown, events } = await createRig({ rows: { b: {} } });
    // Done, and the answer lost.
    const lost = (): never => {
      throw new DioramaError("timeout", "no answer");
    };
    destination.script.push(
      (op) => (destination.take(op), destination.rows.set("a", { id: "a", by: "server" }), lost()),
      failing("conflict"),
      (op) => (destination.take(op), lost()),
      failing("notFound"),
      (op) => (destination.take(op), lost()),
      failing("notFound"),
    );
    writer.submit(insert("a"));
    writer.submit({ kind: "delete", id: "b" });
    await clock.advance(10_000);
    expect(shown()).toEqual({ a: { id: "a", by: "server" } });
    writer.submit({ kind: "deleteAll" });
    await clock.advance(10_000);
    expect(shown()).toEqual({});
    expect(events.filter(({ type }) => type === "writeConfirmed")).toHaveLength(3);
    expect(writer.failed()).toEqual([]);
  });

  test("W24 another row in the way, or no way to look, is a failure; a look that fails is a retry", async () => {
    for (const [stored, looks] of [
      [{ id: "other" }, true],
      [undefined, true],
      [{ id: "a" }, false],
    ] as const) {
      const { writer, destination, clock } = await createRig(
        looks ? {} : { host: { readStored: undefined as never } },
      );
      destination.script.push(failing("timeout"), failing("conflict"));
      if (stored !== undefined) destination.rows.set("a", stored);
      writer.submit(insert("a"));
      await clock.advance(10_000);
      expect(writer.failed().map(({ error }) => error.code)).toEqual(["conflict"]);
    }
    let looks = 0;
    const { writer, destination, clock, shown } = await createRig({
      host: {
        readStored: async () => {
          looks += 1;
          if (looks === 1) throw new DioramaError("unavailable", "down again");
          return { id: "a" };
        },
      },
    });
    destination.script.push(failing("timeout"), failing("conflict"), failing("conflict"));
    writer.submit(insert("a"));
    await clock.advance(10_000);
    expect(destination.log).toEqual(["insert a 1", "insert a 2", "insert a 3"]);
    expect(shown()).toEqual({ a: { id: "a" } });
  });

  test("W24 a patch that meets notFound, and a first attempt, have no such excuse", async () => {
    const { writer, destination, clock } = await createRig();
    destination.script.push(failing("timeout"), failing("notFound"), failing("notFound"));
    writer.submit(patch("a", { n: 1 }));
    writer.submit({ kind: "delete", id: "b" });
    await clock.advance(10_000);
    expect(writer.failed()).toHaveLength(2);
  });
});

describe("dead letters", () => {
  test("W25 the failed op alone is dropped, the rest applied again", async () => {
    const { writer, destination, settle, state, eventLog } = await createRig({ rows: { a: { n: 1 } } });
    const release = destination.hold();
    writer.submit(patch("a", { n: 2 }, "one"));
    destination.script.push(failing("rejected"));
    const failed = writer.submit(patch("a", { n: 3, m: 3 }, "two"));
    writer.submit(patch("a", { o: 4 }, "three"));
    destination.script.unshift((op) => destination.take(op));
    await settle();
    release();
    await expect(failed.confirmed).rejects.toMatchObject({ code: "rejected" });
    expect(state.visible("a")).toEqual({ n: 2, o: 4 });
    expect(eventLog().slice(-2)).toEqual(["recordChanged a", "writeFailed two"]);
    expect(writer.failed()).toMatchObject([{ op: { opId: "two", attempt: 1 }, error: { code: "rejected" } }]);
    expect(writer.failureOf("a")).toMatchObject({ code: "rejected" });
    expect(phases(writer)).toEqual(["three: parked"]);
  });

  test("W26 ops behind it are parked and still show; later ones, and other ids, are sent", async () => {
    const { writer, destination, settle, shown } = await createRig({ rows: { a: {} } });
    const release = destination.hold();
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "one"));
    writer.submit(patch("a", { n: 2 }, "two"));
    writer.submit(insert("b"));
    await settle();
    // In the call, though not yet in the queue.
    release();
    writer.submit(patch("a", { m: 3 }, "three"));
    await settle();
    expect(phases(writer)).toEqual(["two: parked", "three: parked"]);
    expect(shown()).toEqual({ a: { n: 2, m: 3 }, b: { id: "b" } });
    writer.submit(patch("a", { o: 4 }, "four"));
    await writer.flush();
    expect(destination.log).toEqual(["patch a 1", "insert b 1", "patch a 1"]);
    expect(shown()["a"]).toEqual({ o: 4, n: 2, m: 3 });
  });

  test("W26 a narrowed deleteAll that is parked parks what is behind it on its other ids", async () => {
    const { writer, destination, settle } = await createRig({ rows: { a: {}, b: {} } });
    const release = destination.hold();
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "one"));
    writer.submit(patch("b", { n: 1 }, "before"));
    writer.submit({ kind: "deleteAll", ids: ["a", "b"], opId: "both" });
    writer.submit({ ...insert("b"), opId: "after" });
    await settle();
    release();
    await settle();
    expect(phases(writer)).toEqual(["both: parked", "after: parked"]);
    await writer.discard("one");
    await writer.flush();
    expect(destination.log).toEqual(["patch a 1", "patch b 1", "deleteAll a+b 1", "insert b 1"]);
  });

  test("W26 what stands behind a deleteAll of everything is not held up", async () => {
    const { writer, destination, settle } = await createRig();
    const release = destination.hold();
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "one"));
    writer.submit({ kind: "deleteAll", opId: "all" });
    writer.submit(insert("a"));
    await settle();
    release();
    await settle();
    expect(phases(writer)).toEqual([]);
    expect(destination.log).toEqual(["patch a 1", "deleteAll * 1", "insert a 1"]);
  });

  test("W27 retry sends it again, ahead of what is unsent on its id, then what was parked", async () => {
    const { writer, destination, settle, activity, shown } = await createRig({ rows: { a: {} } });
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "one"));
    writer.submit(patch("a", { n: 2 }, "two"));
    await settle();
    activity.set("offline");
    writer.submit(patch("a", { n: 3 }, "three"));
    await settle();
    expect(await writer.retry("one")).toBe(true);
    expect(shown()).toEqual({ a: { n: 3 } });
    expect(writer.failed()).toEqual([]);
    activity.set("active");
    await writer.flush();
    expect(destination.calls.map(({ opId }) => opId)).toEqual(["one", "one", "two", "three"]);
    expect(destination.rows.get("a")).toEqual({ n: 3 });
    expect(await writer.retry("one")).toBe(false);
  });

  test("W27 retry may fail again, and gets as many attempts as before", async () => {
    const { writer, destination, clock } = await createRig();
    const boom = (): never => {
      throw new Error("boom");
    };
    destination.script.push(...Array<() => never>(8).fill(boom));
    writer.submit(insert("a"));
    await clock.advance(60_000);
    expect(destination.calls).toHaveLength(4);
    await writer.retry("insert a");
    await clock.advance(60_000);
    expect(destination.calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(writer.failed()).toHaveLength(1);
  });

  test("W27 discard gives it up and sends what was parked", async () => {
    const { writer, destination, settle, state, queue } = await createRig({ rows: { a: {} } });
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "one"));
    writer.submit(patch("a", { m: 2 }, "two"));
    await settle();
    expect(await writer.discard("one")).toBe(true);
    await writer.flush();
    expect(state.store.get("a")).toEqual({ m: 2 });
    expect(writer.failed()).toEqual([]);
    expect(writer.failureOf("a")).toBeUndefined();
    expect(await writer.discard("one")).toBe(false);
    await settle();
    await writer.close({ drainMs: 0 });
    expect(queue.kept).toEqual([]);
  });

  test("W27 a parked op can be cancelled", async () => {
    const { writer, destination, settle, shown } = await createRig({ rows: { a: {} } });
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "one"));
    const parked = writer.submit(patch("a", { m: 2 }, "two"));
    await settle();
    expect(await parked.cancel()).toBe(true);
    expect(shown()).toEqual({ a: {} });
    await writer.retry("one");
    await writer.flush();
    expect(destination.log).toEqual(["patch a 1", "patch a 2"]);
  });

  test("W26 what was parked only behind an op that is cancelled is sent", async () => {
    const { writer, destination, settle } = await createRig({ rows: { a: {}, b: {} } });
    const release = destination.hold();
    destination.script.push(failing("rejected"));
    writer.submit(patch("a", { n: 1 }, "one"));
    const both = writer.submit({ kind: "deleteAll", ids: ["a", "b"], opId: "both" });
    writer.submit(patch("b", { n: 2 }, "behind both"));
    writer.submit(patch("a", { n: 3 }, "behind one"));
    await settle();
    release();
    await settle();
    expect(phases(writer)).toEqual(["both: parked", "behind both: parked", "behind one: parked"]);
    expect(await both.cancel()).toBe(true);
    await writer.flush();
    expect(phases(writer)).toEqual(["behind one: parked"]);
    expect(destination.log).toEqual(["patch a 1", "patch b 1"]);
    await writer.discard("one");
    await writer.flush();
    expect(destination.log).toEqual(["patch a 1", "patch b 1", "patch a 1"]);
  });

  test("W27 two letters of one id are independent", async () => {
    const { writer, destination, settle } = await createRig({ rows: { a: {} }, policy: defaultPolicy });
    destination.script.push(failing("rejected"), failing("invalid"));
    writer.submit(patch("a", { n: 1 }, "one"));
    writer.submit(patch("a", { n: 2 }, "two"));
    await settle();
    writer.submit(patch("a", { n: 3 }, "three"));
    writer.submit(patch("a", { n: 4 }, "four"));
    await settle();
    expect(phases(writer)).toEqual(["two: parked", "four: parked"]);
    expect(writer.failureOf("a")?.code).toBe("invalid");
    await writer.retry("three");
    await writer.flush();
    expect(phases(writer)).toEqual(["two: parked"]);
    expect(writer.failureOf("a")?.code).toBe("rejected");
    await writer.discard("one");
    await writer.flush();
    expect(destination.calls.map(({ opId }) => opId)).toEqual(["one", "three", "three", "four", "two"]);
  });
});
