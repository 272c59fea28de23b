import { unreachable } from "../base/index.ts";
import {
  compareStrings,
  compareValues,
  type Row,
  sameInCondition,
  typeRank,
  type Value,
} from "../record/index.ts";
import type { ComparisonOperator, Condition } from "./query.ts";
import { compilePath } from "./read-path.ts";

/** Whether a row passes. */
export type RowTest = (id: string, row: Row) => boolean;
/** Whether a cell that is neither null nor absent passes. */
type CellTest = (cell: Value) => boolean;

/** One test of all the conditions. */
export function compileConditions(conditions: readonly Condition[]): RowTest {
  const tests = conditions.map(compileCondition);
  const [first, second] = tests;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (id, row) => tests.every((test) => test(id, row));
}

function compileCondition(condition: Condition): RowTest {
  switch (condition.kind) {
    case "compare":
      return onCell(condition.column, compileComparison(condition.operator, condition.value));
    case "list": {
      const isIn = compileIn(condition.values);
      return onCell(condition.column, condition.operator === "in" ? isIn : (cell) => !isIn(cell));
    }
    case "null":
      return compileNull(condition.column, condition.operator === "is null");
    case "id": {
      const ids = new Set(condition.ids);
      return (id) => ids.has(id);
    }
    case "and":
      return compileConditions(condition.conditions);
    case "or": {
      const tests = condition.conditions.map(compileCondition);
      return (id, row) => tests.some((test) => test(id, row));
    }
    case "not": {
      const test = compileCondition(condition.condition);
      return (id, row) => !test(id, row);
    }
    default:
      return unreachable(condition);
  }
}

/** Null and absent match nothing but `is null`. */
function onCell(column: string, test: CellTest): RowTest {
  const read = compilePath(column);
  return (_id, row) => {
    const cell = read(row);
    return cell !== undefined && cell !== null && test(cell);
  };
}

function compileNull(column: string, wanted: boolean): RowTest {
  const read = compilePath(column);
  return (_id, row) => ((read(row) ?? null) === null) === wanted;
}

function compileComparison(operator: ComparisonOperator, value: Value): CellTest {
  switch (operator) {
    case "=":
      return compileSame(value);
    case "!=": {
      const same = compileSame(value);
      return (cell) => !same(cell);
    }
    case "contains":
      return (cell) => typeof cell === "string" && typeof value === "string" && cell.includes(value);
    case "starts with":
      return (cell) => typeof cell === "string" && typeof value === "string" && cell.startsWith(value);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compileRange(operator, value);
    default:
      return unreachable(operator);
  }
}

function compileSame(value: Value): CellTest {
  if (typeof value === "string" || typeof value === "boolean") return (cell) => cell === value;
  return (cell) => sameInCondition(cell, value);
}

/** Only cells of the value's own type class are before or behind it. */
function compileRange(operator: "<" | "<=" | ">" | ">=", value: Value): CellTest {
  const passes = compileOutcome(operator);
  if (typeof value === "string")
    return (cell) => typeof cell === "string" && passes(compareStrings(cell, value));
  const rank = typeRank(value);
  return (cell) => typeRank(cell) === rank && passes(compareValues(cell, value));
}

function compileOutcome(operator: "<" | "<=" | ">" | ">="): (difference: number) => boolean {
  switch (operator) {
    case "<":
      return (difference) => difference < 0;
    case "<=":
      return (difference) => difference <= 0;
    case ">":
      return (difference) => difference > 0;
    default:
      return (difference) => difference >= 0;
  }
}

function compileIn(values: readonly Value[]): CellTest {
  if (values.every((value) => typeof value === "string")) {
    const texts = new Set<Value>(values);
    return (cell) => texts.has(cell);
  }
  return (cell) => values.some((value) => sameInCondition(cell, value));
}
