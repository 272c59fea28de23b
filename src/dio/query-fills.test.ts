import { expect, test } from "vitest";
import { yieldToLoop } from "../base/index.ts";
import { everything } from "../query/index.ts";
import { createManualClock } from "../testing/index.ts";
import { QueryFills } from "./query-fills.ts";

function createRig() {
  const clock = createManualClock(1_000);
  const open: PromiseWithResolvers<void>[] = [];
  const fills = new QueryFills(() => {
    const fill = Promise.withResolvers<void>();
    open.push(fill);
    return fill.promise;
  }, clock);
  const finish = async (index: number, error?: Error): Promise<void> => {
    if (error === undefined) open[index]?.resolve();
    else open[index]?.reject(error);
    await yieldToLoop();
  };
  return { clock, fills, open, finish };
}

test("D22 each key is filled once, by one flight, and counts from when that began", async () => {
  const { fills, clock, open, finish } = createRig();
  const both = [fills.fill("a", everything), fills.fill("a", everything)];
  const other = fills.fill("b", everything);
  expect([open.length, fills.underWay, fills.filledAt("a")]).toEqual([2, 2, undefined]);
  await clock.advance(500);
  await finish(0);
  await Promise.all(both);
  expect([fills.filledAt("a"), fills.filledAt("b"), fills.underWay]).toEqual([1_000, undefined, 1]);
  await finish(1);
  await other;
});

test("D22 a fill that failed does not count, and does not stick", async () => {
  const { fills, finish } = createRig();
  const failing = expect(fills.fill("a", everything)).rejects.toThrow("down");
  await finish(0, new Error("down"));
  await failing;
  expect(fills.filledAt("a")).toBeUndefined();
  const again = fills.fill("a", everything);
  await finish(1);
  await again;
  expect(fills.filledAt("a")).toBe(1_000);
});

test("D22 D30 what began before everything was forgotten is no answer to who asks after it", async () => {
  const { fills, open, finish } = createRig();
  const before = fills.fill("a", everything);
  fills.forget();
  const after = fills.fill("a", everything);
  expect(open).toHaveLength(2);
  await finish(0);
  await before;
  expect(fills.filledAt("a")).toBeUndefined();
  await finish(1);
  await after;
  expect(fills.filledAt("a")).toBe(1_000);
  fills.forget();
  expect(fills.filledAt("a")).toBeUndefined();
});

test("D22 only so many are remembered: the oldest is filled again", async () => {
  const fills = new QueryFills(() => Promise.resolve(), createManualClock());
  await fills.fill("first", everything);
  for (let n = 0; n < 10_000; n++) await fills.fill(String(n), everything);
  expect([fills.filledAt("first"), fills.filledAt("0") !== undefined]).toEqual([undefined, true]);
});
