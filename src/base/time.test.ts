import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { abortable, anySignal, linkSignals } from "./abort.ts";
import { createActivity } from "./activity.ts";
import { backoffDelayMs } from "./backoff.ts";
import { sleep, systemClock } from "./clock.ts";
import { TimeSlice } from "./time-slice.ts";
import { yieldToLoop } from "./yield-to-loop.ts";

describe("signals", () => {
  test("B1 the work's outcome or the signal's reason, whichever comes first", async () => {
    const reason = new Error("enough");
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(5), undefined)).toBe(5);
    expect(await abortable(Promise.resolve(5), signal)).toBe(5);
    const failure = new Error("it failed");
    await expect(abortable(Promise.reject(failure), signal)).rejects.toBe(failure);
    await expect(abortable(new Promise(() => undefined), AbortSignal.abort(reason))).rejects.toBe(reason);
    const control = new AbortController();
    const work = Promise.withResolvers<number>();
    const waiting = expect(abortable(work.promise, control.signal)).rejects.toBe(reason);
    control.abort(reason);
    await waiting;
    // Nobody is left to hear it, and it is no unhandled rejection.
    work.reject(new Error("too late"));
    await yieldToLoop();
  });

  test("B1 no listener is left on the signal", async () => {
    const { signal } = new AbortController();
    await abortable(Promise.resolve(1), signal);
    await abortable(Promise.reject(new Error("it failed")), signal).catch(() => undefined);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("B2 any signal fires with the first of them", () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const any = anySignal(one.signal, undefined, other.signal);
    expect(any.aborted).toBe(false);
    const reason = new Error("enough");
    other.abort(reason);
    expect(any.reason).toBe(reason);
    expect(anySignal().aborted).toBe(false);
  });

  test("B2 a linked signal fires with the first of its sources, or by hand, and leaves nothing behind", () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const reason = new Error("enough");
    const linked = linkSignals(one.signal, undefined, other.signal);
    expect(linked.signal.aborted).toBe(false);
    one.abort(reason);
    expect(linked.signal.reason).toBe(reason);
    expect(getEventListeners(other.signal, "abort")).toEqual([]);
    expect(linkSignals(other.signal, one.signal).signal.reason).toBe(reason);
    const released = linkSignals(other.signal);
    released.release();
    const byHand = linkSignals(other.signal);
    byHand.abort(reason);
    expect(byHand.signal.reason).toBe(reason);
    expect(getEventListeners(other.signal, "abort")).toEqual([]);
    other.abort();
    expect(released.signal.aborted).toBe(false);
    expect(linkSignals().signal.aborted).toBe(false);
  });

  test("B3 a listener that throws keeps no other from hearing", () => {
    const activity = createActivity();
    const heard: string[] = [];
    const failure = new Error("it failed");
    activity.subscribe(() => {
      throw failure;
    });
    activity.subscribe((state) => heard.push(state));
    expect(() => activity.set("offline")).toThrow(failure);
    expect([activity.state, heard]).toEqual(["offline", ["offline"]]);
    expect(() => activity.set("asleep" as "offline")).toThrow("asleep");
  });

  test("B3 an activity tells its listeners until they leave", () => {
    const activity = createActivity();
    const heard: string[] = [];
    const leave = activity.subscribe((state) => heard.push(`first ${state} ${activity.state}`));
    activity.subscribe((state) => {
      heard.push(`second ${state}`);
      leave();
    });
    activity.set("active");
    activity.set("offline");
    activity.set("offline");
    activity.set("standby");
    expect(heard).toEqual(["first offline offline", "second offline", "second standby"]);
    expect(createActivity("offline").state).toBe("offline");
  });
});

describe("time", () => {
  test("B5 back-off has a ceiling that doubles up to its end", () => {
    const backoff = { minMs: 250, maxMs: 60_000 };
    const ceilings = [1, 2, 3, 8, 9, 10_000].map((attempt) => backoffDelayMs(backoff, attempt, () => 1));
    expect(ceilings).toEqual([250, 500, 1_000, 32_000, 60_000, 60_000]);
    expect(backoffDelayMs(backoff, 5, () => 0)).toBe(0);
    for (let attempt = 1; attempt < 20; attempt++) {
      const delayMs = backoffDelayMs(backoff, attempt);
      expect(delayMs >= 0 && delayMs <= 60_000).toBe(true);
    }
  });

  test("B6 a timer fires after its delay unless it is cancelled", async () => {
    const fired: string[] = [];
    const startMs = systemClock.monotonic();
    systemClock.setTimer(() => fired.push("cancelled"), 5).cancel();
    await new Promise<void>((resolve) => void systemClock.setTimer(resolve, 20, { keepAlive: true }));
    // Hosts count whole milliseconds, and theirs may have begun before ours.
    expect(systemClock.monotonic() - startMs).toBeGreaterThanOrEqual(18);
    expect(fired).toEqual([]);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });

  test("B6 a delay beyond what the host can take does not fire at once", async () => {
    let fired = 0;
    const timers = [2 ** 31, 2 ** 40, Infinity].map((delayMs) =>
      systemClock.setTimer(() => (fired += 1), delayMs),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fired).toBe(0);
    for (const timer of timers) timer.cancel();
  });

  test("B6 idle timers hold no process, others do", async () => {
    const clock = fileURLToPath(new URL("./clock.ts", import.meta.url));
    const script = `
      const { systemClock } = await import(${JSON.stringify(clock)});
      systemClock.setTimer(() => console.log("idle"), 60_000);
      systemClock.setTimer(() => console.log("kept"), 10, { keepAlive: true });`;
    const startMs = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(stdout.trim()).toBe("kept");
    expect(performance.now() - startMs).toBeLessThan(30_000);
  });

  test("B7 sleep ends with its time or with its signal", async () => {
    await sleep(systemClock, 5, undefined, { keepAlive: true });
    const control = new AbortController();
    const asleep = sleep(systemClock, 60_000, control.signal);
    control.abort();
    await asleep;
    await sleep(systemClock, 60_000, control.signal);
  });

  test("B14 yielding gives timers their turn", async () => {
    let fired = false;
    setTimeout(() => (fired = true), 0);
    const endMs = performance.now() + 5_000;
    while (!fired && performance.now() < endMs) await yieldToLoop();
    expect(fired).toBe(true);
  });

  test("B14 a loop's slice is over after 5 ms of its time, and the next one begins after a turn", async () => {
    let nowMs = 0;
    const clock = { ...systemClock, monotonic: () => nowMs };
    const slice = new TimeSlice(clock);
    const itemsUntilOver = (): number => {
      let items = 1;
      while (!slice.isOver && items < 1_000) items += 1;
      return items;
    };
    expect(itemsUntilOver()).toBe(1_000);
    nowMs = 5;
    expect(itemsUntilOver()).toBeLessThanOrEqual(16);
    let fired = false;
    setImmediate(() => (fired = true));
    await slice.next();
    expect(fired).toBe(true);
    expect(itemsUntilOver()).toBe(1_000);
    nowMs = 11;
    expect(itemsUntilOver()).toBeLessThanOrEqual(16);
  });
});
