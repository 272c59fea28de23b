import { describe, expect, test } from "vitest";
import { sleep } from "../base/index.ts";
import { createManualClock } from "./manual-clock.ts";

describe("manual clock", () => {
  test("T1 it stands still until told, and then both times move", async () => {
    const clock = createManualClock(1_000);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
  });

  test("T1 timers fire in order of their due times, those of one instant as they were set", async () => {
    const clock = createManualClock();
    const fired: string[] = [];
    clock.setTimer(() => fired.push(`late at ${clock.monotonic()}`), 30);
    clock.setTimer(() => fired.push(`early at ${clock.monotonic()}`), 10);
    clock.setTimer(() => fired.push(`early too at ${clock.monotonic()}`), 10);
    clock.setTimer(() => fired.push("never"), 31);
    clock.setTimer(() => fired.push("at once"), -5);
    expect([clock.timerCount, clock.nextTimerInMs]).toEqual([5, 0]);
    await clock.advance(30);
    expect(fired).toEqual(["at once", "early at 10", "early too at 10", "late at 30"]);
    expect([clock.timerCount, clock.nextTimerInMs]).toEqual([1, 1]);
  });

  test("T1 what a timer set off has settled before the next fires", async () => {
    const clock = createManualClock();
    const happened: string[] = [];
    const work = async (name: string): Promise<void> => {
      for (let hop = 0; hop < 50; hop++) await Promise.resolve();
      happened.push(name);
    };
    clock.setTimer(() => void work("first"), 10);
    clock.setTimer(() => happened.push("second"), 10);
    await clock.advance(10);
    expect(happened).toEqual(["first", "second"]);
  });

  test("T2 the wall clock jumps alone, either way, and fires nothing", async () => {
    const clock = createManualClock(1_000);
    let fired = 0;
    clock.setTimer(() => (fired += 1), 10);
    clock.jumpWall(3_600_000);
    clock.jumpWall(-1_000_000_000);
    await clock.advance(9);
    expect([clock.now(), clock.monotonic(), fired]).toEqual([1_000 + 3_600_000 - 1_000_000_000 + 9, 9, 0]);
    await clock.advance(1);
    expect(fired).toBe(1);
  });

  test("T3 a cancelled timer never fires, and timers may set timers", async () => {
    const clock = createManualClock();
    const fired: number[] = [];
    const tick = (): void => {
      fired.push(clock.monotonic());
      clock.setTimer(tick, 10);
    };
    clock.setTimer(tick, 10);
    const cancelled = clock.setTimer(() => fired.push(-1), 20);
    clock.setTimer(() => cancelled.cancel(), 15);
    await clock.advance(45);
    expect(fired).toEqual([10, 20, 30, 40]);
    cancelled.cancel();
    expect(clock.nextTimerInMs).toBe(5);
  });

  test("T3 sleep wakes with it, or with its signal", async () => {
    const clock = createManualClock();
    const control = new AbortController();
    const woken: string[] = [];
    const asleep = [
      sleep(clock, 100).then(() => woken.push("time")),
      sleep(clock, 1_000, control.signal).then(() => woken.push("signal")),
    ];
    await clock.advance(100);
    expect(woken).toEqual(["time"]);
    control.abort();
    await Promise.all(asleep);
    expect(woken).toEqual(["time", "signal"]);
    expect(clock.timerCount).toBe(0);
  });

  test("T25 a machine that slept finds its timers late, and fires them in order when it goes on", async () => {
    const clock = createManualClock(1_000);
    const fired: string[] = [];
    clock.setTimer(() => fired.push(`second at ${clock.monotonic()}`), 20);
    clock.setTimer(() => fired.push(`first at ${clock.monotonic()}`), 10);
    clock.suspend(3_600_000);
    expect([clock.now(), clock.monotonic(), clock.nextTimerInMs]).toEqual([3_601_000, 3_600_000, 0]);
    expect(fired).toEqual([]);
    await clock.advance(0);
    expect(fired).toEqual(["first at 3600000", "second at 3600000"]);
  });

  test("T26 until goes from timer to timer and no further than the work needs", async () => {
    const clock = createManualClock();
    clock.setTimer(() => expect.fail("nobody needs this one"), 5_001);
    const work = async (): Promise<string> => {
      for (let turn = 0; turn < 5; turn++) await sleep(clock, 1_000);
      return "done";
    };
    expect(await clock.until(work())).toBe("done");
    expect(clock.monotonic()).toBe(5_000);
    expect(await clock.until(Promise.resolve("at once"))).toBe("at once");
    const refused = new Error("refused");
    await expect(clock.until(Promise.reject(refused))).rejects.toBe(refused);
  });

  test("T26 until ends with an error where the work waits for something else, or for longer", async () => {
    const clock = createManualClock();
    await expect(clock.until(new Promise(() => undefined))).rejects.toThrow("no timer is set");
    await expect(clock.until(sleep(clock, 60_000), 1_000)).rejects.toThrow("due in 60000 ms");
    expect(clock.monotonic()).toBe(0);
  });
});
