import type { Table, TableLine } from "./claim.ts";
import { median } from "./measure.ts";

export function tableLines({ title, columns, rows, notes }: Table): string[] {
  return [
    `## ${title}`,
    "",
    `| | ${columns.join(" | ")} |`,
    `|---|${columns.map(() => "--:|").join("")}`,
    ...rows.map(
      ({ work, unit, cells }) => `| ${work} | ${cells.map((cell) => shown(cell, unit)).join(" | ")} |`,
    ),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `- ${note}`)]),
  ];
}

/** Cell by cell the median of several runs of one table. */
export function medianTable(runs: readonly Table[]): Table {
  const [first] = runs;
  if (first === undefined) throw new Error("there is no table");
  const rows = first.rows.map((line, row) => ({
    ...line,
    cells: line.cells.map((_, column) => {
      const found = runs.map((run) => run.rows[row]?.cells[column] ?? null).filter((cell) => cell !== null);
      return found.length === 0 ? null : median(found);
    }),
  }));
  return { ...first, rows };
}

function shown(cell: number | null, unit: TableLine["unit"]): string {
  if (cell === null) return "–";
  if (unit === "bytes") return cell.toFixed(0);
  if (cell < 1) return `${digits(cell * 1_000)} µs`;
  return cell < 1_000 ? `${digits(cell)} ms` : `${digits(cell / 1_000)} s`;
}

const digits = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toFixed(1));
