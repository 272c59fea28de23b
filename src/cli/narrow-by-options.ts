import { compilePath, type Direction, type OrderInput } from "../query/index.ts";
import type { Row } from "../record/index.ts";
import type { Schema, Vista } from "../vista/index.ts";
import { usageError } from "./cli-error.ts";
import { parseWhere, unknownColumn } from "./parse-where.ts";
import type { QueryOptions } from "./query-options.ts";

/** The vista under `--where`, `--order` and `--search`; wrong usage where they name no column or can't be read. */
export function narrowByOptions(vista: Vista, { where = [], order = [], search }: QueryOptions): Vista {
  const { schema } = vista;
  const conditions = where.flatMap((text) => parseWhere(text, schema));
  const terms = order.map((text) => toOrderTerm(text, schema));
  let narrowed = vista;
  if (conditions.length > 0) narrowed = narrowed.where(conditions);
  if (terms.length > 0) narrowed = narrowed.orderBy(terms);
  return search === undefined ? narrowed : narrowed.search(wellFormed(search, "--search"));
}

/** The columns that `--columns` names, several of them divided by commas; else all that aren't hidden. */
export function toColumns(
  schema: Schema,
  named: readonly string[] | undefined,
): readonly string[] | undefined {
  if (named === undefined)
    return schema.open
      ? undefined
      : schema.columns.filter(({ flags }) => !flags.includes("hidden")).map(({ name }) => name);
  const columns = named.flatMap((text) => (isColumn(text, schema) ? [text] : text.split(",")));
  for (const column of columns) requireColumn(column, schema, "--columns");
  return [...new Set(columns)];
}

/** A row as it is printed: beside its cells what dotted paths lead to; without hidden ones, unless columns are named. */
export function createRowShape(schema: Schema, columns: readonly string[] | undefined): (row: Row) => Row {
  if (columns === undefined) return withoutHidden(schema);
  const paths = columns.filter((column) => column.includes("."));
  if (paths.length === 0) return (row) => row;
  const readers = paths.map((path) => [path, compilePath(path)] as const);
  return (row) => {
    const cells = readers.flatMap(([path, read]) => {
      const value = read(row);
      return value === undefined ? [] : [[path, value]];
    });
    return { ...row, ...Object.fromEntries(cells) };
  };
}

function withoutHidden({ columns }: Schema): (row: Row) => Row {
  const hidden = new Set(columns.flatMap(({ name, flags }) => (flags.includes("hidden") ? [name] : [])));
  if (hidden.size === 0) return (row) => row;
  return (row) => Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.has(name)));
}

/** `price`, `price:desc`, `price:desc:nulls-first`; a column may itself hold a colon. */
function toOrderTerm(text: string, schema: Schema): OrderInput {
  let column = wellFormed(text, "--order");
  let direction: Direction = "asc";
  let nulls: "first" | "last" = "last";
  for (
    let colon = column.lastIndexOf(":");
    colon > 0 && !isColumn(column, schema);
    colon = column.lastIndexOf(":")
  ) {
    const word = column.slice(colon + 1);
    if (word === "asc" || word === "desc") direction = word;
    else if (word === "nulls-first" || word === "nulls-last")
      nulls = word === "nulls-first" ? "first" : "last";
    else
      throw usageError(
        `--order ${text}: ${JSON.stringify(word)} is none of asc, desc, nulls-first, nulls-last`,
      );
    column = column.slice(0, colon);
  }
  requireColumn(column, schema, "--order");
  return { column, direction, nulls };
}

/** Dotted paths lead into a column. */
function requireColumn(name: string, schema: Schema, option: string): void {
  const dot = name.indexOf(".");
  const isKnown = isColumn(name, schema) || (dot > 0 && isColumn(name.slice(0, dot), schema));
  if (isKnown || (schema.open && name !== "")) return;
  throw usageError(`${option}: ${unknownColumn(name, schema.columns)}`);
}

const isColumn = (name: string, schema: Schema): boolean =>
  schema.columns.some((column) => column.name === name);

function wellFormed(text: string, option: string): string {
  if (text.isWellFormed()) return text;
  throw usageError(`${option}: this text holds half of a surrogate pair`);
}
