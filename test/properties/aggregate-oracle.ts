import type { AggregateResult, AggregateSpec } from "../../src/views/index.ts";
import {
  compareValues,
  isPlainObject,
  type Row,
  sameInCondition,
  type Value,
} from "../../src/record/index.ts";
import { nearestDouble, toUnits } from "./exact-numbers.ts";

/** What an aggregate of these rows is, from scratch; where a cell has no place in it, `misfits` are the ids. */
export type Expected = { readonly result: AggregateResult } | { readonly misfits: readonly string[] };

type Entries = readonly (readonly [id: string, row: Row])[];
type Cells = readonly (readonly [id: string, cell: Value])[];

/** The cell at a path, null where there is none. */
function cellAt(row: Row, path: string): Value {
  if (Object.hasOwn(row, path)) return row[path] ?? null;
  let value: Value = row;
  for (const key of path.split(".")) {
    if (!isPlainObject(value) || !Object.hasOwn(value, key)) return null;
    value = value[key] ?? null;
  }
  return value;
}

export function aggregateFromScratch(spec: AggregateSpec, rows: Entries): Expected {
  if (spec.kind === "count") return { result: rows.length };
  const cells = rows
    .map(([id, row]) => [id, cellAt(row, spec.column ?? "")] as const)
    .filter(([, cell]) => cell !== null);
  const values = cells.map(([, cell]) => cell);
  switch (spec.kind) {
    case "sum":
    case "avg":
      return spec.columnType === "decimal" ? decimals(spec.kind, cells) : numbers(spec.kind, cells);
    case "min":
      return { result: values.toSorted(compareValues).at(0) };
    case "max":
      return { result: values.toSorted(compareValues).at(-1) };
    case "distinct":
      return {
        result: values.filter((cell, at) => !values.slice(0, at).some((one) => sameInCondition(one, cell)))
          .length,
      };
  }
}

/** The groups in the order in which `rows` has them. */
export function groupsFromScratch(
  spec: AggregateSpec,
  rows: Entries,
): { value: Value; expected: Expected }[] {
  const groups: { value: Value; rows: [string, Row][] }[] = [];
  for (const [id, row] of rows) {
    const value = cellAt(row, spec.groupBy ?? "");
    const group = groups.find((known) => compareValues(known.value, value) === 0);
    if (group === undefined) groups.push({ value, rows: [[id, row]] });
    else group.rows.push([id, row]);
  }
  return groups.map((group) => ({ value: group.value, expected: aggregateFromScratch(spec, group.rows) }));
}

function numbers(kind: "sum" | "avg", cells: Cells): Expected {
  const misfits = cells.filter(([, cell]) => typeof cell !== "number" && typeof cell !== "bigint");
  if (misfits.length > 0) return { misfits: misfits.map(([id]) => id) };
  const values = cells
    .map(([, cell]) => cell)
    .filter((cell) => typeof cell === "number" || typeof cell === "bigint");
  if (values.length === 0) return { result: kind === "sum" ? 0 : undefined };
  const special = values.filter((cell) => typeof cell === "number" && !Number.isFinite(cell));
  if (special.length > 0) return { result: special.map(Number).reduce((one, other) => one + other) };
  const units = values.map(toUnits).reduce((one, other) => one + other);
  if (kind === "avg") return { result: nearestDouble(units, BigInt(values.length)) };
  const isWhole = values.every((cell) => typeof cell === "bigint" || Number.isInteger(cell));
  const hasBigint = values.some((cell) => typeof cell === "bigint");
  return { result: hasBigint && isWhole ? units >> 1074n : nearestDouble(units) };
}

const POWER = 60;

/** In units of 10^-60, which no cell of the tests goes below. */
function decimals(kind: "sum" | "avg", cells: Cells): Expected {
  const isDecimal = (cell: Value): cell is string =>
    typeof cell === "string" && /^-?[0-9]+(\.[0-9]+)?$/.test(cell);
  const misfits = cells.filter(([, cell]) => !isDecimal(cell));
  if (misfits.length > 0) return { misfits: misfits.map(([id]) => id) };
  const texts = cells.map(([, cell]) => cell).filter(isDecimal);
  if (texts.length === 0) return { result: kind === "sum" ? "0" : undefined };
  const scale = Math.max(...texts.map((text) => (text.split(".")[1] ?? "").length));
  const units = texts.map(unitsOfDecimal).reduce((one, other) => one + other);
  if (kind === "sum") return { result: decimalText(units, scale) };
  return { result: averageText(units, BigInt(texts.length), scale) };
}

function unitsOfDecimal(text: string): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(POWER, "0"));
}

function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(POWER + 1, "0");
  const whole = digits.slice(0, -POWER);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-POWER).slice(0, scale)}`;
  return units < 0n ? `-${text}` : text;
}

/** Sixteen digits that count, or as many behind the point as the cells have. */
function averageText(units: bigint, count: bigint, leastScale: number): string {
  const size = units < 0n ? -units : units;
  let scale = leastScale;
  // Ever one digit more, until the quotient, in units of 10^-scale, has sixteen.
  const inUnits = (at: number): bigint => (size * 10n ** BigInt(at)) / (count * 10n ** BigInt(POWER));
  while (size > 0n && inUnits(scale) < 10n ** 15n) scale++;
  const dividend = size * 10n ** BigInt(scale);
  const divisor = count * 10n ** BigInt(POWER);
  const twice = 2n * (dividend % divisor);
  const floor = dividend / divisor;
  const rounded = twice > divisor || (twice === divisor && floor % 2n === 1n) ? floor + 1n : floor;
  if (rounded === 0n) return decimalText(0n, leastScale);
  const digits = String(rounded).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale);
  const kept = fraction.slice(0, leastScale) + fraction.slice(leastScale).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${whole}${kept === "" ? "" : `.${kept}`}`;
}
