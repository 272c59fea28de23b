import { describe, expect, test } from "vitest";
import { DioramaError } from "../base/index.ts";
import { everything } from "../query/index.ts";
import { memory, vista } from "../vista/index.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";

const names = ["a", "b", "c", "d"];

async function orderOf(seed: number): Promise<string> {
  const scheduler = createScheduler(seed);
  const done: string[] = [];
  const all = names.map(async (name) => {
    await scheduler.schedule(Promise.resolve(), name);
    done.push(name);
  });
  await scheduler.waitAll();
  await Promise.all(all);
  expect(scheduler.order).toEqual(done);
  return done.join("");
}

describe("seeded scheduler", () => {
  test("T31 the same seed draws the same order, and every order is drawn by some seed", async () => {
    const seeds = Array.from({ length: 400 }, (_, seed) => seed);
    const first = await Promise.all(seeds.map(orderOf));
    expect(await Promise.all(seeds.map(orderOf))).toEqual(first);
    expect(new Set(first).size).toBe(24);
  });

  test("T31 what one turn sets off waits for a turn of its own", async () => {
    const scheduler = createScheduler(5);
    const seen: string[] = [];
    const step = async (name: string): Promise<void> => {
      await scheduler.turn(`${name} 1`);
      seen.push(`${name} 1`);
      await scheduler.turn(`${name} 2`);
      seen.push(`${name} 2`);
    };
    void step("x");
    void step("y");
    expect([await scheduler.waitOne(), seen.length, scheduler.waiting]).toEqual([true, 1, 2]);
    await scheduler.waitAll();
    expect(seen.toSorted()).toEqual(["x 1", "x 2", "y 1", "y 2"]);
    expect(await scheduler.waitOne()).toBe(false);
  });

  test("T31 some seeds hold one back behind all that comes later", async () => {
    const heldBack = async (seed: number): Promise<boolean> => {
      const scheduler = createScheduler(seed);
      let isOver = false;
      void scheduler.turn("old").then(() => (isOver = true));
      for (let turn = 0; turn < 30; turn++) {
        void scheduler.turn("new");
        await scheduler.waitOne();
      }
      return !isOver;
    };
    const found = await Promise.all(Array.from({ length: 100 }, (_, seed) => heldBack(seed)));
    expect(found.filter(Boolean).length).toBeGreaterThan(0);
    expect(found.filter(Boolean).length).toBeLessThan(20);
  });

  test("T31 a promise settles as it does, a function is called at its turn", async () => {
    const scheduler = createScheduler(1);
    const failed = new Error("made up");
    let called = 0;
    const outcomes = Promise.allSettled([
      scheduler.schedule(Promise.reject(failed), "rejected"),
      scheduler.schedule(() => (called += 1), "called"),
      scheduler.schedule(async () => {
        throw failed;
      }),
    ]);
    expect(called).toBe(0);
    await scheduler.waitAll();
    expect(await outcomes).toEqual([
      { status: "rejected", reason: failed },
      { status: "fulfilled", value: 1 },
      { status: "rejected", reason: failed },
    ]);
  });

  test("T31 each call of a wrapped function waits before and after", async () => {
    const scheduler = createScheduler(3);
    const double = scheduler.wrap("double", (given: number) => given * 2);
    expect(await scheduler.waitFor(double(21))).toBe(42);
    expect(scheduler.order).toEqual(["double 1 asked", "double 1 answered"]);
  });

  test("T32 a wrapped source answers as the source does, one turn each way and for each batch", async () => {
    const source = memory("products", {
      id: "id",
      rows: Array.from({ length: 1_500 }, (_, n) => ({ id: `p${n}`, n })),
    }).source;
    const scheduler = createScheduler(8);
    const of = vista(scheduler.wrapSource(source));
    expect(await scheduler.waitFor(of.get("p7"))).toBe(source.rows.get("p7"));
    expect((await scheduler.waitFor(of.list())).size).toBe(1_500);
    expect(scheduler.order).toEqual([
      "get 1 asked",
      "get 1 answered",
      "read 1 asked",
      "read 1 batch",
      "read 1 batch",
      "read 1 answered",
    ]);
    await scheduler.waitFor(of.delete("p7"));
    expect(source.rows.has("p7")).toBe(false);
    await expect(scheduler.waitFor(of.delete("p7"))).rejects.toMatchObject({ code: "notFound" });
  });

  test("T32 it offers what the source offers, and a change of a feed waits for its turn", async () => {
    const { source } = memory("products", { id: "id", rows: [{ id: "a", n: 1 }] });
    const scheduler = createScheduler(8);
    const wrapped = scheduler.wrapSource(source);
    expect("add" in wrapped).toBe("add" in source);
    const feed = vista(wrapped).watch();
    const change = feed.next();
    source.set("a", { id: "a", n: 2 });
    expect((await scheduler.waitFor(change)).value).toMatchObject({ type: "updated", id: "a" });
    expect(scheduler.order).toEqual(["watch 1 change"]);
    await feed.return?.();
  });

  test("T32 with answersOnly a call reaches the source at once, and its answer waits", async () => {
    const { source } = memory("products", { id: "id", rows: [{ id: "a", n: 1 }] });
    const scheduler = createScheduler(8);
    const wrapped = scheduler.wrapSource(source, { answersOnly: true });
    const [one, all] = [vista(wrapped).get("a"), vista(wrapped).list()];
    source.set("a", { id: "a", n: 2 });
    await scheduler.waitAll();
    expect(await one).toEqual({ id: "a", n: 1 });
    expect(await all).toEqual(new Map([["a", { id: "a", n: 1 }]]));
    expect(scheduler.order.toSorted()).toEqual(["get 1 answered", "read 1 answered", "read 1 batch"]);
  });

  test("T32 a call whose signal fires waits no longer", async () => {
    const { source } = memory("products", { id: "id", rows: [{ id: "a", n: 1 }] });
    const scheduler = createScheduler(8);
    const wrapped = scheduler.wrapSource(source);
    const left = new AbortController();
    const reading = wrapped.read(everything, { signal: left.signal })[Symbol.asyncIterator]().next();
    expect(scheduler.waiting).toBe(1);
    left.abort(new DioramaError("timeout", "made up"));
    await expect(reading).rejects.toMatchObject({ code: "timeout" });
    expect([scheduler.waiting, await scheduler.waitOne()]).toEqual([0, false]);
    await expect(scheduler.turn("late", left.signal)).rejects.toMatchObject({ code: "timeout" });
  });

  test("T33 run drives the body, and its error tells the seed and the order", async () => {
    const scheduler = createScheduler(77);
    const body = async (): Promise<string> => {
      await Promise.all(names.map((name) => scheduler.schedule(Promise.resolve(), name)));
      return "done";
    };
    expect(await scheduler.run(body)).toBe("done");
    const broken = new Error("it broke");
    const failing = scheduler.run(async () => {
      await scheduler.turn("last");
      throw broken;
    });
    await expect(failing).rejects.toMatchObject({ cause: broken });
    await expect(failing).rejects.toThrow(
      `it broke\nscheduler with seed 77, in this order: ${scheduler.order.join(", ")}`,
    );
    expect(String(scheduler)).toContain(", last");
  });

  test("T33 waitFor goes on when turns come later, and keeps the last labels of a long run", async () => {
    const scheduler: Scheduler = createScheduler(2);
    const work = (async () => {
      for (let turn = 0; turn < 1_100; turn++) {
        if (turn % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await scheduler.turn(`turn ${turn}`);
      }
      return "done";
    })();
    expect(await scheduler.waitFor(work)).toBe("done");
    expect(scheduler.order).toHaveLength(1_000);
    expect(String(scheduler)).toContain("(1040 more) turn 1040, ");
  });
});
