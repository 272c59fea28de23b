import { expect, test } from "vitest";
import { EventHandlers } from "./event-handlers.ts";

const event = { type: "invalidated", seq: 1 } as const;

test("D6 a handler that throws or rejects is reported, and every other one is told once and in order", async () => {
  const handlers = new EventHandlers();
  const told: number[] = [];
  const failures: unknown[] = [];
  for (let index = 0; index < 9; index++) {
    handlers.add(() => {
      told.push(index);
      if (index % 3 === 0) throw new Error(`threw ${index}`);
      return index % 3 === 1 ? Promise.reject(new Error(`rejected ${index}`)) : index;
    });
  }
  handlers.tell(event, (error) => failures.push(error));
  expect(told).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  await Promise.resolve();
  expect(failures.map(String).toSorted()).toEqual([
    "Error: rejected 1",
    "Error: rejected 4",
    "Error: rejected 7",
    "Error: threw 0",
    "Error: threw 3",
    "Error: threw 6",
  ]);
});

test("D6 who comes or leaves while an event is told counts from the next event on", () => {
  const handlers = new EventHandlers();
  const told: string[] = [];
  const leave = handlers.add(() => {
    told.push("first");
    leave();
    leaveLast();
    handlers.add(() => told.push("new"));
  });
  handlers.add(() => told.push("second"));
  const leaveLast = handlers.add(() => told.push("last"));
  handlers.tell(event, () => undefined);
  expect(told).toEqual(["first", "second", "last"]);
  handlers.tell(event, () => undefined);
  expect(told).toEqual(["first", "second", "last", "second", "new"]);
});

test("D6 the same function twice is two subscriptions, and each is taken back once", () => {
  const handlers = new EventHandlers();
  let told = 0;
  const handler = (): number => (told += 1);
  const leave = handlers.add(handler);
  handlers.add(handler);
  leave();
  leave();
  expect(handlers.count).toBe(1);
  handlers.tell(event, () => undefined);
  expect(told).toBe(1);
});

test("D6 an event that a handler causes is told at once, to those of the moment", () => {
  const handlers = new EventHandlers();
  const told: string[] = [];
  let depth = 0;
  handlers.add(() => {
    told.push(`first ${depth}`);
    if (depth > 0) return;
    depth += 1;
    handlers.add(() => told.push("new"));
    handlers.tell(event, () => undefined);
  });
  handlers.add(() => told.push("second"));
  handlers.tell(event, () => undefined);
  expect(told).toEqual(["first 0", "first 1", "second", "new", "second"]);
});
