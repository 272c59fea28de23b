import { everything, narrow, not, or, orderedBy, type Condition, type Query } from "../query/index.ts";
import { setOwn, type Row, type Value } from "../record/index.ts";
import { allColumnTypes, type ColumnType } from "../vista/index.ts";
import type { Random } from "./random.ts";
import type { ContractData } from "./source-subject.ts";

/** Few values, so that many rows are equal in one column and differ in another. */
const valuesOf: Readonly<Record<ColumnType, readonly Value[]>> = {
  text: [
    "apple",
    "Apple",
    "äpfel",
    "zebra",
    "a",
    "ab",
    "10",
    "9",
    "100 %",
    "under_score",
    "O'Hara",
    "😀",
    "\uff5e",
  ],
  integer: [0, 1, -1, 5, 42, 2 ** 53 - 1, 9007199254740993n, -9007199254740993n],
  number: [0, 1, -1, 0.5, -0.5, 1e21, 1e-7, 42],
  decimal: ["0.10", "12.50", "-3.00", "99999999999999.99"],
  boolean: [true, false],
  date: [
    new Date(0),
    new Date(1),
    new Date(Date.UTC(2026, 1, 28, 23, 59, 59, 999)),
    new Date(Date.UTC(1969, 6, 20)),
  ],
  bytes: [new Uint8Array([0]), new Uint8Array([0, 255]), new Uint8Array([1])],
  json: [{ a: 1 }, { a: 1, b: [true, null] }, [1, "x"], "text", 7, false],
};

/** Rows over two columns of every type, one of them with nulls and gaps. */
export function createContractData(
  random: Random,
  types: readonly ColumnType[] = allColumnTypes,
): ContractData {
  const columns: Record<string, ColumnType> = { id: "text" };
  for (const type of types) {
    columns[`${type}_a`] = type;
    columns[`${type}_b`] = type;
  }
  const rows = new Map<string, Row>();
  for (let index = 0; index < 60; index++) {
    const id = `row-${String((index * 37) % 101).padStart(3, "0")}`;
    rows.set(id, createContractRow(random, id, columns));
  }
  return { name: "contract", id: "id", columns, rows };
}

export function createContractRow(random: Random, id: string, columns: ContractData["columns"]): Row {
  const row: Record<string, Value> = { id };
  for (const [name, type] of Object.entries(columns)) {
    if (name === "id" || typeof type !== "string") continue;
    const isEmpty = name.endsWith("_b") && random.chance(0.3);
    if (!isEmpty) setOwn(row, name, random.pick(valuesOf[type]));
    else if (random.chance(0.5)) setOwn(row, name, null);
  }
  return row;
}

/** A column of the data with its type. */
function pickColumn(random: Random, data: ContractData): readonly [name: string, type: ColumnType] {
  const typed = Object.entries(data.columns).flatMap(([name, type]): (readonly [string, ColumnType])[] =>
    typeof type === "string" ? [[name, type]] : [],
  );
  return random.pick(typed);
}

/** Equality with a value that is there or might be. */
export function randomMatch(random: Random, data: ContractData): Condition {
  const [column, type] = pickColumn(random, data);
  const value = column === "id" ? random.pick([...data.rows.keys()]) : random.pick(valuesOf[type]);
  return { kind: "compare", column, operator: "=", value };
}

/** Any condition, groups included, at most `depth` deep. */
export function randomCondition(random: Random, data: ContractData, depth: number = 2): Condition {
  const kind = depth > 0 ? random.integer(0, 9) : random.integer(3, 9);
  if (kind === 0) return not(randomCondition(random, data, depth - 1));
  if (kind <= 2) {
    const conditions = [randomCondition(random, data, depth - 1), randomCondition(random, data, depth - 1)];
    return kind === 1 ? or(...conditions) : { kind: "and", conditions };
  }
  const [column, type] = pickColumn(random, data);
  const values = valuesOf[type];
  if (kind === 3) return { kind: "null", column, operator: random.pick(["is null", "is not null"]) };
  if (kind === 4) {
    const picked = Array.from({ length: random.integer(0, 3) }, () => random.pick(values));
    return { kind: "list", column, operator: random.pick(["in", "not in"]), values: picked };
  }
  if (kind === 5) {
    const text = random.pick(["a", "A", "app", "%", "_", "'", "ä", "10", "😀", ""]);
    return { kind: "compare", column, operator: random.pick(["contains", "starts with"]), value: text };
  }
  const operator = random.pick(["=", "!=", "<", "<=", ">", ">="] as const);
  return { kind: "compare", column, operator, value: random.pick(values) };
}

/** One to three columns, each way, nulls at either end. */
export function randomOrder(random: Random, data: ContractData): Query {
  const terms = Array.from({ length: random.integer(1, 3) }, () => ({
    column: pickColumn(random, data)[0],
    direction: random.pick(["asc", "desc"] as const),
    nulls: random.pick(["last", "last", "first"] as const),
  }));
  return orderedBy(everything, ...terms);
}

/** A query of only one kind of part. */
export function narrowedBy(...conditions: readonly Condition[]): Query {
  return narrow(everything, ...conditions);
}
