import { sameInCondition, type Value } from "../record/index.ts";

/** Whether a cell equals one of the values, as conditions compare: a look-up for scalars, however many. */
export function createValueSet(values: readonly Value[]): (cell: Value) => boolean {
  const texts = new Set<Value>();
  const scalars = new Set<Value>();
  const others: Value[] = [];
  for (const value of values) {
    if (typeof value === "string") texts.add(value);
    else if (typeof value === "object") others.push(value);
    else scalars.add(toScalarKey(value));
  }
  return (cell) => {
    if (typeof cell === "string") return texts.has(cell);
    if (typeof cell !== "object") return scalars.has(toScalarKey(cell));
    return others.some((value) => sameInCondition(cell, value));
  };
}

/** The number for a bigint that one equals exactly. A set already takes -0 for 0 and NaN for NaN. */
function toScalarKey(value: Value): Value {
  if (typeof value !== "bigint") return value;
  const nearest = Number(value);
  return Number.isFinite(nearest) && BigInt(nearest) === value ? nearest : value;
}
