import type { Column, Row, Value } from "vantage-diorama";

/** One cell of one row, before and after. */
export interface CellEdit {
  readonly id: string;
  readonly column: string;
  readonly from: Value;
  readonly to: Value;
}

const DAY_MS = 86_400_000;

/** Another value for a cell of the first row that has the id; `undefined` where no column can take one. */
export function chooseCellEdit(
  columns: readonly Column[],
  id: readonly string[],
  [rowId, row]: readonly [id: string, row: Row],
  mark: string,
): CellEdit | undefined {
  const editable = columns.filter(({ name, type }) => !id.includes(name) && type !== "json");
  const column = editable.find(({ type }) => type === "text") ?? editable[0];
  if (column === undefined) return undefined;
  const from = row[column.name] ?? null;
  return { id: rowId, column: column.name, from, to: another(column.type, from, mark) };
}

/** A row like this one under an id that no row has; `undefined` where the id's type allows none. */
export function chooseNewRow(
  columns: readonly Column[],
  id: readonly string[],
  rows: ReadonlyMap<string, Row>,
): Row | undefined {
  const like = [...rows.values()].at(-1);
  const column = columns.find(({ name, type }) => id.includes(name) && type !== "boolean" && type !== "json");
  if (like === undefined) return undefined;
  if (id.length === 0) return like;
  if (column === undefined) return undefined;
  const taken = [...rows.values()].map((row) => row[column.name] ?? null);
  return { ...like, [column.name]: unused(column.type, taken) };
}

function another(type: Column["type"], value: Value, mark: string): Value {
  if (type === "text") return typeof value === "string" ? `${value} (${mark})` : mark;
  if (type === "boolean") return value !== true;
  if (type === "date") return value instanceof Date ? new Date(value.getTime() + DAY_MS) : new Date(0);
  if (type === "decimal") return value === "1" ? "2" : "1";
  return value === 1 ? 2 : 1;
}

/** A value of that type that is none of these. */
function unused(type: Column["type"], taken: readonly Value[]): Value {
  const texts = new Set(taken.map(String));
  for (let number = 1; ; number++) {
    if (texts.has(type === "text" ? `tour-${number}` : String(number))) continue;
    if (type === "text") return `tour-${number}`;
    if (type === "decimal") return String(number);
    if (type !== "date") return number;
    const date = new Date(number * DAY_MS);
    if (!texts.has(String(date))) return date;
  }
}
