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
  const holds = compileHolds(foldCase(text));
  if (columns === undefined) return (row) => Object.values(row).some(holds);
  const reads = columns.map(compilePath);
  return (row) => {
    for (const read of reads) if (holds(read(row))) return true;
    return false;
  };
}

/** Where no sigma is wanted, the form of those in the cell makes no difference. */
function compileHolds(wanted: string): (cell: Value | undefined) => boolean {
  if (wanted.includes("σ")) return (cell) => typeof cell === "string" && foldCase(cell).includes(wanted);
  return (cell) => typeof cell === "string" && cell.toLowerCase().includes(wanted);
}
