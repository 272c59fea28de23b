import type { Product } from "vantage-diorama/testing";
import type { TableRow } from "vantage-diorama";
import { count, counted, duration, GLUE, name, show, size } from "./format.ts";
import type { LiveViews } from "./live-views.ts";
import { heading, prose } from "./render-prose.ts";
import { renderTable } from "./render-table.ts";
import type { LiveReport, Skipped, Spread } from "./report.ts";
import type { Terminal } from "./terminal.ts";
import { wrap } from "./wrap.ts";

/** Of each table, where the screen moves. */
const DRAWN_ROWS = 8;
const GROUPS = 3;

/** The picture that moves: the top of both tables, and the totals. */
export function drawLive(
  { all, found, stock, byCategory }: LiveViews,
  { elapsedMs, changes }: { readonly elapsedMs: number; readonly changes: number },
  width: number,
): string[] {
  const largest = [...(byCategory.value ?? [])].toSorted((a, b) => b[1] - a[1]).slice(0, GROUPS);
  const facts = [
    `${(elapsedMs / 1_000).toFixed(1)} s`,
    `${count(changes)} changes`,
    counted(all.rowCount, "row"),
    `${count(Number(stock.value ?? 0))} in stock`,
  ];
  const groups = largest.map(
    ([category, rows]) => `${typeof category === "string" ? name(category) : show(category)} ${count(rows)}`,
  );
  return [
    ...wrapParts(facts, width),
    ...wrapParts(["most rows:", ...groups], width),
    ...picture(all.rows(0, DRAWN_ROWS), "the dearest", width),
    ...picture(found.rows(0, DRAWN_ROWS), `found "lemon": ${counted(found.rowCount, "row")}`, width),
  ];
}

/** Two spaces between parts, and none of them on two lines. */
function wrapParts(parts: readonly string[], width: number): string[] {
  const whole = parts.map((part) => part.replaceAll(" ", GLUE)).join(`${GLUE} `);
  return wrap(whole, width, "").map((line) => line.replaceAll(GLUE, " ").trimEnd());
}

function picture(rows: readonly (TableRow<Product> | undefined)[], title: string, width: number): string[] {
  const cells = rows
    .flatMap((shown) => (shown === undefined ? [] : [shown.row]))
    .map((row) => [row.name, row.category, row.price.toFixed(2), count(row.stock)]);
  return renderTable(cells, [title, "category", "price", "stock"], width);
}

/** The same as a summary, for a terminal or a log. */
export function renderLive(report: LiveReport | Skipped, terminal: Terminal): string[] {
  const lines = heading("A live table: ordered, searched and summed while changes arrive", terminal);
  if ("skipped" in report) return [...lines, ...prose(`Left out: ${report.skipped}.`, terminal)];
  const { rows, wanted, seedMs, openMs, search, searchMs, matches, seconds, changes, repaints } = report;
  const fewer =
    rows === wanted
      ? ""
      : ` (not ${count(wanted)}: half of what this Node may use for objects holds no more)`;
  const table = [
    ["open, by price", duration(openMs), ""],
    ["open, searched", duration(searchMs), ""],
    ["a change, shown", ...bothOf(report.changeMs)],
    ["a jump, read", ...bothOf(report.jumpMs)],
  ];
  return [
    ...lines,
    ...prose(
      `${counted(rows, "row")}${fewer}, made in ${duration(seedMs)}; two tables and two totals open; the search for "${search}" finds ${counted(matches, "row")}. In ${seconds.toFixed(1)}${GLUE}s ${count(changes)} changes arrived; ${count(repaints)} of them touched what is on show and repainted it.`,
      terminal,
    ),
    ...renderTable(table, ["", "median", "99 of 100"], terminal.width - 2).map((line) => `  ${line}`),
    ...prose(
      `A change is timed from its arrival until the rows on show are read, a jump from saying where to until the rows there are read. In memory: ${size(report.memoryBytes)}, the file's copy included. The facade, asked at the end, has the same first rows.`,
      terminal,
    ),
  ];
}

function bothOf({ median, p99 }: Spread): [string, string] {
  return [duration(median), duration(p99)];
}
