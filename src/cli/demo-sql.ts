import { errorAt, type ErrorPlace } from "../base/index.ts";
import type { Query } from "../query/index.ts";
import type { Row, Value } from "../record/index.ts";
import type { Column, ColumnType, Schema } from "../vista/index.ts";

/** The rows, and the one row that says what file this is. */
export const TABLE = "products";
export const ABOUT = "diorama_demo";

/** The types that the demo master stores exactly. */
const SQL_TYPES: Readonly<Partial<Record<ColumnType, string>>> = {
  text: "TEXT",
  integer: "INTEGER",
  number: "REAL",
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const columnList = (schema: Schema): string => schema.columns.map(({ name }) => quoted(name)).join(", ");

const sqlType = ({ type }: Column): string => SQL_TYPES[type] ?? "BLOB";

export function createTableSql(schema: Schema): string {
  const columns = schema.columns.map((column) => {
    const isId = column.name === schema.idColumn;
    return `${quoted(column.name)} ${sqlType(column)}${isId ? " NOT NULL UNIQUE" : ""}`;
  });
  return `CREATE TABLE ${TABLE} (seq INTEGER PRIMARY KEY, ${columns.join(", ")}) STRICT`;
}

export function insertSql(schema: Schema): string {
  const marks = schema.columns.map(() => "?").join(", ");
  return `INSERT INTO ${TABLE} (${columnList(schema)}) VALUES (${marks})`;
}

/** Whole, where the id is there already. */
export function replaceSql(schema: Schema): string {
  const others = schema.columns.filter(({ name }) => name !== schema.idColumn);
  const set = others.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`);
  const what = set.length === 0 ? "NOTHING" : `UPDATE SET ${set.join(", ")}`;
  return `${insertSql(schema)} ON CONFLICT (${idOf(schema)}) DO ${what}`;
}

export const oneRowSql = (schema: Schema): string =>
  `SELECT ${columnList(schema)} FROM ${TABLE} WHERE ${idOf(schema)} = ?`;

export const deleteSql = (schema: Schema): string => `DELETE FROM ${TABLE} WHERE ${idOf(schema)} = ?`;

/** In the query's order, else in the order in which rows came; text by code point, as SQLite has it by itself. */
export function windowSql(schema: Schema, { order }: Query): string {
  const terms = order.flatMap(({ column, direction, nulls }) => [
    `${quoted(column)} IS NULL ${nulls === "first" ? "DESC" : "ASC"}`,
    `${quoted(column)} ${direction === "desc" ? "DESC" : "ASC"}`,
  ]);
  const by = terms.length === 0 ? "seq" : [...terms, idOf(schema)].join(", ");
  return `SELECT ${columnList(schema)} FROM ${TABLE} ORDER BY ${by} LIMIT ? OFFSET ?`;
}

/** Cells as SQLite takes them; absent and null are one. What it can't keep exactly is refused. */
export function toCells(schema: Schema, row: Row, place: ErrorPlace): (null | number | bigint | string)[] {
  return schema.columns.map(({ name, type }) => {
    const value = Object.hasOwn(row, name) ? row[name] : undefined;
    if (value === undefined || value === null || typeof value === "string") return value ?? null;
    if (typeof value === "number" && !Number.isNaN(value)) return value;
    if (typeof value === "bigint" && (type === "integer" ? isInt64(value) : isSafe(value))) return value;
    throw errorAt("invalid", { ...place, column: name }, "the demo master can't keep this value exactly");
  });
}

const isInt64 = (value: bigint): boolean => BigInt.asIntN(64, value) === value;

const isSafe = (value: bigint): boolean => Number.isSafeInteger(Number(value));

/** Big integers that a number holds exactly are numbers. */
export function fromCell(cell: unknown): Value {
  if (typeof cell === "bigint") {
    const number = Number(cell);
    return Number.isSafeInteger(number) ? number : cell;
  }
  return typeof cell === "number" || typeof cell === "string" ? cell : null;
}

const idOf = (schema: Schema): string => quoted(schema.idColumn ?? "id");
