import { array, assert, asyncProperty, constant, oneof } from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { createState, type Step, step } from "../../test/dio/state-steps.ts";
import { everything, evaluate, type Query, toOrder } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import type { ViewEffect } from "../views/index.ts";
import type { DioState } from "./dio-state.ts";
import type { OverlayOp } from "./overlay.ts";

const byNumber: Query = { ...everything, order: [toOrder(["n", "desc"], {})] };
const at = { fetchedAt: 1 };
const stepOrRead = oneof({ arbitrary: step, weight: 3 }, { arbitrary: constant("read" as const), weight: 1 });

const idsOf = (state: DioState): string[] =>
  evaluate(state.visibleEntries(), byNumber, undefined).map(([id]) => id);

/** What somebody knows who opened the view in the beginning and reads only when it is told to. */
function follow(state: DioState) {
  const view = state.views.openOrdered(byNumber);
  let ids = view.idsBetween(0, Infinity);
  let rows = new Map(ids.map((id) => [id, state.visible(id)]));
  const effects: ViewEffect[] = [];
  view.subscribe((effect) => {
    effects.push(effect);
    const before = ids;
    ids = view.idsBetween(0, Infinity);
    const isTold = (rank: number): boolean =>
      effect.reset || effect.ranges.some(({ start, end }) => rank >= start && rank < end);
    ids.forEach((id, rank) => {
      if (!isTold(rank)) expect(before[rank]).toBe(id);
    });
    if (effect.reset) rows = new Map();
    for (const id of effect.reset ? ids : effect.ids) rows.set(id, state.visible(id));
  });
  return {
    view,
    effects,
    check: (): void => {
      expect(ids).toEqual(idsOf(state));
      for (const id of ids) expect(rows.get(id)).toBe(state.visible(id));
    },
  };
}

test("D39 views and those who follow a row see what is visible, also in the middle of a stretch", async () => {
  const read: Step = (state) => {
    const view = state.views.openOrdered(byNumber);
    expect(view.idsBetween(0, Infinity)).toEqual(idsOf(state));
    view.release();
  };
  const play = async (stretches: readonly (readonly (Step | "read")[])[]) => {
    const state = await createState();
    const ops: OverlayOp[] = [];
    const followed = follow(state);
    const total = state.views.openAggregate(everything, { kind: "sum", column: "n" });
    let seen: Row | undefined;
    state.onlookers.onRow("a", () => (seen = state.visible("a")));
    for (const steps of stretches) {
      for (const each of steps) (each === "read" ? read : each)(state, ops);
      for (let turn = 0; turn < 3; turn++) await state.published();
      followed.check();
      expect(seen).toBe(state.visible("a"));
      let sum = 0;
      for (const [, row] of state.visibleEntries()) sum += Number(row["n"] ?? 0);
      expect(total.value).toBe(sum);
    }
  };
  await assert(asyncProperty(array(array(stepOrRead, { maxLength: 6 }), { maxLength: 20 }), play), runs(500));
});

test("D39 a publication tells each view once, and nothing where nothing it shows has changed", async () => {
  const state = await createState();
  state.confirm("a", { n: 1 }, at);
  state.confirm("b", { n: 2 }, at);
  await state.published();
  const { effects } = follow(state);
  state.confirm("a", { n: 3 }, at);
  state.settle();
  state.confirm("a", { n: 1 }, at);
  state.confirm("c", { n: 0 }, at);
  await state.published();
  expect(effects.map(({ ids }) => ids.toSorted())).toEqual([["a", "c"]]);
  state.confirm("b", { n: 9 }, at);
  state.confirm("b", { n: 2 }, at);
  await state.published();
  expect(effects.length).toBe(1);
});

test("D39 D40 rows that show another status are told: one, and all of them at once", async () => {
  const state = await createState();
  for (const id of "ab") state.confirm(id, { n: 1 }, at);
  await state.published();
  const { effects } = follow(state);
  let told = 0;
  const rows: (readonly string[] | undefined)[] = [];
  const stop = state.onlookers.onRow("b", () => (told += 1));
  state.onlookers.onRows((ids) => rows.push(ids));
  state.markStale("a");
  await state.published();
  expect([effects.at(-1)?.ids, told, rows]).toEqual([["a"], 0, [["a"]]]);
  state.markAllStale();
  await state.published();
  expect([effects.at(-1)?.reset, told, rows.at(-1)]).toEqual([true, 1, undefined]);
  state.markAllStale();
  await state.published();
  expect(effects.length).toBe(2);
  stop();
  state.markAllFresh(state.beginRead());
  await state.published();
  expect([effects.length, told]).toEqual([3, 1]);
});

test("D39 notices come when the views are up to date, and before their listeners", async () => {
  const state = await createState();
  const story: string[] = [];
  const view = state.views.openOrdered(byNumber);
  view.subscribe(() => story.push("view"));
  state.onlookers.onNotice((notice) => story.push(`${notice} ${view.count}`));
  state.bus.on("recordInserted", () => story.push("event"));
  state.confirm("a", { n: 1 }, at);
  state.notice("refreshed");
  state.notice("refreshed");
  await state.published();
  expect(story).toEqual(["refreshed 1", "view", "event"]);
});

test("D6 D39 a listener that throws disturbs nobody", async () => {
  const state = await createState();
  let told = 0;
  state.onlookers.onRow("a", () => {
    throw new Error("made up");
  });
  state.onlookers.onRow("a", () => (told += 1));
  state.confirm("a", { n: 1 }, at);
  await state.published();
  expect(told).toBe(1);
});
