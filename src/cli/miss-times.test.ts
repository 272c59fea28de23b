import { expect, test } from "vitest";
import { MemCache } from "../live/index.ts";
import { MissTimes } from "./miss-times.ts";
import { ageText, comparisonText, tookText } from "./time-text.ts";

test("CLI34 the times of 200 questions are kept for each table, the latest ones", async () => {
  const cache = new MemCache();
  const times = await MissTimes.read(cache, "a-1");
  for (let at = 0; at < 205; at++)
    await times.keep(`question ${at}`, { tookMs: at, at, keys: [`a-1/page_${at}`] });
  await times.keep("question 10", { tookMs: 1_000, at: 300, keys: ["a-1/page_10", "a-1/page_11"] });
  const read = await MissTimes.read(cache, "a-1");
  expect([read.of("question 4"), read.of("question 5")?.tookMs]).toEqual([undefined, 5]);
  expect(read.of("question 10")).toEqual({ tookMs: 1_000, at: 300, keys: ["a-1/page_10", "a-1/page_11"] });
  expect(read.keys.size).toBe(200);
  // A page that was one part of an answer has no time of its own, but where it was the whole of another.
  expect([read.keys.get("a-1/page_10"), read.keys.get("a-1/page_11")]).toEqual([null, 11]);
  expect((await MissTimes.read(cache, "a-2")).keys.size).toBe(0);
});

test("CLI34 notes of another form count as none", async () => {
  const cache = new MemCache();
  const rows = new Map([
    ["one", { tookMs: "5", at: 1, keys: [] }],
    ["two", { tookMs: 5, at: 1 }],
    ["three", { tookMs: 5, at: 1, keys: ["k", 7] }],
  ]);
  await cache.put("a/times", { rows, fetchedAt: 0 });
  const read = await MissTimes.read(cache, "a");
  expect([read.of("one"), read.of("two"), read.of("three")?.keys]).toEqual([undefined, undefined, ["k"]]);
});

test("CLI34 times and ages are told in the unit that says most, and a slower hit is not called faster", () => {
  expect([0.004, 9.994, 10, 999.4, 1_000, 61_000].map(tookText)).toEqual([
    "0.00 ms",
    "9.99 ms",
    "10 ms",
    "999 ms",
    "1.0 s",
    "61.0 s",
  ]);
  expect([0, 59_999, 60_000, 3_600_000, 86_400_000].map(ageText)).toEqual(["0s", "59s", "1m", "1h", "1d"]);
  expect(comparisonText(2, 5)).toBe("2.5 times faster than the miss (5.00 ms)");
  expect(comparisonText(0.1, 8)).toBe("80 times faster than the miss (8.00 ms)");
  expect(comparisonText(5, 5)).toBe("no faster than the miss (5.00 ms)");
  expect(comparisonText(0, 0)).toBe("no faster than the miss (0.00 ms)");
});
