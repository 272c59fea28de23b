import { AsyncLocalStorage } from "node:async_hooks";
import { channel, subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { setImmediate } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { openChannel, openWorkChannel } from "./node-channels.ts";

interface Message {
  readonly n: number;
  rows?: number;
}

const stages = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

/** Every message of a piece of work, as it was when it was told. */
function listen(name: string): { readonly heard: [string, unknown][]; readonly objects: Set<unknown> } {
  const heard: [string, unknown][] = [];
  const objects = new Set<unknown>();
  for (const stage of stages) {
    const note = (message: unknown): void => {
      heard.push([stage, { ...(message as Message) }]);
      objects.add(message);
    };
    subscribe(`tracing:${name}:${stage}`, note);
    onTestFinished(() => void unsubscribe(`tracing:${name}:${stage}`, note));
  }
  return { heard, objects };
}

describe("work", () => {
  test("TR1 nobody listens: the promise of the work itself comes back", async () => {
    const work = openWorkChannel<Message>("test.nobody");
    const answer = Promise.resolve(5);
    expect(work.hasSubscribers).toBe(false);
    expect(work.trace({ n: 1 }, () => answer)).toBe(answer);
    expect(await answer).toBe(5);
  });

  test("TR4 its start and end are told with one message, and not what it brought", async () => {
    const work = openWorkChannel<Message>("test.work");
    const { heard, objects } = listen("test.work");
    const answer = work.trace(
      { n: 1 },
      async () => {
        await setImmediate();
        return ["secret", "rows"];
      },
      (message, rows) => (message.rows = rows.length),
    );
    expect(heard.map(([stage]) => stage)).toEqual(["start", "end"]);
    expect(await answer).toEqual(["secret", "rows"]);
    expect(heard).toEqual([
      ["start", { n: 1 }],
      ["end", { n: 1 }],
      ["asyncStart", { n: 1, rows: 2, result: undefined }],
      ["asyncEnd", { n: 1, rows: 2, result: undefined }],
    ]);
    expect(objects.size).toBe(1);
  });

  test("TR4 a failure is told before the end, and is the caller's all the same", async () => {
    const work = openWorkChannel<Message>("test.failing");
    const { heard } = listen("test.failing");
    const error = new Error("no");
    await expect(work.trace({ n: 1 }, () => Promise.reject(error))).rejects.toBe(error);
    expect(heard.map(([stage]) => stage)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    expect(heard.at(-1)?.[1]).toEqual({ n: 1, error });
  });

  test("TR5 it runs in the context that a subscriber has bound to its start", async () => {
    const store = new AsyncLocalStorage<number>();
    const work = openWorkChannel<Message>("test.bound");
    const { start } = tracingChannel<number, Message>("test.bound");
    start.bindStore(store, ({ n }) => n * 2);
    onTestFinished(() => void start.unbindStore(store));
    const seen = await work.trace({ n: 21 }, async () => {
      await setImmediate();
      return store.getStore();
    });
    expect(seen).toBe(42);
    expect(store.getStore()).toBeUndefined();
  });
});

describe("work in steps", () => {
  test("TR4 it has ended when it says so, once, with what is in the message by then", async () => {
    const work = openWorkChannel<Message>("test.steps");
    const { heard, objects } = listen("test.steps");
    const message: Message = { n: 1, rows: 0 };
    const steps = work.begin(message);
    for (const rows of [2, 3]) message.rows = (message.rows ?? 0) + steps.step(() => rows);
    expect(heard.map(([stage]) => stage)).toEqual(["start", "end"]);
    steps.ended();
    steps.failed(new Error("too late"));
    await setImmediate();
    expect(heard.slice(2)).toEqual([
      ["asyncStart", { n: 1, rows: 5, result: undefined }],
      ["asyncEnd", { n: 1, rows: 5, result: undefined }],
    ]);
    expect(objects).toEqual(new Set([message]));
    const failing = work.begin({ n: 2 });
    const error = new Error("no");
    failing.failed(error);
    failing.ended();
    await setImmediate();
    expect(heard.at(-1)).toEqual(["asyncEnd", { n: 2, error }]);
  });

  test("TR5 each step runs in the context that a subscriber has bound to the start, whoever asks for it", async () => {
    const store = new AsyncLocalStorage<string>();
    const work = openWorkChannel<Message>("test.bound-steps");
    const { start } = tracingChannel<string, Message>("test.bound-steps");
    start.bindStore(store, ({ n }) => `work ${n}`);
    onTestFinished(() => void start.unbindStore(store));
    const steps = work.begin({ n: 1 });
    const seen = store.run("a reader", () =>
      steps.step(async () => {
        await setImmediate();
        return store.getStore();
      }),
    );
    expect(await seen).toBe("work 1");
    expect(store.run("a reader", () => store.getStore())).toBe("a reader");
    steps.ended();
  });
});

test("TR2 what is published reaches who listens under that name", () => {
  const told = openChannel<Message>("test.channel");
  expect(told.hasSubscribers).toBe(false);
  const heard: unknown[] = [];
  const note = (message: unknown): void => void heard.push(message);
  subscribe("test.channel", note);
  onTestFinished(() => void unsubscribe("test.channel", note));
  expect(told.hasSubscribers).toBe(channel("test.channel").hasSubscribers);
  told.publish({ n: 3 });
  expect(heard).toEqual([{ n: 3 }]);
});
