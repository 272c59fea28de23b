import { expect, test } from "vitest";
import { DioramaError, type Logger } from "../base/index.ts";
import { createManualClock } from "../testing/index.ts";
import { type FailureKind, Failures } from "./failures.ts";

interface Told {
  readonly failures: Failures;
  readonly lines: string[];
  readonly news: string[];
}

function create(): Told {
  const lines: string[] = [];
  const news: string[] = [];
  const log: Logger["error"] = (line, fields) => lines.push(`${line}: ${String(fields?.["reason"])}`);
  const failures = new Failures({
    name: "things",
    clock: createManualClock(1_000),
    logger: { error: log, info: log, debug: log },
    onNews: (kind, error) => news.push(`${kind}: ${error.message}`),
  });
  return { failures, lines, news };
}

const down = (message = "down"): DioramaError => new DioramaError("unavailable", message);

test("D49 an outage is told when it begins, each of several of its kind by itself", () => {
  const { failures, lines } = create();
  const began = (of: string): boolean => failures.began("feed", down(), of);
  expect([began("a"), began("a"), began("b"), began("b")]).toEqual([true, false, true, false]);
  failures.ended("feed", "a");
  expect(failures.last.feed).toEqual({
    at: 1_000,
    code: "unavailable",
    message: "down",
    times: 4,
    isLasting: true,
  });
  failures.ended("feed", "b");
  expect(failures.last.feed?.isLasting).toBe(false);
  expect(began("a")).toBe(true);
  expect(lines).toHaveLength(3);
});

test("D48 each failure that stands by itself is a line; what has no event of its own gets one", () => {
  const { failures, lines, news } = create();
  failures.note("write", down());
  failures.note("write", down());
  failures.tell("read", down());
  failures.tell("read", down("still"));
  expect([lines.length, news]).toEqual([3, ["read: down"]]);
  expect(failures.last.read).toMatchObject({ times: 2, message: "still" });
});

test.for<FailureKind>(["listener", "order", "view"])(
  "D50 what a part logs as an error is a %s failure, told once for its words, and its other lines pass",
  (kind) => {
    const { failures, lines, news } = create();
    const logger = failures.logger(kind);
    for (let times = 0; times < 3; times++) logger.error("it failed", { reason: "so", seq: times });
    logger.error("it failed", { type: "recordChanged", reason: "so" });
    logger.error("other words");
    logger.info("by the way", { reason: "no failure" });
    expect(news).toEqual([
      `${kind}: things: it failed: so`,
      `${kind}: things: it failed (recordChanged): so`,
      `${kind}: things: other words`,
    ]);
    expect([lines.length, lines.at(-1)]).toEqual([4, "by the way: no failure"]);
    expect(failures.last[kind]).toMatchObject({ times: 5, isLasting: false });
  },
);

test("D50 words that are another one each time are no memory without end", () => {
  const { failures, news } = create();
  for (let n = 0; n < 1_000; n++) failures.tellOnce("listener", down(`number ${n}`));
  for (let n = 0; n < 1_000; n++) failures.tellOnce("listener", down("number 999"));
  expect(news).toHaveLength(1_000);
});
