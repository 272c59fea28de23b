import type { Row, Value } from "../record/index.ts";
import { shownText } from "./json-text.ts";
import { safeText } from "./safe-text.ts";
import type { Styles } from "./styles.ts";
import { cutTo, padTo, widthOf } from "./text-width.ts";

const GAP = "  ";
/** Columns are not made narrower than this to fit a terminal; what then doesn't fit is left out. */
const LEAST_WIDTH = 8;

interface TableColumn {
  readonly name: string;
  readonly width: number;
  readonly isNumeric: boolean;
}

/** How a table is laid out: decided by its first rows, kept for all that follow. */
export interface TableLayout {
  readonly columns: readonly TableColumn[];
  /** Columns that the terminal has no room for. */
  readonly leftOut: readonly string[];
  /** Cells are cut to their column's width. */
  readonly isCut: boolean;
}

/** `width`: of the terminal; `undefined` where nothing is cut. */
export function layOut(
  names: readonly string[],
  sample: readonly Row[],
  width: number | undefined,
): TableLayout {
  const columns = names.map((name) => measure(name, sample));
  if (width === undefined) return { columns, leftOut: [], isCut: false };
  const fitting = [...columns];
  const least = (): number =>
    total(fitting.map((column) => ({ ...column, width: Math.min(column.width, LEAST_WIDTH) })));
  while (fitting.length > 1 && least() > width) fitting.pop();
  const leftOut = names.slice(fitting.length);
  return { columns: narrowTo(fitting, width), leftOut, isCut: true };
}

export function headerLines({ columns, isCut }: TableLayout, styles: Styles): string {
  const names = columns.map((column) => styles.bold(shape(safeText(column.name), column, isCut)));
  const rules = columns.map((column) => styles.dim("─".repeat(column.width)));
  return `${names.join(GAP).trimEnd()}\n${rules.join(GAP)}\n`;
}

export function rowLine(row: Row, { columns, isCut }: TableLayout, styles: Styles): string {
  const cells = columns.map((column) => {
    const value = valueOf(row, column.name);
    const text = shape(textOf(value), column, isCut);
    return value === null ? styles.dim(text) : text;
  });
  return `${cells.join(GAP).trimEnd()}\n`;
}

const valueOf = (row: Row, column: string): Value | undefined =>
  Object.hasOwn(row, column) ? row[column] : undefined;

const textOf = (value: Value | undefined): string => (value === null ? "null" : safeText(shownText(value)));

const isNumber = (value: Value | undefined): boolean =>
  typeof value === "number" || typeof value === "bigint";

function measure(name: string, sample: readonly Row[]): TableColumn {
  let width = Math.max(1, widthOf(safeText(name)));
  let isNumeric = sample.length > 0;
  for (const row of sample) {
    const value = valueOf(row, name);
    width = Math.max(width, widthOf(textOf(value)));
    isNumeric &&= value === null || value === undefined || isNumber(value);
  }
  return { name, width, isNumeric };
}

/** The widest give way first, all of them to the same width; what is then over goes to those that were cut. */
function narrowTo(columns: readonly TableColumn[], width: number): TableColumn[] {
  const at = (limit: number): TableColumn[] =>
    columns.map((column) => ({ ...column, width: Math.min(column.width, limit) }));
  // No column is wider than the terminal: a short search.
  let limit = Math.max(1, Math.min(width, Math.max(1, ...columns.map((column) => column.width))));
  while (limit > 1 && total(at(limit)) > width) limit--;
  let over = width - total(at(limit));
  return columns.map((column) => {
    const isWidened = column.width > limit && over > 0;
    if (isWidened) over--;
    return { ...column, width: Math.min(column.width, isWidened ? limit + 1 : limit) };
  });
}

const total = (columns: readonly TableColumn[]): number =>
  columns.reduce((sum, column) => sum + column.width, 0) + GAP.length * Math.max(0, columns.length - 1);

function shape(text: string, column: TableColumn, isCut: boolean): string {
  const fitting = isCut ? cutTo(text, column.width) : text;
  return padTo(fitting, column.width, column.isNumeric ? "left" : "right");
}
