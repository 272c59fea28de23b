import { setOwn, type Value } from "../record/index.ts";
import type { ColumnsInput } from "./create-schema.ts";
import { asRow } from "./row-types.ts";
import type { ColumnType } from "./schema.ts";

/** The union of the rows' columns, each with the narrowest type that fits all its values; json for mixed ones. */
export function inferColumns(rows: Iterable<object>): ColumnsInput {
  const types = new Map<string, ColumnType | undefined>();
  for (const given of rows) {
    const row = asRow(given);
    for (const name of Object.keys(row)) {
      const type = typeOf(row[name] ?? null);
      types.set(name, join(types.get(name), type));
    }
  }
  const columns: Record<string, ColumnType> = {};
  // Nothing but nulls says nothing.
  for (const [name, type] of types) setOwn(columns, name, type ?? "json");
  return columns;
}

function typeOf(value: Value): ColumnType | undefined {
  switch (typeof value) {
    case "string":
      return "text";
    case "boolean":
      return "boolean";
    case "bigint":
      return "integer";
    case "number":
      return Number.isInteger(value) ? "integer" : "number";
    default:
      if (value === null) return undefined;
      if (value instanceof Date) return "date";
      return value instanceof Uint8Array ? "bytes" : "json";
  }
}

function join(a: ColumnType | undefined, b: ColumnType | undefined): ColumnType | undefined {
  if (a === b || b === undefined) return a;
  if (a === undefined) return b;
  const numeric = (type: ColumnType): boolean => type === "integer" || type === "number";
  return numeric(a) && numeric(b) ? "number" : "json";
}
