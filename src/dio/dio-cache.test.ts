import { describe, expect, test } from "vitest";
import { FlakyTable } from "../../test/dio/flaky-table.ts";
import { DioramaError, silentLogger } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";
import { memory, type Vista } from "../vista/index.ts";
import { DioCache, type DioCacheHost } from "./dio-cache.ts";
import { DioState } from "./dio-state.ts";
import { OwnRows } from "./own-rows.ts";
import { RowStore } from "./row-store.ts";
import type { RowsInput } from "./rows-input.ts";
import { Run, type RunKind } from "./run.ts";

async function createRig(stored: Readonly<Record<string, number>> = {}) {
  const rows = Object.entries(stored).map(([id, n]) => ({ id, row: { id, n }, fetchedAt: 1 }));
  const table = await FlakyTable.create(rows);
  table.scanRows = 10;
  const clock = createManualClock();
  const store = new RowStore(table, {
    clock,
    keeps: true,
    onFailure: () => undefined,
    onLost: () => undefined,
  });
  const state = new DioState(store, silentLogger);
  // Of any rows.
  const master = memory("products", { id: "id" }) as unknown as Vista;
  let isClosed = false;
  let emptied = 0;
  const begin = (kind: RunKind): Run =>
    new Run(state, { kind, startedAt: clock.now(), signal: new AbortController().signal });
  const host: DioCacheHost = {
    state,
    clock,
    name: "products",
    rows: new OwnRows(() => master),
    emptied: () => (emptied += 1),
    inRun: async (kind, work) => {
      const run = begin(kind);
      try {
        return await work(run);
      } finally {
        run.end();
      }
    },
    assertOpen: () => {
      if (isClosed) throw new DioramaError("closed", "products: this Dio is closed");
    },
  };
  const cache = new DioCache(host);
  const inCallback = (kind: RunKind = "refresh") => {
    const run = begin(kind);
    return { run, own: new DioCache(host, run) };
  };
  const visible = (): Record<string, unknown> =>
    Object.fromEntries([...state.visibleEntries()].map(([id, row]) => [id, row["n"]]));
  return {
    cache,
    state,
    store,
    table,
    inCallback,
    visible,
    emptied: () => emptied,
    close: () => (isClosed = true),
  };
}

describe("writing", () => {
  test("D7 rows are checked and copied, and get their id", async () => {
    const { cache } = await createRig();
    const tags = ["a"];
    await cache.insert("1", { n: 1, tags });
    tags.push("b");
    expect(await cache.get("1")).toEqual({ id: "1", n: 1, tags: ["a"] });
    await cache.insertAll([{ id: "2", n: 2 }]);
    expect([await cache.count(), await cache.get("2")]).toEqual([2, { id: "2", n: 2 }]);
  });

  test("D7 bad input is refused with its place, and nothing of a bad batch is kept", async () => {
    const { cache, visible } = await createRig();
    await cache.insert("1", { n: 1 });
    const bad = Symbol("bad") as unknown as number;
    for (const rows of [
      [
        ["2", { n: 2 }],
        ["3", { n: bad }],
      ],
      [
        ["2", { n: 2 }],
        ["", { n: 3 }],
      ],
      [
        ["2", { n: 2 }],
        ["3", { id: "4", n: 3 }],
      ],
      [{ id: "2", n: 2 }, { n: 3 }],
      [["2", { n: 2 }], 5],
    ] as unknown as RowsInput<Row>[]) {
      await expect(cache.insertAll(rows)).rejects.toMatchObject({ code: "invalid" });
      await expect(cache.replaceAll(rows)).rejects.toMatchObject({ code: "invalid" });
    }
    await expect(cache.insert("1", { n: bad } as unknown as Row)).rejects.toMatchObject({
      code: "invalid",
      place: { vista: "products", id: "1", column: "n" },
    });
    await expect(cache.delete("")).rejects.toMatchObject({ code: "invalid" });
    expect(visible()).toEqual({ 1: 1 });
  });

  test("D7 D13 in a callback, bad input of replaceAll clears nothing", async () => {
    const { cache, inCallback, visible } = await createRig();
    await cache.insert("1", { n: 1 });
    const { run, own } = inCallback();
    const bad = [["2", { n: 2 }], 5] as unknown as RowsInput<Row>;
    await own.replaceAll(bad).catch(() => undefined);
    expect(await own.count()).toBe(1);
    await run.publish();
    expect(visible()).toEqual({ 1: 1 });
    await own.replaceAll([["2", { n: 2 }]]);
    await run.publish();
    expect(visible()).toEqual({ 2: 2 });
  });

  test("D2 resolves when everyone sees it; the later of two calls wins, whatever each has to look up", async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`r${n}`, 0]));
    const { cache, store, visible } = await createRig(many);
    expect(store.knows("r199")).toBe(false);
    const calls = [
      cache.insert("r199", { n: 1 }),
      cache.insert("r199", { n: 2 }),
      cache.delete("r198"),
      cache.insert("r198", { n: 3 }),
      cache.insert("r197", { n: 4 }),
      cache.delete("r197"),
      cache.insertAll([["r196", { n: 5 }]]),
      cache.insertAll([["r196", { n: 6 }]]),
    ];
    const during = cache.insert("r195", { n: 7 });
    await store.ensure(["r195"]);
    const after = cache.insert("r195", { n: 8 });
    await Promise.all([...calls, during, after]);
    await store.whenLoaded();
    const shown = visible();
    expect(["r199", "r198", "r197", "r196", "r195"].map((id) => shown[id])).toEqual([2, 3, undefined, 6, 8]);
    await Promise.all([cache.insertAll([["x", { n: 1 }]]), cache.insert("x", { n: 2 })]);
    expect(visible()["x"]).toBe(2);
    await Promise.all([cache.insert("y", { n: 1 }), cache.insertAll([["y", { n: 2 }]])]);
    expect(visible()["y"]).toBe(2);
  });

  test("D18 clear() by hand is told before the rows go; in a callback it is a part of its step", async () => {
    const { cache, visible, emptied, inCallback } = await createRig();
    await cache.insert("1", { n: 1 });
    const { run, own } = inCallback();
    await own.clear();
    expect([emptied(), await own.count(), visible()]).toEqual([0, 0, { 1: 1 }]);
    run.end();
    await cache.clear();
    expect([emptied(), visible()]).toEqual([1, {}]);
  });
});

describe("small values", () => {
  test("D13 D31 come and go with the rows that were written before them", async () => {
    const { cache, inCallback } = await createRig();
    cache.setMeta("a", { deep: [1] });
    const { run, own } = inCallback("event");
    await own.insert("1", { n: 1 });
    own.setMeta("position", "7");
    expect([own.getMeta("position"), cache.getMeta("position"), own.getMeta("a")]).toEqual([
      "7",
      undefined,
      { deep: [1] },
    ]);
    await run.publish();
    expect(cache.getMeta("position")).toBe("7");
    own.setMeta("position", "8");
    run.end();
    await run.publish();
    expect(cache.getMeta("position")).toBe("7");
    cache.setMeta("position", undefined);
    expect(cache.getMeta("position")).toBeUndefined();
    expect(() => cache.setMeta("b", (() => 1) as unknown as number)).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
  });
});

describe("reading", () => {
  test("D1 D9 what is asked for is there, loaded or not; a list is the caller's own", async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`r${n}`, n]));
    const { cache, store } = await createRig(many);
    expect([await cache.get("r150"), await cache.confirmed("r151"), await cache.count()]).toEqual([
      { id: "r150", n: 150 },
      { id: "r151", n: 151 },
      200,
    ]);
    expect(store.isLoaded).toBe(false);
    const list = await cache.list();
    expect([list.size, [...list.keys()].at(-1)]).toEqual([200, "r199"]);
    list.clear();
    expect(await cache.count()).toBe(200);
    expect((await cache.listConfirmed()).size).toBe(200);
  });

  test("D36 a closed one answers closed, and changes nothing", async () => {
    const { cache, close, emptied, visible } = await createRig();
    await cache.insert("1", { n: 1 });
    close();
    for (const call of [
      () => cache.get("1"),
      () => cache.confirmed("1"),
      () => cache.list(),
      () => cache.count(),
      () => cache.insert("1", { n: 2 }),
      () => cache.insertAll([]),
      () => cache.replaceAll([]),
      () => cache.delete("1"),
      () => cache.clear(),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "closed" });
    }
    expect(() => cache.setMeta("a", 1)).toThrow(expect.objectContaining({ code: "closed" }));
    expect([emptied(), visible()]).toEqual([0, { 1: 1 }]);
  });
});
