import { describe, expect, test } from "vitest";
import { FlakyTable } from "../../test/dio/flaky-table.ts";
import { type DioramaError, yieldToLoop } from "../base/index.ts";
import type { StoredRow, TableMeta } from "../cache/index.ts";
import { createManualClock } from "../testing/index.ts";
import { RowStore } from "./row-store.ts";

const rowsOf = (count: number, n = 1): StoredRow[] =>
  Array.from({ length: count }, (_, index) => ({ id: `r${index}`, row: { n }, fetchedAt: 5 }));

async function createRig(rows: readonly StoredRow[] = [], meta: Partial<TableMeta> = {}) {
  const table = await FlakyTable.create(rows, meta);
  return openOn(table);
}

function openOn(table: FlakyTable) {
  const clock = createManualClock();
  const failures: DioramaError[] = [];
  let lost = 0;
  table.scanRows ??= 10;
  const store = new RowStore(table, {
    clock,
    keeps: true,
    onFailure: (error) => failures.push(error),
    onLost: () => (lost += 1),
  });
  return { store, table, clock, failures, lost: () => lost };
}

const settle = async (turns = 20): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await yieldToLoop();
};

describe("a warm start", () => {
  test("D9 count and single rows are right at once, the rest when it is loaded", async () => {
    const { store } = await createRig(rowsOf(100), { complete: true });
    expect([store.count, store.isLoaded, store.knows("r90")]).toEqual([100, false, false]);
    await store.ensure(["r90", "none"]);
    expect([store.get("r90"), store.get("none")]).toEqual([{ n: 1 }, undefined]);
    expect([store.knows("none"), store.isLoaded]).toEqual([true, false]);
    await store.whenLoaded();
    expect([store.count, store.isLoaded, store.knows("whatever")]).toEqual([100, true, true]);
    expect([...store.ids()]).toEqual(rowsOf(100).map(({ id }) => id));
  });

  test("D9 the order is the stored one, whatever was asked for or put meanwhile", async () => {
    const { store } = await createRig(rowsOf(50));
    await store.ensure(["r40", "r5", "new"]);
    store.set("r40", { n: 2 }, 6);
    store.set("new", { n: 3 }, 6);
    await store.whenLoaded();
    expect([...store.ids()]).toEqual([...rowsOf(50).map(({ id }) => id), "new"]);
    expect(store.get("r40")).toEqual({ n: 2 });
  });

  test("D9 what is put and removed while rows arrive stays so", async () => {
    const { store } = await createRig(rowsOf(100));
    await store.ensure(["r99", "r98", "r97"]);
    store.delete("r99");
    store.set("r98", { n: 2 }, 6);
    expect(store.delete("r97")).toBe(true);
    store.set("r97", { n: 3 }, 6);
    expect(store.count).toBe(99);
    await store.whenLoaded();
    expect([store.get("r99"), store.get("r98"), store.get("r97"), store.count]).toEqual([
      undefined,
      { n: 2 },
      { n: 3 },
      99,
    ]);
  });

  test("D9 changes of rows that nobody looked up are kept too", async () => {
    const { store, table } = await createRig(rowsOf(100));
    expect(store.delete("r99")).toBe(true);
    store.set("r98", { n: 2 }, 6);
    store.set("new", { n: 2 }, 6);
    await store.whenLoaded();
    expect([store.count, store.get("r99"), store.get("r98")]).toEqual([100, undefined, { n: 2 }]);
    await store.close({ upToDate: true });
    const kept = await reopen(table);
    expect([kept.size, kept.has("r99"), kept.get("r98")?.row]).toEqual([100, false, { n: 2 }]);
  });

  test("D9 an answer of the table that is older than memory is not taken", async () => {
    const { store } = await createRig(rowsOf(30));
    const looking = store.ensure(["r29"]);
    store.delete("r29");
    await looking;
    expect(store.get("r29")).toBeUndefined();
    const lookingAgain = store.ensure(["r28"]);
    store.adopt(new Map([["x", { n: 9 }]]), 7);
    await lookingAgain;
    await settle();
    expect([...store.entries()]).toEqual([["x", { n: 9 }]]);
    expect([store.isLoaded, store.count]).toEqual([true, 1]);
  });

  test("D9 of an empty table is loaded at once", async () => {
    const { store } = await createRig();
    expect([store.isLoaded, store.count, store.knows("a")]).toEqual([true, 0, true]);
    await store.whenLoaded();
    await store.ensure(["a"]);
  });
});

describe("a table that can't be read", () => {
  test("D12 one that can't be read for a moment is read again", async () => {
    const table = await FlakyTable.create(rowsOf(100), { complete: true });
    table.scanRows = 10;
    table.failScan({ code: "unavailable" }, 50);
    const { store, clock, failures } = openOn(table);
    await settle();
    expect([store.isLoaded, store.count]).toEqual([false, 100]);
    await store.ensure(["r99"]);
    store.set("r99", { n: 2 }, 6);
    await clock.advance(1_000);
    await settle();
    await store.whenLoaded();
    expect([store.count, store.meta.complete, failures.length]).toEqual([100, true, 0]);
    expect([...store.ids()]).toEqual(rowsOf(100).map(({ id }) => id));
  });

  test("D12 one that stays unreadable is given up, and filled from memory", async () => {
    const table = await FlakyTable.create(rowsOf(100), { complete: true, fingerprint: "f", notes: { p: 1 } });
    table.scanRows = 10;
    for (let attempt = 0; attempt < 4; attempt++) table.failScan({ code: "unavailable" }, 50);
    const { store, clock, failures, lost } = openOn(table);
    for (let attempt = 0; attempt < 4; attempt++) {
      await settle();
      await clock.advance(1_000);
    }
    expect([store.isLoaded, store.count, store.meta.complete, lost()]).toEqual([true, 50, false, 1]);
    expect(failures).toMatchObject([{ code: "unavailable" }]);
    await store.journal.flush();
    expect(table.content.size).toBe(50);
    expect(table.meta).toMatchObject({ complete: false, fingerprint: "f", notes: { p: 1 }, clean: false });
  });

  test("D12 damage found while loading leaves what has arrived, incomplete", async () => {
    for (const found of ["scan", "get", "apply"] as const) {
      const table = await FlakyTable.create(rowsOf(100), { complete: true });
      table.scanRows = 10;
      if (found === "scan") table.failScan({ code: "corrupt" }, 50);
      if (found === "get") table.failGet({ code: "corrupt" });
      if (found === "apply") table.fail({ code: "corrupt" });
      const { store, failures, lost } = openOn(table);
      if (found === "get") await store.ensure(["r99"]);
      if (found === "apply") {
        store.set("r1", { n: 2 }, 6);
        await store.journal.flush();
      }
      await store.whenLoaded();
      expect([store.isLoaded, store.meta.complete, lost()]).toEqual([true, false, 1]);
      expect(store.count).toBeLessThan(100);
      expect(failures.length).toBeGreaterThan(0);
      expect(failures.every(({ code }) => code === "corrupt")).toBe(true);
      await store.journal.flush();
      expect([...table.content.keys()]).toEqual([...store.ids()]);
    }
  });

  test("D12 damage found when everything is in memory costs nothing but writing it again", async () => {
    const { store, table, failures, lost } = await createRig(rowsOf(100), { complete: true });
    await store.whenLoaded();
    table.fail({ code: "corrupt" });
    store.set("r1", { n: 2 }, 6);
    await store.journal.flush();
    expect([store.count, store.meta.complete, lost(), failures.length]).toEqual([100, true, 0, 1]);
    const content = table.content;
    expect([content.size, content.get("r1")?.row]).toEqual([100, { n: 2 }]);
    expect(table.meta.complete).toBe(true);
  });

  test("D12 a look into the table that fails is the error of who looked", async () => {
    const { store, table } = await createRig(rowsOf(100));
    table.failGet({ code: "unavailable" });
    await expect(store.ensure(["r99"])).rejects.toMatchObject({ code: "unavailable" });
    await store.whenLoaded();
    expect(store.count).toBe(100);
  });
});

describe("rows and their age", () => {
  test("D3 a row of the same content keeps the old object", async () => {
    const { store, table } = await createRig();
    const first = { n: 1, at: new Date(0) };
    expect(store.set("a", first, 1)).toBe(true);
    expect(store.set("a", { n: 1, at: new Date(0) }, 2)).toBe(false);
    expect(store.get("a")).toBe(first);
    await store.journal.flush();
    expect(store.set("a", { n: 1, at: new Date(0) }, 3)).toBe(false);
    await store.journal.flush();
    expect(table.attempts).toBe(1);
    expect(store.set("a", { n: 1n, at: new Date(0) }, 3)).toBe(true);
    expect(store.delete("b")).toBe(false);
  });

  test("D25 age is that of the last whole read, else of the row's own", async () => {
    const { store, table } = await createRig();
    store.set("a", { n: 1 }, 10);
    expect([store.fetchedAt("a"), store.fetchedAt("b")]).toEqual([10, undefined]);
    store.set("a", { n: 1 }, 20);
    expect(store.fetchedAt("a")).toBe(20);
    store.setMeta({ complete: true, seededAt: 30 });
    expect(store.fetchedAt("a")).toBe(30);
    store.set("a", { n: 2 }, 40);
    expect(store.fetchedAt("a")).toBe(30);
    store.setMeta({ complete: false, seededAt: undefined });
    store.adopt(new Map([["c", { n: 1 }]]), 50);
    store.set("d", { n: 1 }, 60);
    expect([store.fetchedAt("c"), store.fetchedAt("d")]).toEqual([50, 60]);
    await store.close({ upToDate: true });
    expect([...(await reopen(table)).values()].map(({ id, fetchedAt }) => [id, fetchedAt])).toEqual([
      ["c", 50],
      ["d", 60],
    ]);
  });

  test("D31 notes are changed one by one, whatever their names", async () => {
    const { store } = await createRig();
    store.setNotes(
      new Map<string, string | undefined>([
        ["a", "1"],
        ["__proto__", "2"],
        ["b", undefined],
      ]),
    );
    store.setNotes(new Map([["c", 3]]));
    expect([store.note("a"), store.note("__proto__"), store.note("toString"), store.note("c")]).toEqual([
      "1",
      "2",
      undefined,
      3,
    ]);
    store.setNotes(new Map([["a", undefined]]));
    expect(Object.keys(store.meta.notes)).toEqual(["__proto__", "c"]);
    expect(Object.getPrototypeOf(store.meta.notes)).toBe(Object.prototype);
  });
});

describe("the end", () => {
  test("D10 a table is clean from an orderly close to the first change after it", async () => {
    const { store, table } = await createRig(rowsOf(3), { complete: true });
    await store.whenLoaded();
    expect(store.meta.clean).toBe(true);
    store.set("r1", { n: 1 }, 6);
    expect(store.meta.clean).toBe(true);
    store.set("r1", { n: 2 }, 6);
    expect(store.meta.clean).toBe(false);
    await store.journal.flush();
    expect(table.meta.clean).toBe(false);
    await store.close({ upToDate: true });
    expect(table.meta.clean).toBe(true);
  });

  test("D10 one that is known to be out of date is left as after an unclean end", async () => {
    const { store, table } = await createRig(rowsOf(3), { complete: true });
    await store.close({ upToDate: false });
    expect(table.meta.clean).toBe(false);
  });

  test("D36 closing while rows arrive ends who waits for them, and loses nothing", async () => {
    const { store, table } = await createRig(rowsOf(1_000), { complete: true });
    const loaded = expect(store.whenLoaded()).rejects.toMatchObject({ code: "closed" });
    await store.ensure(["r900"]);
    store.set("r900", { n: 2 }, 6);
    await store.close({ upToDate: true });
    await loaded;
    await expect(store.whenLoaded()).rejects.toMatchObject({ code: "closed" });
    const kept = await reopen(table);
    expect([kept.size, kept.get("r900")?.row, table.meta]).toMatchObject([
      1_000,
      { n: 2 },
      { complete: true, clean: true },
    ]);
  });

  test("D36 closing while it waits to read again ends too", async () => {
    const table = await FlakyTable.create(rowsOf(100));
    table.failScan({ code: "unavailable" }, 0);
    const { store, clock } = openOn(table);
    await settle();
    expect(clock.timerCount).toBe(1);
    await store.close({ upToDate: true });
    expect(clock.timerCount).toBe(0);
    await expect(store.whenLoaded()).rejects.toMatchObject({ code: "closed" });
  });

  test("D36 D12 closing over a full disk says so, and lets go of the table", async () => {
    const { store, table, clock } = await createRig();
    store.set("a", { n: 1 }, 1);
    table.fail({ code: "full" }, { code: "full" });
    await expect(store.close({ upToDate: true })).rejects.toMatchObject({ code: "full" });
    expect(clock.timerCount).toBe(0);
    await expect(table.get(["a"])).rejects.toMatchObject({ code: "closed" });
    store.set("b", { n: 1 }, 1);
    await clock.advance(10_000);
    expect(clock.timerCount).toBe(0);
  });
});

/** What the next session finds. */
async function reopen(table: FlakyTable): Promise<Map<string, StoredRow>> {
  return (await table.reopened()).content;
}
