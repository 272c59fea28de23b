import type { Column, Schema } from "./schema.ts";

/** What is asked of a schema again and again, worked out once. */
interface SchemaColumns {
  readonly byName: ReadonlyMap<string, Column>;
  readonly names: ReadonlySet<string>;
  readonly search: readonly string[] | undefined;
  readonly title: readonly string[];
  readonly mandatory: readonly string[];
}

const known = new WeakMap<Schema, SchemaColumns>();

function columnsOf(schema: Schema): SchemaColumns {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const flagged = (flag: string): string[] =>
    schema.columns.filter((column) => column.flags.includes(flag)).map((column) => column.name);
  const searchable = flagged("searchable");
  const texts = schema.columns.filter((column) => column.type === "text").map((column) => column.name);
  const made: SchemaColumns = {
    byName: new Map(schema.columns.map((column) => [column.name, column])),
    names: new Set(schema.columns.map((column) => column.name)),
    // Any cell of a document may be text.
    search: searchable.length > 0 ? searchable : schema.open ? undefined : texts,
    title: flagged("title"),
    mandatory: flagged("mandatory"),
  };
  known.set(schema, made);
  return made;
}

/** The columns by name. */
export function columnMapOf(schema: Schema): ReadonlyMap<string, Column> {
  return columnsOf(schema).byName;
}

/** The names of all columns, in the source's order. */
export function columnNamesOf(schema: Schema): ReadonlySet<string> {
  return columnsOf(schema).names;
}

/** Where a search looks: the columns flagged searchable, else every text column; `undefined`: every text cell. */
export function searchColumnsOf(schema: Schema): readonly string[] | undefined {
  return columnsOf(schema).search;
}

/** The columns that name a row to people. */
export function titleColumnsOf(schema: Schema): readonly string[] {
  return columnsOf(schema).title;
}

/** The columns that an inserted or replaced row must hold. */
export function mandatoryColumnsOf(schema: Schema): readonly string[] {
  return columnsOf(schema).mandatory;
}
