import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { createActivity, DioramaError, systemClock, yieldToLoop } from "../base/index.ts";
import { everything } from "../query/index.ts";
import type { Entry } from "../record/index.ts";
import { createManualClock } from "../testing/index.ts";
import { type CallOptions, type ChangeEvent, memory, type Source } from "../vista/index.ts";
import { createMasterSource } from "./master-source.ts";

const rows = [1, 2, 3].map((id) => ({ id: String(id), price: id }));

function rig(changed: Partial<Source> = {}, deadlineMs = 30_000) {
  const clock = createManualClock();
  const activity = createActivity();
  const control = new AbortController();
  const real = memory("products", { id: "id", rows }).source;
  const source: Source = Object.assign(real, changed);
  const closed = new DioramaError("closed", "products: this Dio is closed");
  const guarded = createMasterSource(source, {
    dio: "products",
    deadlineMs,
    clock,
    activity,
    closing: control.signal,
  });
  return {
    clock,
    activity,
    real,
    guarded,
    closed,
    closing: control.signal,
    close: () => control.abort(closed),
  };
}

const hangs = (): Promise<never> => new Promise(() => undefined);

/** How many listeners are on the signal now. */
function countListeners(signal: AbortSignal): () => number {
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  return () => listeners;
}

async function read(source: Source, call: CallOptions = {}): Promise<Entry[]> {
  const found: Entry[] = [];
  for await (const batch of source.read(everything, call)) found.push(...batch);
  return found;
}

describe("one call", () => {
  test("D35 what the source has goes through, with the caller's own options", async () => {
    const heard: unknown[] = [];
    const { guarded, real } = rig({
      patch: async (id, partial, call) => {
        heard.push(id, partial, call.opId, call.signal?.aborted);
        return { id, ...partial };
      },
    });
    expect(guarded.fingerprint()).toBe(real.fingerprint());
    expect([guarded.name, guarded.schema, guarded.capabilities]).toEqual([
      "products",
      real.schema,
      real.capabilities,
    ]);
    expect(await guarded.get?.("1", {})).toEqual(rows[0]);
    expect(await guarded.count?.(everything, {})).toBe(3);
    expect(await read(guarded)).toHaveLength(3);
    expect(await guarded.page?.(everything, { number: 1, size: 2 }, {})).toMatchObject({ total: 3 });
    expect(await guarded.patch?.("1", { price: 5 }, { opId: "op" })).toEqual({ id: "1", price: 5 });
    expect(heard).toEqual(["1", { price: 5 }, "op", false]);
    const without = createMasterSource(
      {
        name: "x",
        schema: real.schema,
        capabilities: real.capabilities,
        fingerprint: () => "x",
        read: (query, call) => real.read(query, call),
      },
      {
        dio: "x",
        deadlineMs: 1,
        clock: systemClock,
        activity: createActivity(),
        closing: new AbortController().signal,
      },
    );
    expect(["get" in without, "watch" in without, "version" in without]).toEqual([false, false, false]);
  });

  test("D35 one that hangs ends with timeout, and the source is told", async () => {
    let told: AbortSignal | undefined;
    const { clock, guarded } = rig({ get: (_, call) => ((told = call.signal), hangs()) }, 1_000);
    const outcome = guarded.get?.("1", {}).catch((error: unknown) => error);
    await clock.advance(999);
    expect(told?.aborted).toBe(false);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ code: "timeout", place: { vista: "products" } });
    expect(String(await outcome)).toContain("1000 ms");
    expect(told?.aborted).toBe(true);
    expect(clock.timerCount).toBe(0);
  });

  test("D35 what the source says after the deadline does not matter", async () => {
    const late = Promise.withResolvers<never>();
    const { clock, guarded } = rig({ get: () => late.promise }, 1_000);
    const outcome = expect(guarded.get?.("1", {})).rejects.toMatchObject({ code: "timeout" });
    await clock.advance(1_000);
    await outcome;
    late.reject(new Error("too late"));
    await yieldToLoop();
  });

  test("D35 while offline it is unavailable at once, and the source is not called", async () => {
    let calls = 0;
    const { activity, guarded, clock } = rig({ get: async () => ((calls += 1), undefined) });
    activity.set("offline");
    await expect(guarded.get?.("1", {})).rejects.toMatchObject({ code: "unavailable" });
    await expect(read(guarded)).rejects.toMatchObject({ code: "unavailable" });
    activity.set("standby");
    expect(await guarded.get?.("1", {})).toBeUndefined();
    expect([calls, clock.timerCount]).toEqual([1, 0]);
  });

  test("D35 one that outlives the Dio is closed, like every later one", async () => {
    const { guarded, close, closed, clock } = rig({ get: hangs });
    const outcome = expect(guarded.get?.("1", {})).rejects.toBe(closed);
    close();
    await outcome;
    await expect(guarded.count?.(everything, {})).rejects.toBe(closed);
    expect(clock.timerCount).toBe(0);
  });

  test("D35 the caller's signal ends it with its own reason; fired before, it keeps the source alone", async () => {
    let calls = 0;
    const { guarded } = rig({ get: () => ((calls += 1), hangs()) });
    const reason = new Error("enough");
    const control = new AbortController();
    const outcome = expect(guarded.get?.("1", { signal: control.signal })).rejects.toBe(reason);
    control.abort(reason);
    await outcome;
    await expect(guarded.get?.("1", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(calls).toBe(1);
  });

  test("D35 a source that throws at once, or answers without a promise, is a source all the same", async () => {
    const { guarded, clock } = rig({
      get: () => {
        throw new Error("down");
      },
      count: (() => 7) as unknown as NonNullable<Source["count"]>,
    });
    await expect(guarded.get?.("1", {})).rejects.toThrow("down");
    expect(await guarded.count?.(everything, {})).toBe(7);
    expect(clock.timerCount).toBe(0);
  });
});

describe("a read", () => {
  test("D35 a long read that moves on is no hang, one that stops moving is", async () => {
    const { clock, guarded } = rig(
      {
        async *read() {
          for (let n = 0; n < 3; n++) {
            await new Promise<void>((resolve) => void clock.setTimer(resolve, 900));
            yield [[String(n), { n }]] as const;
          }
          await hangs();
        },
      },
      1_000,
    );
    const seen: string[] = [];
    const outcome = (async () => {
      for await (const batch of guarded.read(everything, {})) seen.push(...batch.map(([id]) => id));
    })().catch((error: unknown) => error);
    await clock.advance(3_600);
    expect(seen).toEqual(["0", "1", "2"]);
    await clock.advance(200);
    expect(await outcome).toMatchObject({ code: "timeout" });
  });

  test("D35 the time that its reader takes does not count", async () => {
    const { clock, guarded } = rig({}, 1_000);
    const walk = guarded.read(everything, {})[Symbol.asyncIterator]();
    expect((await walk.next()).done).toBe(false);
    expect(clock.timerCount).toBe(0);
    await clock.advance(5_000);
    expect((await walk.next()).done).toBe(true);
  });

  test("D35 a reader that leaves early goes on when the source has closed what it held", async () => {
    const steps: string[] = [];
    const { guarded, clock } = rig({
      async *read(_query, call) {
        call.signal?.addEventListener("abort", () => steps.push("told"));
        try {
          for (;;) yield [["1", {}]] as const;
        } finally {
          await yieldToLoop();
          steps.push("closed");
        }
      },
    });
    for await (const _ of guarded.read(everything, {})) break;
    expect([...steps, clock.timerCount]).toEqual(["closed", "told", 0]);
  });

  test("D35 a source that hangs while it is left does not hold its reader beyond the deadline", async () => {
    const { guarded, clock } = rig(
      {
        read: () => ({
          [Symbol.asyncIterator]: () => ({
            next: async () => ({ done: false, value: [] }),
            return: hangs,
          }),
        }),
      },
      1_000,
    );
    let left = false;
    const leaving = (async () => {
      for await (const _ of guarded.read(everything, {})) break;
      left = true;
    })();
    await clock.advance(999);
    expect(left).toBe(false);
    await clock.advance(1);
    await leaving;
    expect(left).toBe(true);
  });

  test("D35 an error of the source is told at once, whatever its iterator does when it is left", async () => {
    let returned = 0;
    const { guarded, clock } = rig({
      read: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => Promise.reject(new Error("down")),
          return: () => ((returned += 1), hangs()),
        }),
      }),
    });
    await expect(read(guarded)).rejects.toThrow("down");
    expect([returned, clock.timerCount]).toEqual([1, 0]);
    const broken = rig({
      read: () => {
        throw new Error("no read");
      },
    });
    await expect(read(broken.guarded)).rejects.toThrow("no read");
  });

  test("D35 aborted or closed between two batches, it reads no further", async () => {
    for (const end of ["abort", "close"] as const) {
      let steps = 0;
      const { guarded, close, closed } = rig({
        read: () => ({
          [Symbol.asyncIterator]: () => ({
            next: async () => ({ done: false, value: [["1", { n: ++steps }]] }),
          }),
        }),
      });
      const control = new AbortController();
      const walk = guarded.read(everything, { signal: control.signal })[Symbol.asyncIterator]();
      await walk.next();
      if (end === "close") close();
      else control.abort(closed);
      await expect(walk.next()).rejects.toBe(closed);
      expect(steps).toBe(1);
    }
  });
});

describe("a change feed", () => {
  const feedOf = (changes: AsyncIterator<ChangeEvent>): Partial<Source> => ({
    watch: () => ({ [Symbol.asyncIterator]: () => changes }),
  });

  test("D35 silence is no hang", async () => {
    const { clock, guarded, real } = rig({}, 1_000);
    const feed = guarded.watch?.({})[Symbol.asyncIterator]();
    const next = feed?.next();
    await clock.advance(100_000);
    real.set("9", { id: "9", price: 9 });
    expect(await next).toMatchObject({ value: { type: "inserted", id: "9" } });
    await feed?.return?.();
  });

  test("D35 it ends with its signal or with the Dio, also where the source does not", async () => {
    let left = 0;
    const { guarded, close, closed } = rig(feedOf({ next: hangs, return: () => ((left += 1), hangs()) }));
    const control = new AbortController();
    const stopped = guarded.watch?.({ signal: control.signal })[Symbol.asyncIterator]().next();
    const cut = guarded.watch?.({})[Symbol.asyncIterator]().next();
    const reason = new Error("enough");
    control.abort(reason);
    await expect(stopped).rejects.toBe(reason);
    close();
    await expect(cut).rejects.toBe(closed);
    expect(left).toBe(2);
  });
});

describe("what is left behind", () => {
  test("D35 calls leave no listener on the signals that outlive them, and no timer", async () => {
    const { guarded, closing, clock } = rig({ delete: () => Promise.reject(new Error("no")) });
    const control = new AbortController();
    const counts = [countListeners(closing), countListeners(control.signal)];
    const call = { signal: control.signal };
    await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        if (index % 3 === 0) await guarded.get?.("1", call);
        else if (index % 3 === 1) await guarded.delete?.("1", call).catch(() => undefined);
        else for await (const _batch of guarded.read(everything, call)) if (index % 2 === 0) break;
      }),
    );
    expect(counts.map((count) => count())).toEqual([0, 0]);
    expect(clock.timerCount).toBe(0);
  });

  test("D35 a hundred thousand calls cost microseconds each and no memory", async () => {
    const { guarded } = rig({ get: async () => undefined });
    const call = { signal: new AbortController().signal };
    const work = async (calls: number): Promise<void> => {
      for (let index = 0; index < calls; index++) await guarded.get?.("1", call);
    };
    await work(2_000);
    const before = heapBytes();
    const startMs = performance.now();
    await work(100_000);
    const spentMs = performance.now() - startMs;
    expect(heapBytes() - before).toBeLessThan(1_000_000);
    // About 4 µs on an idle machine; the bound only catches another order of magnitude.
    expect(spentMs).toBeLessThan(5_000);
  });
});

/** After a collection. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  return process.memoryUsage().heapUsed;
}
