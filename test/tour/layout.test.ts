import { describe, expect, test } from "vitest";
import { cut, duration, printable, ratio } from "../../examples/tour/format.ts";
import { progressBar } from "../../examples/tour/progress-bar.ts";
import { renderTable } from "../../examples/tour/render-table.ts";
import { wrap } from "../../examples/tour/wrap.ts";

describe("the progress bar", () => {
  const half = { done: 50, total: 100, rows: 1_234, elapsedMs: 2_000 };

  test("says how far it is and what is left", () => {
    expect(progressBar(half, 80)).toBe(
      "copying [====================>                   ]  50 %  1,234 rows  2 s left",
    );
    expect(progressBar({ ...half, done: 0, elapsedMs: 0 }, 80)).toMatch(/^copying \[> {39}\] {3}0 %/);
    expect(progressBar({ ...half, done: 100 }, 80)).toMatch(/^copying \[={40}\] 100 % {2}1,234 rows$/);
    expect(progressBar({ ...half, done: 0, total: 0 }, 80)).toContain("100 %");
  });

  test("fits every width", () => {
    for (let width = 5; width < 120; width++) {
      for (const done of [0, 1, 50, 99, 100]) {
        expect(progressBar({ ...half, done }, width).length).toBeLessThanOrEqual(width);
      }
    }
  });
});

describe("text", () => {
  test("is wrapped between words, further lines as far in as the first", () => {
    expect(wrap("one two three four", 12, "ab  ")).toEqual(["ab  one two", "    three", "    four"]);
    expect(wrap("unbreakable", 4, "- ")).toEqual(["- unbreakable"]);
  });

  test("in a table fits the width: labels are cut, columns at the right go", () => {
    const rows = [["a label that is long enough to be cut", "1.00 ms", "2 × faster", "x"]];
    for (let width = 40; width < 90; width++) {
      for (const line of renderTable(rows, ["", "file", "", ""], width)) {
        expect(line.length).toBeLessThanOrEqual(width);
      }
    }
    expect(renderTable(rows, ["", "file", "", ""], 90)[1]).toContain("x");
    expect(renderTable(rows, ["", "file", "", ""], 30)[1]).toContain("1.00 ms");
  });

  test("shows durations and ratios with three digits", () => {
    const plain = (text: string): string => text.replaceAll("\u00a0", " ");
    expect([0.000_5, 0.012_3, 1.234, 56.78, 999.4, 1_500, 75_000].map((ms) => plain(duration(ms)))).toEqual([
      "0.50 µs",
      "12.3 µs",
      "1.23 ms",
      "56.8 ms",
      "999 ms",
      "1.50 s",
      "75.0 s",
    ]);
    expect([ratio(812, 1), ratio(3, 2), ratio(1, 4)].map(plain)).toEqual([
      "812 × faster",
      "1.5 × faster",
      "4.0 × slower",
    ]);
  });

  test("spells out what would move the cursor or hide itself", () => {
    expect(printable("a\u001b[31m\nb\u202e\u2028\ud800")).toBe("a\\u001b[31m\\u000ab\\u202e\\u2028\\ud800");
    expect(printable("naïve 😀")).toBe("naïve 😀");
    expect(cut("😀😀😀", 2)).toBe("😀…");
  });
});
