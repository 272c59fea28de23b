import { expect, test } from "vitest";
import { createActivity, yieldToLoop } from "../base/index.ts";
import { createManualClock } from "../testing/index.ts";
import { Refresher, RefreshTimer } from "./refresher.ts";

function createRig() {
  const open: PromiseWithResolvers<void>[] = [];
  const refresher = new Refresher(() => {
    const run = Promise.withResolvers<void>();
    open.push(run);
    return run.promise;
  });
  return { refresher, open };
}

test("D32 who asks while one runs shares the next, and never two run at once", async () => {
  const { refresher, open } = createRig();
  const first = refresher.request();
  const [second, third, joined] = [refresher.request(), refresher.request(), refresher.join()];
  expect([second === third, joined === first, open.length, refresher.isRunning]).toEqual([
    true,
    true,
    1,
    true,
  ]);
  open[0]?.resolve();
  await first;
  await yieldToLoop();
  expect(open).toHaveLength(2);
  const fourth = refresher.request();
  expect(fourth).not.toBe(second);
  open[1]?.resolve();
  await second;
  await yieldToLoop();
  open[2]?.resolve();
  await fourth;
  expect([open.length, refresher.isRunning]).toEqual([3, false]);
});

test("D32 a refresh that fails is the failure of those who asked for it alone", async () => {
  const { refresher, open } = createRig();
  const first = expect(refresher.request()).rejects.toThrow("down");
  const second = refresher.request();
  open[0]?.reject(new Error("down"));
  await first;
  await yieldToLoop();
  open[1]?.resolve();
  await second;
});

function createTimer(tick: () => Promise<void>, everyMs = 60_000) {
  const clock = createManualClock();
  const activity = createActivity();
  return { clock, activity, timer: new RefreshTimer(tick, { everyMs, clock, activity }) };
}

test("D33 the first tick is after one interval, and an interval counts from the end of the last tick", async () => {
  let ticks = 0;
  let end = Promise.withResolvers<void>();
  const { clock, timer } = createTimer(() => {
    ticks += 1;
    return end.promise;
  });
  await clock.advance(59_999);
  expect(ticks).toBe(0);
  await clock.advance(1);
  expect([ticks, clock.timerCount]).toEqual([1, 0]);
  await clock.advance(200_000);
  expect(ticks).toBe(1);
  end.resolve();
  end = Promise.withResolvers<void>();
  await clock.advance(59_999);
  expect(ticks).toBe(1);
  await clock.advance(1);
  expect(ticks).toBe(2);
  timer.stop();
  end.resolve();
  await yieldToLoop();
  expect(clock.timerCount).toBe(0);
});

test("D33 a tick that fails, or throws at once, is not the last one", async () => {
  let ticks = 0;
  const { clock } = createTimer(() => {
    ticks += 1;
    if (ticks === 1) throw new Error("at once");
    return Promise.reject(new Error("down"));
  });
  await clock.advance(180_000);
  expect(ticks).toBe(3);
});

test("D33 standby makes the interval under way longer and active again shorter; offline skips", async () => {
  let ticks = 0;
  const { clock, activity } = createTimer(async () => void (ticks += 1));
  await clock.advance(30_000);
  activity.set("standby");
  await clock.advance(209_999);
  expect(ticks).toBe(0);
  await clock.advance(1);
  expect(ticks).toBe(1);
  await clock.advance(100_000);
  activity.set("active");
  await clock.advance(0);
  expect(ticks).toBe(2);
  activity.set("offline");
  await clock.advance(600_000);
  expect(ticks).toBe(2);
  activity.set("active");
  await clock.advance(60_000);
  expect(ticks).toBe(3);
});

test("D33 a wall clock that jumps neither skips a tick nor makes more of them", async () => {
  let ticks = 0;
  const { clock } = createTimer(async () => void (ticks += 1));
  clock.jumpWall(-3.2e11);
  await clock.advance(60_000);
  clock.jumpWall(6.4e11);
  await clock.advance(60_000);
  expect(ticks).toBe(2);
});

test("D33 without an interval there is no timer; after stop() none is set, whatever the activity does", async () => {
  const never = createTimer(async () => undefined, Infinity);
  expect(never.clock.timerCount).toBe(0);
  never.timer.stop();
  const { clock, activity, timer } = createTimer(async () => undefined);
  timer.stop();
  activity.set("standby");
  expect(clock.timerCount).toBe(0);
});
