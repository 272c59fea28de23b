import { describe, expect, expectTypeOf, test } from "vitest";
import { type DioramaError, type Logger, silentLogger, yieldToLoop } from "../base/index.ts";
import { EventBus, type EventSubscription, RING_EVENTS } from "./event-bus.ts";
import type { DioEvent } from "./events.ts";

const changed = (id: string) => ({ type: "recordChanged", id }) as const;

function createBus() {
  const errors: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (message, fields) => errors.push(`${message} ${String(fields?.["reason"])}`),
  };
  return { bus: new EventBus(logger), errors };
}

/** What it would yield without waiting. */
async function takeAll(subscription: EventSubscription): Promise<DioEvent[]> {
  const taken: DioEvent[] = [];
  for (;;) {
    const none = Symbol("none");
    const next = subscription.next();
    const step = await Promise.race([next, yieldToLoop().then(() => none)]);
    if (typeof step === "symbol" || step.done === true) return taken;
    taken.push(step.value);
  }
}

const idsOf = (events: readonly DioEvent[]): unknown[] =>
  events.map((event) => ("id" in event ? event.id : event.type));

describe("numbers and places", () => {
  test("D4 seq counts up without a gap, for everybody alike", async () => {
    const { bus } = createBus();
    const first = bus.subscribe();
    bus.append(changed("a"));
    const second = bus.subscribe();
    bus.append(changed("b"));
    bus.append({ type: "invalidated" });
    expect((await takeAll(first)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect((await takeAll(second)).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(bus.lastSeq).toBe(3);
  });

  test("D5 each iterator has its own pace, and what is parked gets the very next event", async () => {
    const { bus } = createBus();
    const [fast, slow] = [bus.subscribe(), bus.subscribe()];
    const parked = fast.next();
    bus.append(changed("a"));
    expect(await parked).toMatchObject({ value: { id: "a", seq: 1 } });
    bus.append(changed("b"));
    expect(idsOf(await takeAll(fast))).toEqual(["b"]);
    expect(idsOf(await takeAll(slow))).toEqual(["a", "b"]);
  });

  test("D5 several next() at once are answered in their order", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe();
    const waiting = [subscription.next(), subscription.next(), subscription.next()];
    bus.append(changed("a"));
    bus.append(changed("b"));
    const later = subscription.next();
    bus.append(changed("c"));
    bus.append(changed("d"));
    bus.append(changed("e"));
    const steps = await Promise.all([...waiting, later, subscription.next()]);
    expect(steps.map((step) => step.value)).toMatchObject(["a", "b", "c", "d", "e"].map((id) => ({ id })));
    const [open, cut] = [subscription.next(), subscription.next()];
    bus.append(changed("f"));
    await subscription.return();
    expect([(await open).done, (await cut).done]).toEqual([false, true]);
  });
});

describe("slow subscribers", () => {
  test("D5 one that lags is told once how many it missed, and goes on from the oldest kept event", async () => {
    const { bus } = createBus();
    const [slow, quick] = [bus.subscribe(), bus.subscribe()];
    const seen: DioEvent[] = [];
    for (let n = 1; n <= RING_EVENTS + 10; n++) {
      bus.append(changed(String(n)));
      seen.push(...(await takeAll1(quick)));
    }
    const [first, second, ...rest] = await takeAll(slow);
    expect(first).toEqual({ type: "lagged", missed: 10, seq: 10 });
    expect(second).toMatchObject({ seq: 11, id: "11" });
    expect(rest).toHaveLength(RING_EVENTS - 1);
    expect(seen).toHaveLength(RING_EVENTS + 10);
  });

  test("D5 exactly as many as are kept is no lag", async () => {
    const { bus } = createBus();
    const slow = bus.subscribe();
    for (let n = 1; n <= RING_EVENTS; n++) bus.append(changed(String(n)));
    const events = await takeAll(slow);
    expect([events.length, events[0]?.seq]).toEqual([RING_EVENTS, 1]);
  });

  test("D5 it can lag again while it catches up", async () => {
    const { bus } = createBus();
    const slow = bus.subscribe();
    const append = (count: number): void => {
      for (let n = 0; n < count; n++) bus.append(changed("x"));
    };
    append(RING_EVENTS + 1);
    expect(await slow.next()).toMatchObject({ value: { type: "lagged", missed: 1 } });
    append(5);
    expect(await slow.next()).toMatchObject({ value: { type: "lagged", missed: 5, seq: 6 } });
    expect(await slow.next()).toMatchObject({ value: { seq: 7 } });
  });
});

describe("leaving", () => {
  test("D5 return() ends an iterator that waits, and it gets nothing any more", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe();
    const waiting = subscription.next();
    expect(bus.subscriberCount).toBe(1);
    expect(await subscription.return()).toEqual({ value: undefined, done: true });
    expect(await waiting).toEqual({ value: undefined, done: true });
    bus.append(changed("a"));
    expect(await subscription.next()).toEqual({ value: undefined, done: true });
    expect(bus.subscriberCount).toBe(0);
    expect(await subscription.return()).toEqual({ value: undefined, done: true });
  });

  test("D5 return() drops what was kept; leaving the loop does the same", async () => {
    const { bus } = createBus();
    const subscription = bus.subscribe();
    for (const id of ["a", "b", "c"]) bus.append(changed(id));
    for await (const event of subscription) {
      expect(event.seq).toBe(1);
      break;
    }
    expect(await subscription.next()).toEqual({ value: undefined, done: true });
    expect(bus.subscriberCount).toBe(0);
  });

  test("D36 closing lets iterators read what was kept, then they end", async () => {
    const { bus } = createBus();
    const [behind, waiting] = [bus.subscribe(), bus.subscribe()];
    const step = waiting.next();
    bus.append(changed("a"));
    const last = step.then(() => waiting.next());
    await yieldToLoop();
    let calls = 0;
    bus.on("invalidated", () => (calls += 1));
    bus.close();
    bus.append({ type: "invalidated" });
    const leave = bus.on("invalidated", () => (calls += 1));
    leave();
    expect(await last).toEqual({ value: undefined, done: true });
    const read: DioEvent[] = [];
    for await (const event of behind) read.push(event);
    expect(idsOf(read)).toEqual(["a"]);
    expect(await bus.subscribe().next()).toEqual({ value: undefined, done: true });
    expect([calls, bus.subscriberCount, bus.lastSeq]).toEqual([0, 0, 1]);
  });
});

describe("handlers", () => {
  test("D6 each is given the event of its type", () => {
    const { bus } = createBus();
    bus.on("recordChanged", (event) => expectTypeOf(event.id).toEqualTypeOf<string>());
    bus.on("writeFailed", (event) => expectTypeOf(event.error).toEqualTypeOf<DioramaError>());
    bus.on("lagged", (event) => expectTypeOf(event.missed).toEqualTypeOf<number>());
    bus.append(changed("a"));
  });

  test("D6 one that throws or rejects is logged, and the others still run", async () => {
    const { bus, errors } = createBus();
    const heard: string[] = [];
    bus.on("recordChanged", () => {
      throw new Error("thrown");
    });
    bus.on("recordChanged", () => Promise.reject(new Error("rejected")));
    const leave = bus.on("recordChanged", ({ id }) => heard.push(id));
    bus.on("recordInserted", () => heard.push("never"));
    bus.append(changed("a"));
    await yieldToLoop();
    expect(heard).toEqual(["a"]);
    expect(errors).toEqual(["event handler failed thrown", "event handler failed rejected"]);
    leave();
    leave();
    bus.append(changed("b"));
    expect([heard, bus.subscriberCount]).toEqual([["a"], 3]);
  });

  test("D6 one may subscribe and leave while an event is handed out", () => {
    const { bus } = createBus();
    const heard: string[] = [];
    const leave = bus.on("recordChanged", ({ id }) => {
      heard.push(`first ${id}`);
      leave();
      bus.on("recordChanged", (event) => heard.push(`new ${event.id}`));
    });
    bus.on("recordChanged", ({ id }) => heard.push(`second ${id}`));
    bus.append(changed("a"));
    expect(heard).toEqual(["first a", "second a"]);
    bus.append(changed("b"));
    expect(heard.slice(2)).toEqual(["second b", "new b"]);
  });
});

describe("cost", () => {
  test("D5 ten thousand parked iterators leave at once", async () => {
    const { bus } = createBus();
    const subscriptions = Array.from({ length: 10_000 }, () => bus.subscribe());
    const ends = subscriptions.map((subscription) => subscription.next());
    const startMs = performance.now();
    await Promise.all(subscriptions.map((subscription) => subscription.return()));
    // One by one out of a list it takes seconds.
    expect(performance.now() - startMs).toBeLessThan(500);
    expect((await Promise.all(ends)).every(({ done }) => done === true)).toBe(true);
    expect(bus.subscriberCount).toBe(0);
  });

  test("D5 who subscribes, waits and leaves while nothing happens leaves nothing behind", async () => {
    const { bus } = createBus();
    for (let n = 0; n < 100_000; n++) {
      const subscription = bus.subscribe();
      void subscription.next();
      await subscription.return();
    }
    bus.append(changed("a"));
    expect(bus.subscriberCount).toBe(0);
  });
});

/** One step, which must be there. */
async function takeAll1(subscription: EventSubscription): Promise<DioEvent[]> {
  const step = await subscription.next();
  return step.done === true ? [] : [step.value];
}
