import { cut, lengthOf } from "./format.ts";

const GAP = "  ";
/** A label is not cut shorter than this: then the table is wider than the terminal. */
const SHORTEST_LABEL = 16;

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
  const others = widths.slice(1).reduce((sum, own) => sum + own + GAP.length, 0);
  const label = Math.min(widths[0] ?? 0, Math.max(SHORTEST_LABEL, width - others));
  return all.map((row) =>
    [
      cut(row[0] ?? "", label).padEnd(label),
      ...widths.slice(1).map((own, index) => (row[index + 1] ?? "").padStart(own)),
    ]
      .join(GAP)
      .trimEnd(),
  );
}
