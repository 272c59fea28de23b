import { describe, expect, test } from "vitest";
import { yieldToLoop } from "../base/index.ts";
import type { ChangeEvent } from "../vista/index.ts";
import { InOrder } from "./in-order.ts";
import { checkChange } from "./upstream.ts";

describe("changes from outside", () => {
  test("D29 what is no change is invalid, and says what one is", () => {
    for (const change of [
      undefined,
      null,
      "deleted",
      {},
      { type: "moved", id: "a" },
      { type: "updated" },
      { type: "deleted", id: "" },
      { type: "inserted", id: 7 },
    ]) {
      const input = change as unknown as ChangeEvent;
      expect(() => checkChange(input, "products")).toThrow(expect.objectContaining({ code: "invalid" }));
    }
    expect(() => checkChange({ type: "updated", id: "a" }, "products")).not.toThrow();
    expect(() => checkChange({ type: "invalidated" }, "products")).not.toThrow();
  });
});

describe("order", () => {
  test("D29 work on one key runs in the order in which it came, other keys do not wait", async () => {
    const turns = new InOrder();
    const done: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = turns.run("a", () => gate.promise.then(() => done.push("a1")));
    const second = turns.run("a", async () => done.push("a2"));
    const other = turns.run("b", async () => done.push("b"));
    await other;
    expect([done, turns.has("a"), turns.has("b")]).toEqual([["b"], true, false]);
    gate.resolve();
    await Promise.all([first, second]);
    await yieldToLoop();
    expect([done, turns.has("a")]).toEqual([["b", "a1", "a2"], false]);
  });

  test("D29 a failure is of its own caller, not of the next one", async () => {
    const turns = new InOrder();
    const failing = expect(turns.run("a", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect(await turns.run("a", async () => 7)).toBe(7);
    await failing;
    await expect(
      turns.run("a", () => {
        throw new Error("at once");
      }),
    ).rejects.toThrow("at once");
  });
});
