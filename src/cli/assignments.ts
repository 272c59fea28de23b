import { messageOf } from "../base/index.ts";
import { type Row, toValue, type Value } from "../record/index.ts";
import type { Schema } from "../vista/index.ts";
import { usageError } from "./cli-error.ts";
import { unknownColumn } from "./parse-where.ts";
import { readValue } from "./where-value.ts";

const ASSIGNMENT = /^(?<column>[^=]*?)(?<colon>:?)=(?<text>.*)$/s;

/** Whether it looks like `column=value` or `column:=json`. */
export function isAssignment(text: string): boolean {
  return ASSIGNMENT.test(text);
}

/**
 * The cells that `column=value` and `column:=json` name. A value gets the column's type; where the schema says none
 * it is text, and what is to be a number, a boolean or null is written as JSON.
 */
export function readAssignments(schema: Schema, assignments: readonly string[]): Row {
  const cells = new Map<string, Value>();
  for (const assignment of assignments) {
    const { column = "", colon = "", text = "" } = ASSIGNMENT.exec(assignment)?.groups ?? {};
    if (column === "")
      throw usageError(`${JSON.stringify(assignment)} is no column=value and no column:=json`);
    checkColumn(schema, column);
    if (cells.has(column)) throw usageError(`the column ${JSON.stringify(column)} is given twice`);
    cells.set(column, colon === "" ? typed(schema, column, text) : fromJson(column, text));
  }
  return Object.fromEntries(cells);
}

function checkColumn(schema: Schema, column: string): void {
  if (schema.open || schema.columns.some(({ name }) => name === column)) return;
  throw usageError(unknownColumn(column, schema.columns), { place: { column } });
}

function typed(schema: Schema, column: string, text: string): Value {
  const known = schema.columns.find(({ name }) => name === column);
  const read = readValue({ text, isQuoted: true }, known, "=");
  if ("value" in read) return read.value;
  const hint = text === "null" || text === "" ? `; ${column}:=null empties it` : "";
  throw usageError(`${JSON.stringify(column)} can't be ${JSON.stringify(text)}: ${read.problem}${hint}`, {
    place: { column },
  });
}

function fromJson(column: string, text: string): Value {
  const refuse = (why: string): Error => usageError(`${column}:= ${why}`, { place: { column } });
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw refuse(`takes JSON (a text in double quotes, a number, true, null, a list, an object)`);
  }
  if (hasLostDigits(read)) {
    throw refuse(`holds an integer that JSON here can't keep; --type ${column}:integer and = keep it`);
  }
  try {
    return toValue(read, { column });
  } catch (error) {
    throw refuse(`holds what can't be stored: ${messageOf(error)}`);
  }
}

function hasLostDigits(read: unknown): boolean {
  if (typeof read === "number") return Number.isInteger(read) && !Number.isSafeInteger(read);
  return typeof read === "object" && read !== null && Object.values(read).some(hasLostDigits);
}
