import { errorAt, nearestName } from "../base/index.ts";
import type { Query } from "./query.ts";
import { columnsOf } from "./query-needs.ts";

/** At most so many names are listed in an error. */
const MAX_LISTED_NAMES = 20;

/** Refuses, with the nearest known name, a query that names a column which the schema doesn't have. */
export function checkQuery(
  query: Query,
  columnNames: ReadonlySet<string>,
  open: boolean,
  vistaName: string,
): void {
  if (open) return;
  for (const column of columnsOf(query)) checkColumnName(column, columnNames, vistaName);
}

/** `invalid` unless the column, or the column that its path starts in, is among the names. */
function checkColumnName(column: string, columnNames: ReadonlySet<string>, vistaName: string): void {
  if (columnNames.has(column)) return;
  const dot = column.indexOf(".");
  const first = dot === -1 ? column : column.slice(0, dot);
  if (dot !== -1 && columnNames.has(first)) return;
  const meant = nearestName(column, columnNames) ?? nearestName(first, columnNames);
  const listed = [...columnNames].slice(0, MAX_LISTED_NAMES).join(", ");
  const hint =
    meant === undefined
      ? `it has: ${listed}${columnNames.size > MAX_LISTED_NAMES ? " …" : ""}`
      : `did you mean ${JSON.stringify(meant)}?`;
  throw errorAt("invalid", { vista: vistaName, column }, `there is no such column; ${hint}`);
}
