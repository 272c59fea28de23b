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
import { createValueSet } from "./value-set.ts";

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
  if (tests.length === 2) return (id, row) => first(id, row) && second(id, row);
  return (id, row) => {
    for (const test of tests) if (!test(id, row)) return false;
    return true;
  };
}

function compileCondition(condition: Condition): RowTest {
  switch (condition.kind) {
    case "compare":
      return onCell(condition.column, compileComparison(condition.operator, condition.value));
    case "list": {
      const isIn = createValueSet(condition.values);
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
      return (id, row) => {
        for (const test of tests) if (test(id, row)) return true;
        return false;
      };
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
  // A number's own kind is by far the likeliest; NaN and bigints take the long way.
  if (typeof value === "number") return (cell) => cell === value || sameInCondition(cell, value);
  return (cell) => sameInCondition(cell, value);
}

type RangeOperator = "<" | "<=" | ">" | ">=";

/** Only cells of the value's own class are before or behind it. */
function compileRange(operator: RangeOperator, value: Value): CellTest {
  if (typeof value === "number" && !Number.isNaN(value)) return compileNumberRange(operator, value);
  const passes = compileOutcome(operator);
  if (typeof value === "string")
    return (cell) => typeof cell === "string" && passes(compareStrings(cell, value));
  const rank = typeRank(value);
  return (cell) => typeRank(cell) === rank && passes(compareValues(cell, value));
}

/** The language compares exactly; negated, it also has NaN before every number. */
function compileNumberRange(operator: RangeOperator, value: number): CellTest {
  switch (operator) {
    case "<":
      return (cell) => (typeof cell === "number" || typeof cell === "bigint") && !(cell >= value);
    case "<=":
      return (cell) => (typeof cell === "number" || typeof cell === "bigint") && !(cell > value);
    case ">":
      return (cell) => (typeof cell === "number" || typeof cell === "bigint") && cell > value;
    default:
      return (cell) => (typeof cell === "number" || typeof cell === "bigint") && cell >= value;
  }
}

function compileOutcome(operator: RangeOperator): (difference: number) => boolean {
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
