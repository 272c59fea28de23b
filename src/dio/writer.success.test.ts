import { describe, expect, test } from "vitest";
import { createRig, failing, type Rig } from "../../test/dio/write-rig.ts";
import type { Row } from "../record/index.ts";
import type { WriteResult } from "./writer.ts";

const insert = (id: string, row: Row = { id }) =>
  ({ kind: "insert", id, row, opId: `insert ${id}` }) as const;
const patch = (id: string, partial: Row, opId = `patch ${id}`) =>
  ({ kind: "patch", id, partial, opId }) as const;

/** The master itself tells of a row. */
function tell({ state, writer, clock }: Rig, id: string, row: Row | undefined, opId?: string): void {
  state.confirm(id, row, { fetchedAt: clock.now() });
  writer.observe(id, opId);
}

describe("success", () => {
  test("W16 one publication; what was shown already is no row event", async () => {
    const { writer, state, eventLog, settle } = await createRig({ rows: { a: { n: 1, m: 1 } } });
    const publications: unknown[] = [];
    await writer.submit(patch("a", { n: 2 })).staged;
    state.subscribe((publication) => publications.push(publication.changes));
    await settle();
    expect(publications).toEqual([[]]);
    expect(state.store.get("a")).toEqual({ n: 2, m: 1 });
    expect(eventLog().slice(1)).toEqual(["recordChanged a", "writeQueued patch a", "writeConfirmed patch a"]);
  });

  test("W16 the row as the destination returned it, told before `confirmed` resolves", async () => {
    const { writer, destination, state, eventLog } = await createRig();
    destination.script.push(() => ({ row: { id: "a", version: 7 } }));
    const shown = state.visible("a");
    const handle = writer.submit(insert("a"));
    expect(await handle.confirmed).toEqual({ id: "a", version: 7 });
    expect(shown).toBeUndefined();
    expect(state.store.get("a")).toEqual({ id: "a", version: 7 });
    expect(eventLog().slice(-2)).toEqual(["recordChanged a", "writeConfirmed insert a"]);
  });

  test("W16 without an answer the op applied to the confirmed row, later ops on top", async () => {
    const rig = await createRig({ rows: { a: { n: 1 } } });
    const { writer, destination, state, settle } = rig;
    const release = destination.hold();
    destination.script.push(
      () => undefined,
      () => undefined,
    );
    const first = writer.submit(patch("a", { n: 2 }, "one"));
    writer.submit(patch("a", { m: 3 }, "two"));
    await settle();
    release();
    await first.confirmed;
    expect(state.store.get("a")).toEqual({ n: 2 });
    expect(state.visible("a")).toEqual({ n: 2, m: 3 });
    await writer.flush();
    expect(state.store.get("a")).toEqual({ n: 2, m: 3 });
  });

  test("W16 the object that was shown stays", async () => {
    const { writer, destination, state } = await createRig();
    destination.script.push(() => ({ row: { id: "a" } }));
    const handle = writer.submit(insert("a"));
    const shown = state.visible("a");
    await handle.confirmed;
    expect(state.visible("a")).toBe(shown);
  });

  test("W16 a confirmed row over one that has not been loaded", async () => {
    const stored = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`r${n}`, { n }]));
    const { writer, state, destination } = await createRig({ stored, policy: { optimistic: true } });
    destination.script.push(() => ({ id: "r4999", row: { n: -1 } }));
    await writer.submit(insert("new", { n: 0 })).confirmed;
    await state.store.whenLoaded();
    expect(state.visible("r4999")).toEqual({ n: -1 });
    expect(state.visibleCount).toBe(5_000);
  });

  test("W17 an answer that can't be used counts as none, and is told", async () => {
    const answers: WriteResult[] = [
      { row: [1] },
      { row: { id: 5, when: new Date(Number.NaN) } },
      { id: "", row: { id: "a" } },
      { id: "b", row: { id: "c" } },
    ];
    for (const answer of answers) {
      const { writer, destination, state, eventLog } = await createRig({ host: { idColumn: "id" } });
      destination.script.push(() => answer);
      await writer.submit(insert("a", { id: "a", n: 1 })).confirmed;
      expect(state.store.get("a")).toEqual({ id: "a", n: 1 });
      expect(eventLog()).toContain("upstreamFailed");
      expect(writer.failed()).toEqual([]);
    }
  });

  test("W18 what came meanwhile and carries the op stays", async () => {
    const rig = await createRig({ rows: { a: { n: 1 } } });
    const { writer, destination, state, settle, rereads } = rig;
    const release = destination.hold();
    destination.script.push(() => ({ row: { n: 2, by: "us" } }));
    writer.submit(patch("a", { n: 2 }));
    await settle();
    tell(rig, "a", { n: 2, by: "them" });
    release();
    await settle();
    expect(state.visible("a")).toEqual({ n: 2, by: "them" });
    expect(rereads).toEqual([]);
    expect(state.isStale("a")).toBe(false);
  });

  test("W18 over what doesn't, the op is applied, and the row is stale and read again", async () => {
    const rig = await createRig({ rows: { a: { n: 1 } } });
    const { writer, destination, state, settle, rereads } = rig;
    const release = destination.hold();
    writer.submit(patch("a", { n: 2 }));
    await settle();
    tell(rig, "a", { n: 1, m: 5 });
    release();
    await settle();
    expect(state.visible("a")).toEqual({ n: 2, m: 5 });
    expect(rereads).toEqual(["a"]);
    expect(state.isStale("a")).toBe(true);
  });

  test("W18 a refresh that came meanwhile and has no such row counts too", async () => {
    const { writer, destination, state, settle, rereads } = await createRig();
    const release = destination.hold();
    writer.submit(insert("a"));
    await settle();
    writer.observeRefresh();
    release();
    await settle();
    expect(state.visible("a")).toEqual({ id: "a" });
    expect(rereads).toEqual(["a"]);
  });

  test("W18 a deleteAll leaves what came while it was under way, stale", async () => {
    for (const ids of [undefined, ["a", "b"]]) {
      const rig = await createRig({ rows: { a: { n: 1 }, b: { n: 2 } } });
      const { writer, destination, state, settle, rereads, shown } = rig;
      const release = destination.hold();
      writer.submit(ids === undefined ? { kind: "deleteAll" } : { kind: "deleteAll", ids });
      await settle();
      tell(rig, "b", { n: 3 });
      expect(shown()).toEqual({});
      release();
      await settle();
      expect(shown()).toEqual({ b: { n: 3 } });
      expect(rereads).toEqual(["b"]);
      expect(state.isStale("b")).toBe(true);
    }
  });

  test("W8 not optimistic: never seen, and success leaves the cache to the master", async () => {
    const rig = await createRig({ rows: { a: { n: 1 } }, policy: { optimistic: false } });
    const { writer, shown, eventLog, destination } = rig;
    const handles = [writer.submit(patch("a", { n: 2 })), writer.submit(insert("b"))];
    expect(shown()).toEqual({ a: { n: 1 } });
    await Promise.all(handles.map(({ confirmed }) => confirmed));
    expect(shown()).toEqual({ a: { n: 1 } });
    expect(eventLog().filter((line) => line.startsWith("record"))).toEqual(["recordInserted a"]);
    destination.script.push(failing("rejected"));
    await writer.submit({ kind: "deleteAll" }).confirmed.catch(() => undefined);
    await writer.submit({ kind: "deleteAll" }).confirmed;
    expect(shown()).toEqual({ a: { n: 1 } });
    tell(rig, "a", { n: 2 });
    expect(shown()).toEqual({ a: { n: 2 } });
  });
});

describe("another id", () => {
  test("W19 the row and what is queued on it move in one publication", async () => {
    const rig = await createRig({ host: { idColumn: "key" } });
    const { writer, destination, state, settle, shown } = rig;
    const release = destination.hold();
    destination.script.push(() => ({ row: { key: 17, name: "new", by: "server" } }));
    const added = writer.submit(insert("tmp", { key: "tmp", name: "new" }));
    await settle();
    writer.submit(patch("tmp", { name: "newer" }));
    writer.submit({ kind: "replace", id: "tmp", row: { key: "tmp", name: "whole" }, opId: "whole" });
    writer.submit({ kind: "deleteAll", ids: ["tmp", "other"], opId: "all" });
    writer.submit({ ...insert("tmp", { key: "tmp", name: "last" }), opId: "last" });
    await settle();
    const changes: (readonly string[])[] = [];
    state.subscribe((publication) => changes.push(publication.changes.map(({ id }) => id)));
    release();
    expect(await added.confirmed).toEqual({ key: 17, name: "new", by: "server" });
    await writer.flush();
    expect(changes[0]).toEqual(["tmp", "17"]);
    expect(destination.log.slice(1)).toEqual([
      "patch 17 1",
      "replace 17 1",
      "deleteAll 17+other 1",
      "insert 17 1",
    ]);
    expect(destination.calls[2]).toMatchObject({ row: { key: 17, name: "whole" } });
    expect(shown()).toEqual({ "17": { key: 17, name: "last" } });
  });

  test("W19 an id alone will do; dead letters, parked ops and waiting echoes move too", async () => {
    const { writer, destination, settle, shown, clock, queue } = await createRig();
    destination.script.push(
      failing("rejected"),
      () => ({ awaitEcho: true }),
      () => ({ id: "new" }),
    );
    writer.submit(patch("tmp", { dead: 1 }, "dead"));
    writer.submit(patch("tmp", { parked: 1 }, "parked"));
    await settle();
    writer.submit(patch("tmp", { echo: 1 }, "echo"));
    const release = destination.hold();
    await settle();
    writer.submit({ kind: "replace", id: "tmp", row: { n: 1 } });
    writer.submit(patch("tmp", { m: 2 }, "behind"));
    await settle();
    release();
    await settle();
    expect(shown()).toEqual({ new: { n: 1, m: 2, parked: 1, echo: 1 } });
    expect(writer.failed().map(({ op }) => op.id)).toEqual(["new"]);
    expect(writer.failureOf("new")?.code).toBe("rejected");
    expect(writer.failureOf("tmp")).toBeUndefined();
    await writer.retry("dead");
    await settle();
    expect(destination.log.slice(-3)).toEqual(["patch new 1", "patch new 2", "patch new 1"]);
    await clock.advance(60_000);
    expect(writer.pending()).toEqual([]);
    await writer.close({ drainMs: 0 });
    expect(queue.kept).toEqual([]);
  });

  test("W19 a barrier behind them does not get ahead", async () => {
    const { writer, destination, settle } = await createRig({ policy: { concurrency: 4 } });
    const release = destination.hold();
    destination.script.push(() => ({ id: "new" }));
    writer.submit(insert("tmp"));
    writer.submit(patch("tmp", { n: 1 }));
    writer.submit({ kind: "deleteAll" });
    writer.submit({ ...insert("tmp"), opId: "later" });
    await settle();
    release();
    await writer.flush();
    expect(destination.log).toEqual(["insert tmp 1", "patch new 1", "deleteAll * 1", "insert new 1"]);
  });
});

describe("echoes", () => {
  const echo = { policy: { confirm: "echo" } } as const;

  test("W20 an accepted op stays in sight and holds up nobody, until a change carries it", async () => {
    const rig = await createRig({ ...echo, rows: { a: { n: 1 } } });
    const { writer, destination, settle, state, eventLog } = rig;
    destination.script.push(() => undefined);
    const handle = writer.submit(patch("a", { n: 2 }, "one"));
    writer.submit(patch("a", { m: 1 }, "two"));
    await settle();
    expect(destination.log).toEqual(["patch a 1", "patch a 1"]);
    expect(writer.pending().map((op) => op.state)).toEqual(["echo", "echo"]);
    tell(rig, "a", { n: 1, other: true });
    expect(state.visible("a")).toEqual({ n: 2, m: 1, other: true });
    expect(writer.pending()).toHaveLength(2);
    tell(rig, "a", { n: 2, other: true });
    expect(writer.pending()).toHaveLength(1);
    expect(state.visible("a")).toEqual({ n: 2, m: 1, other: true });
    await handle.confirmed;
    expect(eventLog().filter((line) => line.startsWith("writeConfirmed"))).toEqual(["writeConfirmed one"]);
    tell(rig, "a", { n: 2, m: 1 });
    await writer.flush();
    expect(state.overlay.isEmpty).toBe(true);
  });

  test("W20 one change may carry several, and a refresh does too", async () => {
    const rig = await createRig({ rows: { a: { n: 1 }, b: {}, c: {}, d: {} } });
    const { writer, destination, settle, state, clock } = rig;
    for (let n = 0; n < 5; n++) destination.script.push(() => ({ awaitEcho: true }));
    writer.submit(patch("a", { n: 2 }, "one"));
    writer.submit(patch("a", { n: 3 }, "two"));
    writer.submit({ kind: "delete", id: "b" });
    writer.submit({ kind: "deleteAll", ids: ["c", "d"] });
    writer.submit({ kind: "deleteAll" });
    await settle();
    expect(writer.pending()).toHaveLength(5);
    tell(rig, "a", { n: 3 });
    expect(writer.pending()).toHaveLength(3);
    state.confirm("b", undefined, { fetchedAt: clock.now() });
    state.confirm("c", undefined, { fetchedAt: clock.now() });
    writer.observeRefresh();
    expect(writer.pending().map(({ op }) => op.kind)).toEqual(["deleteAll", "deleteAll"]);
    state.confirm("d", undefined, { fetchedAt: clock.now() });
    writer.observeRefresh();
    expect(writer.pending()).toMatchObject([{ op: { kind: "deleteAll" } }]);
    state.confirm("a", undefined, { fetchedAt: clock.now() });
    writer.observeRefresh();
    expect(writer.pending()).toEqual([]);
  });

  test("W20 a change that came before the answer counts", async () => {
    const rig = await createRig({ ...echo, rows: { a: { n: 1 } } });
    const { writer, destination, settle } = rig;
    const release = destination.hold();
    writer.submit(patch("a", { n: 2 }));
    await settle();
    tell(rig, "a", { n: 2 });
    release();
    await settle();
    expect(writer.pending()).toEqual([]);
  });

  test("W21 without an echo it is confirmed as accepted, and looked at again", async () => {
    const rig = await createRig({ ...echo, rows: { a: { n: 1 } } });
    const { writer, destination, clock, state, rereads, eventLog } = rig;
    destination.script.push(() => ({ row: { n: 2, by: "server" } }));
    writer.submit(patch("a", { n: 2 }, "one"));
    await clock.advance(30_000);
    writer.submit(insert("b"));
    clock.jumpWall(3_600_000);
    await clock.advance(29_999);
    expect(writer.pending()).toHaveLength(2);
    await clock.advance(1);
    expect(writer.pending()).toHaveLength(1);
    expect(state.store.get("a")).toEqual({ n: 2, by: "server" });
    expect(rereads).toEqual(["a"]);
    expect(state.isStale("a")).toBe(true);
    await clock.advance(30_000);
    expect(state.store.get("b")).toEqual({ id: "b" });
    expect(eventLog().slice(-1)).toEqual(["writeConfirmed insert b"]);
  });

  test("W21 a deleteAll without an echo spares what came since", async () => {
    const rig = await createRig({ ...echo, rows: { a: { n: 1 }, b: { n: 2 } } });
    const { writer, clock, shown, rereads } = rig;
    writer.submit({ kind: "deleteAll" });
    await clock.advance(1_000);
    tell(rig, "c", { n: 3 });
    expect(shown()).toEqual({});
    await clock.advance(60_000);
    expect(shown()).toEqual({ c: { n: 3 } });
    expect(rereads).toEqual(["c"]);
  });

  test("W22 a change that names the op confirms it: under way, between attempts, queued, accepted", async () => {
    const rig = await createRig();
    const { writer, destination, clock, state, eventLog } = rig;
    const release = destination.hold();
    destination.script.push(failing("timeout"));
    writer.submit(insert("a"));
    writer.submit(patch("b", { n: 1 }));
    await clock.advance(0);
    // While it is under way: the call is left to end.
    tell(rig, "a", { id: "a", by: "server" }, "insert a");
    expect(state.visible("a")).toEqual({ id: "a", by: "server" });
    release();
    await clock.advance(0);
    expect(destination.log).toEqual(["insert a 1", "patch b 1"]);
    destination.script.push(failing("unavailable"), () => ({ awaitEcho: true }));
    writer.submit(insert("c"));
    writer.submit(insert("d"));
    await clock.advance(1);
    tell(rig, "d", { id: "d" }, "insert d");
    tell(rig, "c", { id: "c" }, "insert c");
    await clock.advance(0);
    writer.submit(insert("e"));
    await clock.advance(0);
    tell(rig, "e", { id: "e", n: 1 }, "insert e");
    await clock.advance(60_000);
    expect(destination.log).toEqual(["insert a 1", "patch b 1", "insert c 1", "insert e 1"]);
    expect(eventLog().filter((line) => line.startsWith("writeConfirmed"))).toHaveLength(5);
    expect(writer.pending()).toEqual([]);
    expect(state.overlay.isEmpty).toBe(true);
  });

  test("W22 also as a dead letter, or parked behind one", async () => {
    const rig = await createRig();
    const { writer, destination, settle } = rig;
    destination.script.push(failing("rejected"));
    writer.submit(insert("a"));
    writer.submit(patch("a", { n: 1 }, "one"));
    writer.submit(patch("a", { n: 2 }, "two"));
    await settle();
    tell(rig, "a", { id: "a", n: 1 }, "one");
    expect(writer.pending().map(({ op }) => op.opId)).toEqual(["two"]);
    tell(rig, "a", { id: "a", n: 1 }, "insert a");
    expect(writer.failed()).toEqual([]);
    await settle();
    expect(destination.log).toEqual(["insert a 1", "patch a 1"]);
  });
});
