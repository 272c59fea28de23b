import { describe, expect, test } from "vitest";
import { assert, must, unreachable } from "./assert.ts";
import { toMilliseconds } from "./duration.ts";
import { errorAt } from "./error-at.ts";
import { DioramaError, isDioramaError, messageOf, toDioramaError } from "./errors.ts";
import { nearestName } from "./nearest-name.ts";

describe("errors", () => {
  test("B4 programmer mistakes end loudly", () => {
    expect(() => assert(false, "never")).toThrow("never");
    expect(() => assert(undefined, "never")).toThrow("never");
    expect(() => must(undefined, "it is there")).toThrow("it is there");
    expect(() => must(null, "it is there")).toThrow("it is there");
    expect([must(false, ""), must(0, ""), must("", "")]).toEqual([false, 0, ""]);
    expect(() => unreachable("x" as never)).toThrow("x");
  });

  test("B8 durations are milliseconds or a number with a unit", () => {
    for (const [given, expected] of [
      [0, 0],
      [1.5, 1.5],
      [Infinity, Infinity],
      ["250ms", 250],
      ["5s", 5_000],
      [" 5 m ", 300_000],
      ["1.5h", 5_400_000],
      ["7d", 604_800_000],
    ] as const) {
      expect(toMilliseconds(given, "refreshEvery")).toBe(expected);
    }
    for (const bad of [-1, Number.NaN, "", "5", "5 minutes", "m", "-5s", "1e3s"]) {
      expect(() => toMilliseconds(bad, "refreshEvery")).toThrow(/refreshEvery/);
    }
  });

  test("B9 an error has a code, a place and a cause, and is kept when it is wrapped", () => {
    const cause = new TypeError("the reason");
    const error = new DioramaError("unavailable", "it is down", { cause, place: { vista: "products" } });
    expect(error).toMatchObject({
      name: "DioramaError",
      code: "unavailable",
      cause,
      place: { vista: "products" },
    });
    expect("cause" in new DioramaError("invalid", "")).toBe(false);
    expect(toDioramaError(error, "rejected", "reading")).toBe(error);
    expect(toDioramaError(cause, "rejected", "reading")).toMatchObject({ code: "rejected", cause });
    expect(toDioramaError(cause, "rejected", "reading").message).toBe("reading: the reason");
    expect([
      isDioramaError(error),
      isDioramaError(error, "full"),
      isDioramaError(error, "full", "unavailable"),
    ]).toEqual([true, false, true]);
    expect(isDioramaError(cause)).toBe(false);
  });

  test("B9 what is no Error tells its kind, not its content", () => {
    const told = messageOf({ password: "secret" });
    expect(told).toContain("object");
    expect(told).not.toMatch(/secret|password/);
    expect(messageOf(null)).toContain("null");
    expect(messageOf("a text")).toBe("a text");
  });

  test("B10 an error at a place opens with it", () => {
    const place = { vista: "products", file: "p.csv", line: 7, id: 'a"b', column: "price" };
    expect(errorAt("invalid", place, "it is bad").message).toBe(
      'products, p.csv, line 7, row "a\\"b", column "price": it is bad',
    );
    expect(errorAt("invalid", {}, "it is bad").message).toBe("it is bad");
    expect(errorAt("invalid", place, "", "why")).toMatchObject({ place, cause: "why" });
  });

  test("B11 the nearest name is a slip of the fingers away", () => {
    const names = ["category", "price", "updatedAt", "id"];
    expect(nearestName("categry", names)).toBe("category");
    expect(nearestName("CATEGORY", names)).toBe("category");
    expect(nearestName("pirce", names)).toBe("price");
    expect(nearestName("updated_at", names)).toBe("updatedAt");
    expect(nearestName("di", names)).toBe("id");
    expect(nearestName("weight", names)).toBeUndefined();
    expect(nearestName("", names)).toBeUndefined();
    expect(nearestName("x".repeat(100_000), names)).toBeUndefined();
    expect(nearestName("anything", [])).toBeUndefined();
  });
});
