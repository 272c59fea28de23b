import type { Row, Value } from "../record/index.ts";
import { compilePath } from "./read-path.ts";

/**
 * Text as searches compare it: Unicode lower case, both forms of the small sigma as one, since which of
 * them a capital becomes depends on what stands behind it.
 */
export function foldCase(text: string): string {
  return text.toLowerCase().replaceAll("ς", "σ");
}

/** Whether one of the columns holds the text; without columns named, whether any text cell of the row does. */
export function compileSearch(text: string, columns: readonly string[] | undefined): (row: Row) => boolean {
  const wanted = foldCase(text);
  if (columns === undefined) return (row) => Object.values(row).some((cell) => holds(cell, wanted));
  const reads = columns.map(compilePath);
  return (row) => reads.some((read) => holds(read(row), wanted));
}

function holds(cell: Value | undefined, wanted: string): boolean {
  return typeof cell === "string" && foldCase(cell).includes(wanted);
}
