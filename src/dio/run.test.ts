import { describe, expect, test } from "vitest";
import { FlakyTable } from "../../test/dio/flaky-table.ts";
import { DioramaError, silentLogger, yieldToLoop } from "../base/index.ts";
import type { StoredRow } from "../cache/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";
import { DioState } from "./dio-state.ts";
import { RowStore } from "./row-store.ts";
import { Run, type RunKind } from "./run.ts";

const at = { fetchedAt: 1 };

async function createRig(rows: Readonly<Record<string, Row>> = {}, stored: readonly StoredRow[] = []) {
  const table = await FlakyTable.create(stored);
  table.scanRows = 10;
  const clock = createManualClock();
  const store = new RowStore(table, {
    clock,
    keeps: true,
    onFailure: () => undefined,
    onLost: () => undefined,
  });
  const state = new DioState(store, silentLogger);
  for (const [id, row] of Object.entries(rows)) state.confirm(id, row, at);
  await state.published();
  const events: string[] = [];
  for (const type of ["recordInserted", "recordChanged", "recordRemoved"] as const) {
    state.bus.on(type, ({ id }) => events.push(`${type} ${id}`));
  }
  state.bus.on("invalidated", () => events.push("invalidated"));
  const control = new AbortController();
  const begin = (kind: RunKind = "refresh"): Run =>
    new Run(state, { kind, startedAt: 7, signal: control.signal });
  const visible = (): Record<string, unknown> => Object.fromEntries(state.visibleEntries());
  return { state, store, table, clock, events, begin, visible, control };
}

const manyRows = (count: number, n: number): Map<string, Row> =>
  new Map(Array.from({ length: count }, (_, index) => [`r${index}`, { n }]));

/** The longest time in which the thread was held while `work` ran, in milliseconds. */
async function longestHold(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  let longestMs = 0;
  const over = work.finally(() => (isOver = true));
  let lastMs = ownTimeMs();
  while (!isOver) {
    await yieldToLoop();
    longestMs = Math.max(longestMs, ownTimeMs() - lastMs);
    lastMs = ownTimeMs();
  }
  await over;
  return longestMs;
}

/** What this thread has worked: other programs' turns are no hold of ours. */
function ownTimeMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

describe("a transaction", () => {
  test("D13 the run reads its own writes, everyone else the last published state", async () => {
    const { state, begin, visible, events } = await createRig({ a: { n: 1 }, b: { n: 1 } });
    const run = begin();
    run.put("a", { n: 2 });
    run.put("c", { n: 2 });
    run.remove("b");
    expect([run.visible("a"), run.visible("b"), run.confirmed("c"), [...run.visibleEntries()]]).toEqual([
      { n: 2 },
      undefined,
      { n: 2 },
      [
        ["a", { n: 2 }],
        ["c", { n: 2 }],
      ],
    ]);
    expect(visible()).toEqual({ a: { n: 1 }, b: { n: 1 } });
    await run.publish();
    expect(visible()).toEqual({ a: { n: 2 }, c: { n: 2 } });
    expect(events).toEqual(["recordChanged a", "recordInserted c", "recordRemoved b"]);
    run.end();
    expect(state.readsUnderWay).toBe(0);
  });

  test("D13 what a failed one did not publish is dropped, also while it was being published", async () => {
    const { begin, visible } = await createRig({ a: { n: 1 } });
    const run = begin();
    run.put("a", { n: 2 });
    await run.publish();
    run.put("a", { n: 3 });
    run.end();
    await run.publish();
    expect(visible()).toEqual({ a: { n: 2 } });
    const other = begin();
    await other.putAll(manyRows(5_000, 1));
    const publishing = other.publish();
    other.end();
    await publishing;
    expect(visible()).toEqual({ a: { n: 2 } });
  });

  test("D13 the run sees what it is publishing, before and after everyone does", async () => {
    const { begin } = await createRig({ a: { n: 1 }, b: { n: 1 } });
    const run = begin();
    run.clear();
    await run.putAll(new Map([["a", { n: 2 }], ...manyRows(5_000, 1)]));
    run.setNote("position", "7");
    const publishing = run.publish();
    await Promise.resolve();
    const seen = (): unknown[] => [
      run.visible("a"),
      run.visible("b"),
      run.visible("r9"),
      run.note("position"),
    ];
    expect(seen()).toEqual([{ n: 2 }, undefined, { n: 1 }, "7"]);
    run.put("a", { n: 3 });
    expect([run.visible("a"), [...run.visibleEntries()].length]).toEqual([{ n: 3 }, 5_001]);
    await publishing;
    expect(seen()).toEqual([{ n: 3 }, undefined, { n: 1 }, "7"]);
  });

  test("D13 publications of one run come one after the other, whatever each takes", async () => {
    const { begin, visible } = await createRig(Object.fromEntries(manyRows(5_000, 0)));
    const run = begin();
    await run.putAll(manyRows(5_000, 1));
    const first = run.publish();
    await Promise.resolve();
    run.put("r7", { n: 2 });
    await Promise.all([first, run.publish()]);
    expect([visible()["r7"], visible()["r8"]]).toEqual([{ n: 2 }, { n: 1 }]);
  });

  test("D13 a handle that is used after its callback has ended is refused", async () => {
    const { begin } = await createRig({ a: { n: 1 } });
    const run = begin();
    run.end();
    for (const write of [
      () => run.put("a", { n: 2 }),
      () => run.remove("a"),
      () => run.clear(),
      () => run.setNote("x", 1),
    ]) {
      expect(write).toThrow(expect.objectContaining({ code: "invalid" }));
    }
    await expect(run.putAll(new Map())).rejects.toMatchObject({ code: "invalid" });
    expect([run.visible("a"), run.hasEnded]).toEqual([{ n: 1 }, true]);
  });

  test("D13 D36 one that is no longer wanted publishes nothing", async () => {
    const { begin, control, visible } = await createRig({ a: { n: 1 } });
    const closed = new DioramaError("closed", "it is closed");
    const run = begin();
    run.put("a", { n: 2 });
    control.abort(closed);
    await expect(run.publish()).rejects.toBe(closed);
    expect(() => run.put("a", { n: 3 })).toThrow(closed);
    expect(visible()).toEqual({ a: { n: 1 } });
  });

  test("D13 what could not be published can be published again", async () => {
    const { begin, table, visible } = await createRig(
      {},
      [...manyRows(100, 0)].map(([id, row]) => ({ id, row, fetchedAt: 1 })),
    );
    const run = begin();
    run.put("r99", { n: 1 });
    run.put("r98", { n: 1 });
    table.failGet({ code: "unavailable" });
    const failing = run.publish();
    await Promise.resolve();
    run.put("r98", { n: 2 });
    await expect(failing).rejects.toMatchObject({ code: "unavailable" });
    expect([run.confirmed("r99"), run.confirmed("r98")]).toEqual([{ n: 1 }, { n: 2 }]);
    await run.publish();
    expect([visible()["r99"], visible()["r98"]]).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test("D13 small values come with the rows that were written before them", async () => {
    const { begin, store } = await createRig();
    store.setNotes(
      new Map<string, number>([
        ["old", 1],
        ["gone", 1],
      ]),
    );
    const run = begin("event");
    run.put("a", { n: 1 });
    run.setNote("position", "7");
    run.setNote("gone", undefined);
    expect([run.note("position"), run.note("gone"), run.note("old"), store.note("position")]).toEqual([
      "7",
      undefined,
      1,
      undefined,
    ]);
    await run.publish();
    expect(store.meta.notes).toEqual({ old: 1, position: "7" });
    run.setNote("alone", 2);
    await run.publish();
    expect(store.note("alone")).toBe(2);
  });
});

describe("the difference", () => {
  test("D14 clear, then insertAll: equal rows emit nothing, nothing is ever blank", async () => {
    for (const count of [3, 5_000]) {
      const { begin, events, store, state } = await createRig(Object.fromEntries(manyRows(count, 1)));
      const kept = store.get("r1");
      let fewest = Infinity;
      state.subscribe(() => (fewest = Math.min(fewest, state.visibleCount)));
      const run = begin();
      run.clear();
      const rows = manyRows(count, 1);
      rows.delete("r0");
      rows.set("r2", { n: 2 });
      rows.set("new", { n: 2 });
      await run.putAll(rows);
      await run.publish();
      expect(events.toSorted()).toEqual(["recordChanged r2", "recordInserted new", "recordRemoved r0"]);
      expect([store.get("r1") === kept, fewest]).toEqual([true, count]);
      expect([run.wroteBulk, run.wroteWhole, run.wrote]).toEqual([true, true, true]);
    }
  });

  test("D14 clear() again after a publication removes what the run itself had brought", async () => {
    const { begin, visible, events } = await createRig({ a: { n: 1 } });
    const run = begin();
    run.clear();
    run.put("b", { n: 1 });
    await run.publish();
    expect(visible()).toEqual({ b: { n: 1 } });
    run.put("c", { n: 1 });
    run.clear();
    run.put("d", { n: 1 });
    expect([...run.visibleEntries()]).toEqual([["d", { n: 1 }]]);
    await run.publish();
    expect(visible()).toEqual({ d: { n: 1 } });
    expect(events).toEqual(["recordRemoved a", "recordInserted b", "recordRemoved b", "recordInserted d"]);
  });

  test("D14 a row that was stale is up to date again, though it is equal", async () => {
    const { begin, state } = await createRig(Object.fromEntries(manyRows(5_000, 1)));
    state.markStale("r1");
    const run = begin();
    await run.putAll(manyRows(5_000, 1));
    await run.publish();
    expect(state.isStale("r1")).toBe(false);
  });

  test("D13 the first fill is taken whole, and nobody else holds it", async () => {
    const { begin, visible, store, events } = await createRig();
    const run = begin("seed");
    const rows = manyRows(200, 1);
    await run.putAll(rows);
    run.remove("r5");
    await run.publish();
    expect([store.count, store.fetchedAt("r1"), events.length]).toEqual([199, 7, 199]);
    run.put("x", { n: 1 });
    run.remove("r1");
    expect([store.get("r1"), store.get("x"), store.count]).toEqual([{ n: 1 }, undefined, 199]);
    await run.publish();
    expect([visible()["x"], store.count]).toEqual([{ n: 1 }, 199]);
    run.end();
  });

  test("D13 a big publication does not hold the thread, but for what differs", async () => {
    // Some milliseconds on an idle machine; comparing all in one stretch takes more than a hundred.
    const mostMs = 40;
    const holdsMs: number[] = [];
    // The least of some: other work on the machine only adds to it.
    while (holdsMs.length < 12 && !holdsMs.some((holdMs) => holdMs < mostMs)) {
      const { begin, table } = await createRig();
      table.hold();
      const first = begin("seed");
      await first.putAll(manyRows(200_000, 1));
      const fillMs = await longestHold(first.publish());
      first.end();
      const second = begin("refresh");
      second.clear();
      const rows = manyRows(200_000, 1);
      rows.delete("r7");
      await second.putAll(rows);
      holdsMs.push(Math.max(fillMs, await longestHold(second.publish())));
      second.end();
      table.release();
    }
    expect(Math.min(...holdsMs)).toBeLessThan(mostMs);
  });

  test("D8 a fill that is faster than the disk waits for it", async () => {
    const { begin, table, store } = await createRig({ a: { n: 1 } });
    table.hold();
    const run = begin("seed");
    await run.putAll(manyRows(40_000, 1));
    let isPublished = false;
    const publishing = run.publish().then(() => (isPublished = true));
    while (store.count < 40_001) await yieldToLoop();
    for (let turn = 0; turn < 20; turn++) await yieldToLoop();
    expect(isPublished).toBe(false);
    table.release();
    await publishing;
    expect(store.journal.backlog).toBeLessThanOrEqual(20_000);
  });
});

describe("what came meanwhile", () => {
  test("D15 a row that something else changed since the run began keeps the newer value", async () => {
    for (const count of [3, 5_000]) {
      const { begin, state, visible } = await createRig(Object.fromEntries(manyRows(count, 1)));
      const run = begin();
      run.clear();
      const rows = manyRows(count, 2);
      rows.delete("r2");
      await run.putAll(rows);
      state.confirm("r0", { n: 9 }, at);
      state.confirm("r1", undefined, at);
      state.confirm("r2", { n: 9 }, at);
      state.confirm("new", { n: 9 }, at);
      await run.publish();
      const shown = visible();
      expect([shown["r0"], shown["r1"], shown["r2"], shown["new"]]).toEqual([
        { n: 9 },
        undefined,
        { n: 9 },
        { n: 9 },
      ]);
      run.put("r0", { n: 3 });
      await run.publish();
      expect(visible()["r0"]).toEqual({ n: 9 });
      run.end();
    }
  });

  test("D15 what changes while it looks for the difference is seen, whoever changed it", async () => {
    const { begin, state, visible } = await createRig(Object.fromEntries(manyRows(9_000, 1)));
    const earlier = begin();
    const run = begin();
    run.clear();
    const rows = manyRows(9_000, 1);
    await run.putAll(rows);
    const publishing = run.publish();
    await yieldToLoop();
    // Read by a run that began before this one: older than what this one brings.
    earlier.put("r0", { n: 5 });
    earlier.put("late", { n: 5 });
    await earlier.publish();
    state.confirm("r1", { n: 6 }, at);
    await publishing;
    expect([visible()["r0"], visible()["late"], visible()["r1"]]).toEqual([{ n: 1 }, undefined, { n: 6 }]);
  });

  test("D15 of two runs the later one wins, whichever ends first", async () => {
    for (const kind of ["bulk", "refresh"] as const) {
      const { begin, visible } = await createRig({ a: { n: 0 }, b: { n: 0 } });
      const [first, second] = [begin(kind), begin(kind)];
      for (const [run, n] of [
        [first, 1],
        [second, 2],
      ] as const) {
        run.put("a", { n });
        run.put("b", { n });
      }
      await first.publish();
      expect(visible()["a"]).toEqual({ n: 1 });
      await second.publish();
      first.put("b", { n: 1 });
      await first.publish();
      expect(visible()).toEqual({ a: { n: 2 }, b: { n: 2 } });
    }
  });

  test("D15 a fill is not taken whole where something came before it", async () => {
    const { begin, state, visible } = await createRig();
    const run = begin("seed");
    await run.putAll(manyRows(200, 1));
    state.confirm("r1", { n: 9 }, at);
    state.confirm("r1", undefined, at);
    await run.publish();
    expect([visible()["r1"], visible()["r2"]]).toEqual([undefined, { n: 1 }]);
  });

  test("D15 D9 a warm start's rows are there before anything is compared with them", async () => {
    const stored = [...manyRows(500, 1)].map(([id, row]) => ({ id, row, fetchedAt: 1 }));
    const { begin, visible, events, store } = await createRig({}, stored);
    const small = begin("event");
    small.put("r499", { n: 2 });
    small.put("r498", { n: 1 });
    await small.publish();
    expect([store.isLoaded, events]).toEqual([false, ["recordChanged r499"]]);
    const run = begin();
    run.clear();
    run.put("r1", { n: 1 });
    run.put("r2", { n: 2 });
    await run.publish();
    expect(visible()).toEqual({ r1: { n: 1 }, r2: { n: 2 } });
    expect(events).toHaveLength(1 + 498 + 1);
  });
});
