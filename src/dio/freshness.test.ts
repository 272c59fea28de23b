import { expect, test } from "vitest";
import { decideFreshness } from "./freshness.ts";

const decide = (
  ageMs: number | undefined,
  invalidated = false,
  limits: readonly [number, number] = [100, 50],
): string => decideFreshness({ ageMs, invalidated }, ...limits);

test("D25 up to freshFor fresh, for staleFor more refreshed behind, older than both waited for", () => {
  expect([0, 100, 101, 150, 151].map((ageMs) => decide(ageMs))).toEqual([
    "fresh",
    "fresh",
    "behind",
    "behind",
    "wait",
  ]);
  expect([decide(Infinity, false, [Infinity, Infinity]), decide(1e12, false, [100, Infinity])]).toEqual([
    "fresh",
    "behind",
  ]);
});

test("D25 D30 what was declared out of date is refreshed behind, whatever its age", () => {
  expect([decide(0, true), decide(undefined, true), decide(151, true)]).toEqual(["behind", "behind", "wait"]);
  expect(decide(undefined)).toBe("fresh");
});

test("D25 a clock that was set back keeps nothing fresh for ever", () => {
  expect([decide(-1), decide(-101), decide(-3.2e11)]).toEqual(["fresh", "behind", "wait"]);
});
