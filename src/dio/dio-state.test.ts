import { describe, expect, test } from "vitest";
import { FlakyTable } from "../../test/dio/flaky-table.ts";
import { type Logger, silentLogger, yieldToLoop } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";
import type { WriteOp } from "../vista/index.ts";
import { DioState } from "./dio-state.ts";
import type { OverlayOp } from "./overlay.ts";
import type { Publication } from "./publication.ts";
import { RowStore } from "./row-store.ts";
import { MAX_ROW_CHANGES } from "./stretch.ts";

const at = { fetchedAt: 1 };

async function createRig(rows: Readonly<Record<string, Row>> = {}) {
  const table = await FlakyTable.create();
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (message) => errors.push(message) };
  const store = new RowStore(table, {
    clock: createManualClock(),
    keeps: true,
    onFailure: () => undefined,
    onLost: () => undefined,
  });
  const state = new DioState(store, logger);
  for (const [id, row] of Object.entries(rows)) state.confirm(id, row, at);
  await state.published();
  const story: string[] = [];
  const publications: Publication[] = [];
  state.subscribe((publication) => {
    publications.push(publication);
    story.push(`published ${publication.changes.map(({ id }) => id).join()}`);
  });
  for (const type of ["recordInserted", "recordChanged", "recordRemoved"] as const) {
    state.bus.on(type, ({ id }) => story.push(`${type} ${id}`));
  }
  for (const type of ["invalidated", "refreshing"] as const) state.bus.on(type, () => story.push(type));
  return { state, store, table, errors, story, publications };
}

let lastSequence = 0;
type OpPart = WriteOp extends infer Op
  ? Op extends WriteOp
    ? Omit<Op, "opId" | "enqueuedAt" | "attempt">
    : never
  : never;
function opOf(op: OpPart): OverlayOp {
  const sequence = ++lastSequence;
  return { sequence, op: { opId: `op${sequence}`, enqueuedAt: 0, attempt: 0, ...op } as WriteOp };
}

describe("a publication", () => {
  test("D2 a change is visible at once, and published once for its synchronous stretch", async () => {
    const { state, story, publications } = await createRig({ b: { n: 1 }, c: { n: 1 } });
    state.confirm("a", { n: 1 }, at);
    state.confirm("b", { n: 2 }, at);
    state.confirm("c", undefined, at);
    expect([state.visible("a"), state.visible("c"), state.visibleCount]).toEqual([{ n: 1 }, undefined, 2]);
    expect(story).toEqual([]);
    await state.published();
    expect(story).toEqual(["published a,b,c", "recordInserted a", "recordChanged b", "recordRemoved c"]);
    expect(publications[0]?.changes).toEqual([
      { id: "a", before: undefined, after: { n: 1 } },
      { id: "b", before: { n: 1 }, after: { n: 2 } },
      { id: "c", before: { n: 1 }, after: undefined },
    ]);
  });

  test("D2 listeners run, then events, then the promise of the call resolves", async () => {
    const { state, story } = await createRig();
    state.announce({ type: "refreshing" });
    state.confirm("a", { n: 1 }, at);
    void state.published().then(() => story.push("resolved"));
    await yieldToLoop();
    expect(story).toEqual(["published a", "recordInserted a", "refreshing", "resolved"]);
  });

  test("D2 what a listener or a handler changes is the next publication, whole and in order", async () => {
    const { state, story, publications } = await createRig();
    let told = 0;
    state.subscribe(() => {
      told += 1;
      if (told === 1) {
        state.confirm("b", { n: 1 }, at);
        state.publishNow();
        story.push("listener done");
      }
    });
    state.subscribe(({ changes }) => story.push(`last listener ${changes.map(({ id }) => id).join()}`));
    state.bus.on("recordInserted", ({ id }) => {
      if (id !== "a") return;
      state.confirm("c", { n: 1 }, at);
      state.confirm("a", { n: 2 }, at);
      state.publishNow();
    });
    state.confirm("a", { n: 1 }, at);
    await state.published();
    await yieldToLoop();
    expect(story).toEqual([
      "published a",
      "listener done",
      "last listener a",
      "recordInserted a",
      "published b,c,a",
      "last listener b,c,a",
      "recordInserted b",
      "recordInserted c",
      "recordChanged a",
    ]);
    expect(publications.map(({ changes }) => changes.length)).toEqual([1, 3]);
    expect(publications[1]?.changes[2]).toEqual({ id: "a", before: { n: 1 }, after: { n: 2 } });
  });

  test("D2 a listener that throws disturbs nobody, and who awaits goes on", async () => {
    const { state, story, errors } = await createRig();
    state.subscribe(() => {
      throw new Error("broken");
    });
    let told = 0;
    const leave = state.subscribe(() => (told += 1));
    state.confirm("a", { n: 1 }, at);
    await state.published();
    expect([told, errors]).toEqual([1, ["publication listener failed"]]);
    expect(story).toContain("recordInserted a");
    leave();
    state.confirm("a", { n: 2 }, at);
    await state.published();
    expect(told).toBe(1);
  });

  test("D2 D4 what is announced in the middle of a publication comes once, with the next one", async () => {
    const { state } = await createRig();
    const types: string[] = [];
    for (const type of ["recordInserted", "refreshing", "invalidated"] as const)
      state.bus.on(type, () => types.push(type));
    const leave = state.subscribe(() => {
      leave();
      state.announce({ type: "refreshing" });
    });
    state.confirm("a", { n: 1 }, at);
    await state.published();
    state.announce({ type: "invalidated" });
    await state.published();
    await yieldToLoop();
    expect(types).toEqual(["recordInserted", "refreshing", "invalidated"]);
  });

  test("D2 publishNow() publishes what there is; the rest of the stretch follows", async () => {
    const { state, story } = await createRig();
    state.confirm("a", { n: 1 }, at);
    const promise = state.published();
    state.publishNow();
    expect(story).toEqual(["published a", "recordInserted a"]);
    state.confirm("a", { n: 2 }, at);
    await promise;
    await state.published();
    await yieldToLoop();
    expect(story.slice(2)).toEqual(["published a", "recordChanged a"]);
    state.publishNow();
    await state.published();
    expect(story).toHaveLength(4);
  });

  test("D3 A, then B, then A again changes nothing and keeps the object", async () => {
    const { state, story, store } = await createRig();
    const first = { n: 1 };
    state.confirm("a", first, at);
    await state.published();
    story.length = 0;
    state.confirm("a", { n: 2 }, at);
    state.confirm("a", { n: 1 }, at);
    await state.published();
    expect(state.visible("a")).toBe(first);
    state.confirm("a", undefined, at);
    state.confirm("a", { n: 1 }, at);
    await state.published();
    expect([story, store.get("a") === first]).toEqual([[], true]);
    state.confirm("a", { n: 1n }, at);
    await state.published();
    state.confirm("b", { n: 0 }, at);
    await state.published();
    state.confirm("b", { n: -0 }, at);
    await state.published();
    expect(story.filter((line) => line.startsWith("record"))).toEqual([
      "recordChanged a",
      "recordInserted b",
      "recordChanged b",
    ]);
  });

  test("D4 more than 1,000 changes are one invalidated; who follows gets each", async () => {
    const { state, story, publications } = await createRig();
    for (let n = 0; n < MAX_ROW_CHANGES; n++) state.confirm(`r${n}`, { n }, at);
    await state.published();
    expect([state.bus.lastSeq, story.length]).toEqual([MAX_ROW_CHANGES, MAX_ROW_CHANGES + 1]);
    story.length = 0;
    for (let n = 0; n <= MAX_ROW_CHANGES; n++) state.confirm(`r${n}`, { n: -n - 1 }, at);
    await state.published();
    expect(story.slice(1)).toEqual(["invalidated"]);
    expect(publications.at(-1)).toMatchObject({ reset: false });
    expect(publications.at(-1)?.changes).toHaveLength(MAX_ROW_CHANGES + 1);
  });

  test("D4 all rows at once: each is told while they are few, a new start when they are many", async () => {
    const { state, story, publications } = await createRig();
    state.confirmAll(
      new Map([
        ["a", { n: 1 }],
        ["b", { n: 1 }],
      ]),
      at,
    );
    await state.published();
    expect(story.slice(1)).toEqual(["recordInserted a", "recordInserted b"]);
    state.confirmAll(
      new Map([
        ["b", { n: 1 }],
        ["c", { n: 1 }],
      ]),
      at,
    );
    await state.published();
    expect(story.slice(4)).toEqual(["recordRemoved a", "recordInserted c"]);
    story.length = 0;
    const many = new Map(Array.from({ length: MAX_ROW_CHANGES + 1 }, (_, n) => [`r${n}`, { n }]));
    state.confirmAll(many, at);
    await state.published();
    expect(story).toEqual(["published ", "invalidated"]);
    expect(publications.at(-1)).toEqual({ changes: [], reset: true, touched: [] });
    state.startOver();
    await state.published();
    expect(story.slice(2)).toEqual(["published ", "invalidated"]);
  });
});

describe("queued writes on top", () => {
  test("D1 everyone sees the queued write; below it stands what the master has", async () => {
    const { state, store } = await createRig({ a: { n: 1 }, b: { n: 1 } });
    const patch = opOf({ kind: "patch", id: "a", partial: { m: 2 } });
    const insert = opOf({ kind: "insert", id: "c", row: { n: 3 } });
    const remove = opOf({ kind: "delete", id: "b" });
    for (const op of [patch, insert, remove]) state.overlayAdd(op);
    expect([...state.visibleEntries()]).toEqual([
      ["a", { n: 1, m: 2 }],
      ["c", { n: 3 }],
    ]);
    expect([state.visibleCount, store.get("a"), store.count]).toEqual([2, { n: 1 }, 2]);
    for (const op of [patch, insert, remove]) state.overlayRemove(op);
    expect([...state.visibleEntries()]).toEqual([
      ["a", { n: 1 }],
      ["b", { n: 1 }],
    ]);
  });

  test("D3 a write that is confirmed as it was shown keeps the object and emits nothing", async () => {
    const { state, story } = await createRig({ a: { n: 1 } });
    const op = opOf({ kind: "replace", id: "a", row: { n: 2 } });
    state.overlayAdd(op);
    await state.published();
    const shown = state.visible("a");
    story.length = 0;
    state.confirm("a", { n: 2 }, at);
    state.overlayRemove(op);
    await state.published();
    expect(state.visible("a")).toBe(shown);
    expect(story).toEqual(["published "]);
  });

  test("D3 a queued write that changes nothing keeps the object from begin to end", async () => {
    const { state, story } = await createRig({ a: { n: 1, m: 1 } });
    const first = state.visible("a");
    const op = opOf({ kind: "patch", id: "a", partial: { m: 1 } });
    state.overlayAdd(op);
    await state.published();
    expect(state.visible("a")).toBe(first);
    state.confirm("a", { n: 1, m: 1 }, at);
    state.overlayRemove(op);
    await state.published();
    expect(state.visible("a")).toBe(first);
    expect(story.filter((line) => line.startsWith("record"))).toEqual([]);
  });

  test("D2 a write and its withdrawal in one stretch show nothing; its status is told", async () => {
    const { state, story, publications } = await createRig({ a: { n: 1 } });
    const op = opOf({ kind: "delete", id: "a" });
    state.overlayAdd(op);
    state.overlayRemove(op);
    await state.published();
    expect(story).toEqual(["published "]);
    expect(publications[0]?.touched).toEqual(["a"]);
  });

  test("D4 a deleteAll tells each row while they are few, and brings them back as they are", async () => {
    const { state, story } = await createRig({ a: { n: 1 }, b: { n: 1 } });
    const all = opOf({ kind: "deleteAll" });
    const later = opOf({ kind: "insert", id: "c", row: { n: 1 } });
    state.overlayAdd(all);
    state.overlayAdd(later);
    expect([...state.visibleEntries()]).toEqual([["c", { n: 1 }]]);
    await state.published();
    expect(story.slice(1)).toEqual(["recordRemoved a", "recordRemoved b", "recordInserted c"]);
    story.length = 0;
    state.confirm("b", { n: 2 }, at);
    await state.published();
    expect(story).toEqual([]);
    state.overlayRemove(all);
    await state.published();
    expect(story.slice(1)).toEqual(["recordInserted b", "recordInserted a"].toSorted());
    story.length = 0;
    state.overlayRemove(later);
    const again = opOf({ kind: "deleteAll" });
    state.overlayAdd(again);
    await state.published();
    story.length = 0;
    state.confirmAll(new Map(), at);
    state.overlayRemove(again);
    await state.published();
    expect(story).toEqual([]);
    expect(state.visibleCount).toBe(0);
  });
});

describe("what is out of date", () => {
  test("D30 a row is stale until it is confirmed, all are until each or all are read again", async () => {
    const { state, publications } = await createRig({ a: { n: 1 }, b: { n: 1 } });
    state.markStale("a");
    expect([state.isStale("a"), state.isStale("b"), state.hasStale, state.isAllStale]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    await state.published();
    expect(publications.at(-1)).toEqual({ changes: [], reset: false, touched: ["a"] });
    state.confirm("a", { n: 1 }, at);
    await state.published();
    expect([state.hasStale, publications.at(-1)?.touched]).toEqual([false, ["a"]]);
    state.markAllStale();
    state.confirm("a", { n: 1 }, at);
    expect([state.isStale("a"), state.isStale("b"), state.isAllStale]).toEqual([false, true, true]);
    state.markStale("a");
    expect(state.isStale("a")).toBe(true);
    const mark = state.beginRead("asked");
    state.markAllFresh(mark);
    state.endRead(mark);
    expect([state.isStale("a"), state.hasStale]).toEqual([false, false]);
  });

  test("D30 a read that began before an invalidation leaves it standing", async () => {
    const { state } = await createRig({ a: { n: 1 }, b: { n: 1 } });
    const mark = state.beginRead("asked");
    state.markStale("a");
    state.confirm("a", { n: 2 }, { ...at, mark });
    expect([state.visible("a"), state.isStale("a"), mark.isNewer("a")]).toEqual([{ n: 2 }, true, false]);
    state.markAllFresh(mark);
    expect(state.isStale("a")).toBe(true);
    state.markAllStale();
    state.confirm("b", { n: 2 }, { ...at, mark });
    state.confirmAll(new Map([["c", { n: 1 }]]), { ...at, mark });
    state.markAllFresh(mark);
    expect([state.isStale("b"), state.isStale("c"), state.isAllStale]).toEqual([true, true, true]);
    state.endRead(mark);
    const next = state.beginRead("asked");
    state.confirmAll(new Map([["c", { n: 1 }]]), { ...at, mark: next });
    state.endRead(next);
    expect(state.hasStale).toBe(false);
  });
});

describe("reads under way", () => {
  test("D15 a change while a read is under way is newer than what it brings, but not than itself", async () => {
    const { state } = await createRig({ a: { n: 1 }, b: { n: 1 }, c: { n: 1 } });
    const mark = state.beginRead("asked");
    state.confirm("a", { n: 2 }, at);
    state.confirm("b", { n: 2 }, { ...at, mark });
    state.confirm("c", undefined, at);
    expect(["a", "b", "c", "d"].map((id) => mark.isNewer(id))).toEqual([true, false, true, false]);
    state.confirmAll(new Map([["d", { n: 1 }]]), at);
    expect(["b", "d"].map((id) => mark.isNewer(id))).toEqual([true, true]);
    state.endRead(mark);
    state.confirm("e", { n: 1 }, at);
    expect([mark.isNewer("e"), state.readsUnderWay]).toEqual([false, 0]);
  });

  test("D15 of two reads the one that began later knows better, whichever ends first", async () => {
    const { state } = await createRig();
    const [first, second] = [state.beginRead("asked"), state.beginRead("asked")];
    state.confirm("a", { n: 1 }, { ...at, mark: first });
    expect(second.isNewer("a")).toBe(false);
    state.confirm("b", { n: 2 }, { ...at, mark: second });
    expect(first.isNewer("b")).toBe(true);
    state.confirmAll(new Map([["c", { n: 1 }]]), { ...at, mark: first });
    expect(second.isNewer("c")).toBe(false);
  });

  test("D15 what was told is newer than every question that is still open", async () => {
    const { state } = await createRig();
    const told = state.beginRead("told");
    const asked = state.beginRead("asked");
    const laterTold = state.beginRead("told");
    const unnamed = state.beginRead();
    state.confirm("a", { n: 1 }, { ...at, mark: told });
    expect([asked, laterTold, unnamed].map((mark) => mark.isNewer("a"))).toEqual([true, false, true]);
    state.confirm("b", { n: 1 }, { ...at, mark: asked });
    expect([told, laterTold, unnamed].map((mark) => mark.isNewer("b"))).toEqual([true, false, true]);
    state.confirm("c", { n: 1 }, { ...at, mark: unnamed });
    expect([told, asked, laterTold].map((mark) => mark.isNewer("c"))).toEqual([true, true, true]);
  });

  test("D18 a read during which the rows were dropped by hand is told so", async () => {
    const { state } = await createRig();
    const mark = state.beginRead("asked");
    expect(mark.wasEmptied).toBe(false);
    state.noteEmptied();
    expect([mark.wasEmptied, state.beginRead("asked").wasEmptied]).toEqual([true, false]);
  });
});
