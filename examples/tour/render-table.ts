import { cut, lengthOf } from "./format.ts";

const GAP = "  ";
/** Columns at the right go before a label is cut shorter than this. */
const SHORTEST_LABEL = 24;

/** Rows of cells under a head: the first column to the left and cut to fit, the others to the right. */
export function renderTable(
  rows: readonly (readonly string[])[],
  head: readonly string[],
  width: number,
): string[] {
  const all = [head, ...rows];
  const columns = Math.max(...all.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, index) =>
    Math.max(...all.map((row) => lengthOf(row[index] ?? ""))),
  );
  const labelWidth = widths.shift() ?? 0;
  const room = (): number => width - widths.reduce((sum, own) => sum + own + GAP.length, 0);
  while (widths.length > 2 && room() < Math.min(labelWidth, SHORTEST_LABEL)) widths.pop();
  const label = Math.min(labelWidth, Math.max(1, room()));
  return all.map((row) =>
    [
      cut(row[0] ?? "", label).padEnd(label),
      ...widths.map((own, index) => (row[index + 1] ?? "").padStart(own)),
    ]
      .join(GAP)
      .trimEnd(),
  );
}
