import type { Product } from "vantage-diorama/testing";
import type { TableRow } from "vantage-diorama";
import { count, counted, duration, GLUE, show, size } from "./format.ts";
import type { LiveViews } from "./live-views.ts";
import { heading, prose } from "./render-prose.ts";
import { renderTable } from "./render-table.ts";
import type { LiveReport, Skipped, Spread } from "./report.ts";
import type { Terminal } from "./terminal.ts";

/** Of each table, where the screen moves. */
const DRAWN_ROWS = 8;
const GROUPS = 4;

/** The picture that moves: the top of both tables, and the totals. */
export function drawLive(
  { all, found, stock, byCategory }: LiveViews,
  { elapsedMs, changes }: { readonly elapsedMs: number; readonly changes: number },
  width: number,
): string[] {
  const largest = [...(byCategory.value ?? [])].toSorted((a, b) => b[1] - a[1]).slice(0, GROUPS);
  return [
    `${duration(elapsedMs)}  ${count(changes)} changes  ${counted(all.rowCount, "row")}  ${count(Number(stock.value ?? 0))} in stock`,
    `most rows: ${largest.map(([category, rows]) => `${show(category)} ${count(rows)}`).join(", ")}`,
    ...picture(all.rows(0, DRAWN_ROWS), "by price, the dearest first", width),
    ...picture(found.rows(0, DRAWN_ROWS), `the same, searched: ${counted(found.rowCount, "row")}`, width),
  ];
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
    ["open the whole table, by price", duration(openMs), ""],
    [`the same, searched for "${search}": ${counted(matches, "row")}`, duration(searchMs), ""],
    ["a change, from its arrival to the rows on show", ...bothOf(report.changeMs)],
    ["jump to any row and read what stands there", ...bothOf(report.jumpMs)],
  ];
  return [
    ...lines,
    ...prose(
      `${counted(rows, "row")}${fewer}, made in ${duration(seedMs)}; two tables and two totals open. In ${seconds.toFixed(1)}${GLUE}s ${count(changes)} changes arrived; the ${counted(repaints, "change")} among them that touched what is on show repainted it.`,
      terminal,
    ),
    ...renderTable(table, ["", "median", "99 of 100"], terminal.width - 2).map((line) => `  ${line}`),
    ...prose(
      `In memory: ${size(report.memoryBytes)}, the file's copy included. The facade, asked at the end, has the same first rows.`,
      terminal,
    ),
  ];
}

function bothOf({ median, p99 }: Spread): [string, string] {
  return [duration(median), duration(p99)];
}
