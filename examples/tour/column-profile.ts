import type { Column, Row, Value } from "vantage-diorama";

/** What a column's cells look like. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: Column["type"];
  readonly isId: boolean;
  /** Different values, null aside. */
  readonly distinct: number;
  readonly mostFrequent: Value;
}

/** Looks at the cells of some rows. */
export function profileColumns(
  columns: readonly Column[],
  id: readonly string[],
  rows: readonly Row[],
): ColumnProfile[] {
  return columns.map(({ name, type }) => {
    const seen = new Map<Value, number>();
    for (const row of rows) {
      const key = toKey(row[name] ?? null);
      if (key !== null) seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    let mostFrequent: Value = null;
    let most = 0;
    for (const [value, times] of seen) {
      if (times > most) [mostFrequent, most] = [value, times];
    }
    return { name, type, isId: id.includes(name), distinct: seen.size, mostFrequent };
  });
}

/** Dates are equal by their time, not as objects. */
function toKey(cell: Value): Value {
  return cell instanceof Date ? cell.getTime() : cell;
}

/** The value in the middle of a column's cells, for a condition that about half of the rows meet. */
export function middleOf(rows: readonly Row[], column: string): Value {
  const cells = rows.flatMap((row) => row[column] ?? []);
  const sorted = cells.toSorted((a, b) => (a === null || b === null ? 0 : a < b ? -1 : a > b ? 1 : 0));
  return sorted[sorted.length >> 1] ?? null;
}
