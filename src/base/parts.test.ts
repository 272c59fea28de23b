import { describe, expect, test } from "vitest";
import type { Clock } from "./clock.ts";
import { Ring } from "./ring.ts";
import { SingleFlight } from "./single-flight.ts";
import { uuidV7 } from "./uuid.ts";

describe("ring", () => {
  test("B12 it keeps the last items under their numbers", () => {
    const ring = new Ring<string>(3);
    expect([ring.last, ring.oldest]).toEqual([0, 1]);
    for (const item of ["a", "b", "c", "d"]) ring.push(item);
    expect([ring.last, ring.oldest]).toEqual([4, 2]);
    expect([2, 3, 4].map((number) => ring.at(number))).toEqual(["b", "c", "d"]);
    for (const number of [0, 1, 5]) expect(() => ring.at(number)).toThrow("holds");
    expect(() => new Ring(0)).toThrow("at least one");
  });
});

describe("single flight", () => {
  test("B13 who asks while it runs gets the same promise, another key its own", async () => {
    const flights = new SingleFlight<string, number>();
    let calls = 0;
    const call = async (): Promise<number> => {
      await Promise.resolve();
      return (calls += 1);
    };
    const [first, second, other] = [flights.run("a", call), flights.run("a", call), flights.run("b", call)];
    expect(second).toBe(first);
    expect([flights.size, flights.running("a") === first]).toEqual([2, true]);
    expect(await Promise.all([first, second, other])).toEqual([1, 1, 2]);
    expect(flights.size).toBe(0);
    expect(await flights.run("a", call)).toBe(3);
  });

  test("B13 a call may ask for its own key, and may throw at once", async () => {
    const flights = new SingleFlight<string, string>();
    let inner: Promise<string> | undefined;
    const outer = flights.run("a", async () => {
      inner = flights.run("a", async () => "never called");
      return "answer";
    });
    expect(inner === undefined || inner === outer).toBe(true);
    expect(await outer).toBe("answer");
    const throwing = (): never => {
      throw new Error("at once");
    };
    await expect(flights.run("a", throwing)).rejects.toThrow("at once");
    expect(flights.size).toBe(0);
  });

  test("B13 a failure does not stick", async () => {
    const flights = new SingleFlight<string, number>();
    await expect(flights.run("a", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect(flights.running("a")).toBeUndefined();
    expect(await flights.run("a", async () => 1)).toBe(1);
  });
});

describe("UUID", () => {
  const clockAt = (ms: number): Clock => ({
    now: () => ms,
    monotonic: () => 0,
    setTimer: () => ({ cancel: () => undefined }),
  });

  test("B15 they have version and variant, and the time in front", () => {
    const ms = Date.UTC(2400, 0, 1);
    const made = uuidV7(clockAt(ms));
    expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number.parseInt(made.replaceAll("-", "").slice(0, 12), 16)).toBe(ms);
  });

  test("B15 they are unique and sort as they were made, also when the clock stands still or goes back", () => {
    const ms = Date.UTC(2500, 0, 1);
    const made = [
      ...Array.from({ length: 10_000 }, () => uuidV7(clockAt(ms))),
      ...Array.from({ length: 100 }, () => uuidV7(clockAt(ms - 3_600_000))),
      uuidV7(clockAt(ms + 3_600_000)),
      uuidV7(clockAt(-5)),
      uuidV7(),
    ];
    expect(new Set(made).size).toBe(made.length);
    expect(made.toSorted()).toEqual(made);
  });
});
