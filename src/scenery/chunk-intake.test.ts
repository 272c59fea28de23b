import { describe, expect, test } from "vitest";
import type { DioramaError } from "../base/index.ts";
import { ChunkIntake } from "./chunk-intake.ts";

function open(limit = 200) {
  const abort = new AbortController();
  const range = { start: 100, end: 200 };
  return { abort, intake: new ChunkIntake({ vista: "products", range, limit, signal: abort.signal }) };
}

const row = { name: "Tart" };

describe("what a loader pushes", () => {
  test("S24 positions of the range, in any order", () => {
    const { intake } = open();
    intake.push(199, "z", row);
    intake.push(100, "a", row);
    expect([[...intake.ids], intake.last]).toEqual([
      [
        [199, "z"],
        [100, "a"],
      ],
      200,
    ]);
    intake.assertSound();
  });

  test.each([
    ["a fraction", 100.5, "x", "pushed at 100.5, which is no whole number"],
    ["not a number", Number.NaN, "x", "which is no whole number"],
    ["before the range", 99, "x", "a loader of the positions 100 to 200 pushed at 99, which is outside"],
    ["behind the range", 200, "x", "pushed at 200, which is outside"],
    ["an empty id", 100, "", "an id is never empty"],
    ["half of a surrogate pair", 100, "\ud800", "surrogate"],
    ["a position twice", 150, "x", 'pushed two rows at 150, "held" first'],
    ["the same row twice", 150, "held", 'pushed two rows at 150, "held" first'],
    [
      "an id twice",
      151,
      "held",
      'row "held": a loader of the positions 100 to 200 pushed it at 150 and at 151',
    ],
  ])("S24 %s is invalid at the push, and the load fails with it", (_, index, id, message) => {
    const { intake } = open();
    intake.push(150, "held", row);
    expect(() => intake.push(index, id, row)).toThrow(message);
    intake.push(160, "later", row);
    let failure: unknown;
    try {
      intake.assertSound();
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({
      code: "invalid",
      place: { vista: "products" },
    } satisfies Partial<DioramaError>);
    expect([...intake.ids.values()]).toEqual(["held", "later"]);
  });

  test("S24 an id that is no text is invalid too", () => {
    const { intake } = open();
    expect(() => intake.push(100, 5 as unknown as string, row)).toThrow("an id is text, not number");
  });

  test("S24 rows behind a total that cut the range are taken, up to a page", () => {
    const { intake } = open(250);
    intake.push(249, "beyond", row);
    expect(() => intake.push(250, "too far", row)).toThrow("outside");
    expect(intake.last).toBe(250);
  });

  test("S24 after the load has ended, or its signal has fired, pushes are ignored", () => {
    const ended = open();
    ended.intake.close();
    ended.intake.push(100, "late", row);
    ended.intake.push(-1, "late and wrong", row);
    const aborted = open();
    aborted.abort.abort();
    aborted.intake.push(100, "late", row);
    expect([ended.intake.ids.size, aborted.intake.ids.size]).toEqual([0, 0]);
    ended.intake.assertSound();
  });
});
