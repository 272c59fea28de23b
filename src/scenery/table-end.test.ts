import { describe, expect, test } from "vitest";
import {
  afterLoad,
  asGuess,
  questionOf,
  reachOf,
  rowCountOf,
  type TableEnd,
  totalOf,
  unknownEnd,
  withSeen,
  withTotal,
} from "./table-end.ts";

/** A load of `[start, end)` of which rows came up to `last`. */
function load(end: TableEnd, [start, stop]: readonly [number, number], last: number, isProgress = true) {
  const after = afterLoad(end, { range: { start, end: stop }, last, isProgress });
  // As a layout does: what is left of the rows are those before the end.
  return after.isEnd ? withSeen(after.end, Math.min(Math.max(end.seen, last), last)) : after.end;
}

/** Loads of a source that has so many rows, until it is known where they end. */
function search(from: TableEnd, rows: number, pageSize: number): { end: TableEnd; loads: number } {
  let end = from;
  for (let loads = 0; ; loads++) {
    const range = questionOf(end, pageSize);
    if (range === undefined) return { end, loads };
    const last = Math.min(Math.max(rows, range.start), range.end);
    const after = afterLoad(end, { range, last, isProgress: last > range.start });
    end = after.isEnd && last === range.start ? withSeen(after.end, end.seen) : after.end;
    end = after.isEnd && last > range.start ? withSeen(after.end, last) : end;
    if (loads > 100) throw new Error("no end");
  }
}

describe("what is said of the end", () => {
  test("S22 unknown, stated, estimated", () => {
    expect([rowCountOf(unknownEnd), totalOf(unknownEnd)]).toEqual([0, { value: undefined, kind: "unknown" }]);
    const stated = withTotal(unknownEnd, 1_000);
    expect([rowCountOf(stated), totalOf(stated)]).toEqual([1_000, { value: 1_000, kind: "stated" }]);
    const guess = asGuess(stated);
    expect([rowCountOf(guess), totalOf(guess)]).toEqual([1_000, { value: 1_000, kind: "estimated" }]);
    expect(totalOf(asGuess(unknownEnd)).kind).toBe("unknown");
  });

  test("S22 without a total the end is unknown until it is seen", () => {
    const page = load(unknownEnd, [0, 100], 100);
    expect([rowCountOf(page), totalOf(page).kind]).toEqual([100, "unknown"]);
    const short = load(page, [100, 200], 130);
    expect([rowCountOf(short), totalOf(short)]).toEqual([130, { value: 130, kind: "stated" }]);
  });

  test("S20 loads end at a stated total, and may go past a guess", () => {
    const stated = withTotal(unknownEnd, 1_000);
    expect(reachOf(stated)).toEqual({ total: 1_000, limit: 1_000 });
    expect(reachOf(asGuess(stated))).toEqual({ total: 1_000, limit: Infinity });
    expect(reachOf(unknownEnd)).toEqual({ total: Infinity, limit: Infinity });
    expect(reachOf(load(unknownEnd, [0, 100], 0))).toEqual({ total: 0, limit: 0 });
  });
});

describe("totals that lie", () => {
  test("S23 rows beyond it make it grow, and it is a guess from then on", () => {
    const grown = load(withTotal(unknownEnd, 30), [0, 30], 45);
    expect([rowCountOf(grown), totalOf(grown)]).toEqual([45, { value: 45, kind: "estimated" }]);
    expect(reachOf(grown).limit).toBe(Infinity);
    const late = withTotal(load(unknownEnd, [0, 100], 100), 30);
    expect(totalOf(late)).toEqual({ value: 100, kind: "estimated" });
  });

  test("S23 a short answer before the total is asked about once more, and then believed", () => {
    const doubted = load(withTotal(unknownEnd, 1_000), [980, 1_000], 985);
    expect([rowCountOf(doubted), questionOf(doubted, 100)]).toEqual([1_000, { start: 985, end: 1_000 }]);
    const capped = load(doubted, [985, 1_000], 985, false);
    expect(totalOf(capped)).toEqual({ value: 985, kind: "stated" });
    expect(questionOf(capped, 100)).toBeUndefined();
  });

  test("S23 a short answer that was a mistake changes nothing", () => {
    const doubted = load(withTotal(unknownEnd, 1_000), [0, 100], 40);
    const mended = load(doubted, [40, 140], 140);
    expect([totalOf(mended), questionOf(mended, 100)]).toEqual([{ value: 1_000, kind: "stated" }, undefined]);
  });

  test("S23 answers that stop elsewhere each time are believed the second time that they bring nothing", () => {
    const first = load(withTotal(unknownEnd, 1_000), [0, 100], 60, false);
    expect(questionOf(first, 100)?.start).toBe(60);
    expect(totalOf(load(first, [0, 100], 50, false))).toEqual({ value: 50, kind: "stated" });
  });

  test("S23 an empty answer before rows that were seen is doubted as well", () => {
    const seen = load(unknownEnd, [800, 900], 900);
    const doubted = load(seen, [700, 800], 700, false);
    expect([rowCountOf(doubted), questionOf(doubted, 100)?.start]).toEqual([900, 700]);
  });

  test("S23 where nothing comes, the end is searched for between the rows seen and there", () => {
    const start = load(withTotal(unknownEnd, 1_000_000), [0, 100], 100);
    const empty = load(start, [500_000, 500_100], 500_000, false);
    const capped = withSeen(
      afterLoad(empty, { range: { start: 500_000, end: 500_100 }, last: 500_000, isProgress: false }).end,
      100,
    );
    expect([rowCountOf(capped), totalOf(capped).kind]).toEqual([500_000, "estimated"]);
    for (const rows of [100, 101, 199, 200, 1_234, 250_050, 499_999, 500_000]) {
      const found = search(capped, rows, 100);
      expect([rows, totalOf(found.end)]).toEqual([rows, { value: rows, kind: "stated" }]);
      expect(found.loads).toBeLessThanOrEqual(16);
    }
  });

  test("S23 an end that was seen gives way to rows beyond it", () => {
    const ended = load(unknownEnd, [0, 100], 30);
    const more = load(ended, [30, 130], 130);
    expect([rowCountOf(more), totalOf(more).kind, reachOf(more).limit]).toEqual([130, "unknown", Infinity]);
  });
});
