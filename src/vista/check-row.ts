import { errorAt, nearestName, unreachable, type DioramaError, type ErrorPlace } from "../base/index.ts";
import { toRow, withIdColumn, type Row, type Value } from "../record/index.ts";
import { columnMapOf, columnNamesOf, mandatoryColumnsOf } from "./schema-columns.ts";
import type { ColumnType, Schema } from "./schema.ts";

/**
 * A row on its way to a source, whole: known columns, values of their types, id column filled in, else `invalid`.
 * Without an id, the source is still to choose one.
 */
export function checkRow(schema: Schema, id: string | undefined, row: object, place: ErrorPlace): Row {
  const cells = checkCells(schema, toRow(row, place), place);
  const checked = id === undefined ? cells : withTypedId(schema, id, cells, place);
  for (const name of mandatoryColumnsOf(schema)) {
    if (isEmpty(checked, name) && !(id === undefined && name === schema.idColumn)) {
      throw errorAt("invalid", { ...place, id, column: name }, `it is mandatory and has no value`);
    }
  }
  return checked;
}

/** What a patch changes: known columns, values of their types, no other id, no mandatory column emptied. */
export function checkPartial(schema: Schema, id: string, partial: object, place: ErrorPlace): Row {
  const checked = checkCells(schema, toRow(partial, place), place);
  const { idColumn } = schema;
  if (idColumn !== undefined && Object.hasOwn(checked, idColumn)) withIdColumn(id, checked, idColumn, place);
  for (const name of mandatoryColumnsOf(schema)) {
    if (Object.hasOwn(checked, name) && checked[name] === null) {
      throw errorAt("invalid", { ...place, id, column: name }, `it is mandatory and can't be emptied`);
    }
  }
  return checked;
}

/** Null and absent; what the prototype has under that name is no cell. */
function isEmpty(row: Row, name: string): boolean {
  return !Object.hasOwn(row, name) || row[name] === null;
}

function checkCells(schema: Schema, row: Row, place: ErrorPlace): Row {
  const columns = columnMapOf(schema);
  for (const name of Object.keys(row)) {
    const column = columns.get(name);
    if (column === undefined) {
      if (!schema.open) throw unknownColumn(schema, name, place);
      continue;
    }
    if (column.flags.includes("calculated")) {
      throw errorAt(
        "invalid",
        { ...place, column: name },
        `it is calculated by the source and can't be written`,
      );
    }
    const value = row[name];
    if (value !== undefined && value !== null && !fits(column.type, value)) {
      throw errorAt(
        "invalid",
        { ...place, column: name },
        `it is ${column.type} and holds ${expectedOf[column.type]}; ${kindOf(value)} was given`,
      );
    }
  }
  return row;
}

/**
 * The row with its id in the id column, `invalid` where it holds another. Where it is absent it is filled in, in
 * the column's type: an integer column takes the number, a text column the text.
 */
export function withTypedId(schema: Schema, id: string, row: Row, place: ErrorPlace): Row {
  const { idColumn } = schema;
  if (idColumn === undefined) return row;
  if (!isEmpty(row, idColumn)) return withIdColumn(id, row, idColumn, place);
  const type = columnMapOf(schema).get(idColumn)?.type ?? "text";
  const value = idValue(type, id);
  if (value === undefined) {
    const what = `the id column is ${type}, and this id is the text of none: give the row its own`;
    throw errorAt("invalid", { ...place, id, column: idColumn }, what);
  }
  return Object.hasOwn(row, idColumn) ? { ...row, [idColumn]: value } : { [idColumn]: value, ...row };
}

/** The value of that type whose text is the id. */
function idValue(type: ColumnType, id: string): Value | undefined {
  switch (type) {
    case "text":
    case "json":
      return id;
    case "decimal":
      return fits(type, id) ? id : undefined;
    case "integer":
    case "number":
      return numberOf(id, type);
    case "boolean":
      return id === "true" || id === "false" ? id === "true" : undefined;
    case "date": {
      const date = new Date(id);
      return !Number.isNaN(date.getTime()) && date.toISOString() === id ? date : undefined;
    }
    case "bytes":
      return undefined;
    default:
      return unreachable(type);
  }
}

function numberOf(id: string, type: ColumnType): Value | undefined {
  const number = Number(id);
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER && String(number) === id && fits(type, number))
    return number;
  return /^-?[1-9]\d*$/.test(id) ? BigInt(id) : undefined;
}

const expectedOf: Readonly<Record<ColumnType, string>> = {
  text: "a string",
  integer: "a whole number or bigint",
  number: "a number or bigint",
  decimal: 'a decimal number as text ("12.50")',
  boolean: "true or false",
  date: "a Date",
  bytes: "a Uint8Array",
  json: "any value",
};

const decimalText = /^-?\d+(?:\.\d+)?$/;

/** Whether a value other than null belongs into a column of that type. */
function fits(type: ColumnType, value: Value): boolean {
  switch (type) {
    case "text":
      return typeof value === "string";
    case "integer":
      return typeof value === "bigint" || Number.isInteger(value);
    case "number":
      return typeof value === "number" || typeof value === "bigint";
    case "decimal":
      return typeof value === "string" && decimalText.test(value);
    case "boolean":
      return typeof value === "boolean";
    case "date":
      return value instanceof Date;
    case "bytes":
      return value instanceof Uint8Array;
    case "json":
      return true;
  }
}

function kindOf(value: Value): string {
  if (value instanceof Date) return "a Date";
  if (value instanceof Uint8Array) return "a Uint8Array";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isInteger(value)) return "a number with a fraction";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function unknownColumn(schema: Schema, name: string, place: ErrorPlace): DioramaError {
  const near = nearestName(name, columnNamesOf(schema));
  const hint =
    near === undefined ? `columns are ${[...columnNamesOf(schema)].join(", ")}` : `did you mean "${near}"?`;
  return errorAt("invalid", { ...place, column: name }, `there is no such column; ${hint}`);
}
