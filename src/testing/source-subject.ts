import { assert } from "../base/index.ts";
import { evaluate, queryKey, type Query } from "../query/index.ts";
import { sameInCondition, type Entry, type Row } from "../record/index.ts";
import {
  searchColumnsOf,
  vista,
  type ColumnsInput,
  type ColumnType,
  type Source,
  type Vista,
} from "../vista/index.ts";
import { same } from "./contract-check.ts";
import type { Random } from "./random.ts";

/** What a source is to hold when a test begins. Rows hold their id in the column `id`. */
export interface ContractData {
  readonly name: string;
  readonly id: "id";
  readonly columns: ColumnsInput;
  readonly rows: ReadonlyMap<string, Row>;
}

/** A source with its data, for one test. */
export interface SourceUnderTest {
  readonly source: Source;
  /** Stores a row as another user of the backend would; absent where nobody can. */
  set?(id: string, row: Row): Promise<void> | void;
  /** Frees what the test used. */
  close?(): Promise<void> | void;
}

/** A kind of source to be proven. */
export interface SourceSubject {
  /** A source of its own for every call, which holds this data and nothing else. */
  create(data: ContractData): Promise<SourceUnderTest> | SourceUnderTest;
  /** The column types that the backend can hold; all of them unless told otherwise. */
  readonly types?: readonly ColumnType[];
  /** The backend recognises an `opId` that comes again. */
  readonly knowsOps?: boolean;
  /** Of the random rows and queries. */
  readonly seed: number;
}

/** One source at work, with what it has to agree with. */
export interface Proven {
  readonly subject: SourceSubject;
  readonly data: ContractData;
  readonly under: SourceUnderTest;
  readonly source: Source;
  readonly vista: Vista;
}

/** Runs one test of the contract on a source of its own. */
export type ProveSource = (title: string, body: (proven: Proven, random: Random) => Promise<void>) => void;

export function toProven(subject: SourceSubject, data: ContractData, under: SourceUnderTest): Proven {
  return { subject, data, under, source: under.source, vista: vista(under.source) };
}

/** What the query has to answer with. */
export function expectedFor({ data, source }: Proven, query: Query): readonly Entry[] {
  return evaluate(data.rows, query, searchColumnsOf(source.schema));
}

/** The rows in this order, where the query gives one; else the same rows in any order. */
export function sameAnswer(found: ReadonlyMap<string, Row>, expected: readonly Entry[], query: Query): void {
  const what = `the query ${queryKey(query, { order: true })}`;
  const foundIds = [...found.keys()];
  const expectedIds = expected.map(([id]) => id);
  const ordered = query.order.length > 0;
  same(listed(foundIds, ordered), listed(expectedIds, ordered), `${what}: ids`);
  for (const [id, row] of expected) sameRow(found.get(id), row, `${what}: row ${id}`);
}

/** The same columns hold the same values; null and absent are one, whole numbers may be bigints. */
export function sameRow(found: Row | undefined, expected: Row, what: string): void {
  assert(found !== undefined, `${what}: it is missing`);
  for (const column of new Set([...Object.keys(found), ...Object.keys(expected)])) {
    const [a, b] = [cell(found, column), cell(expected, column)];
    assert(
      a === b || (a !== null && b !== null && sameInCondition(a, b)),
      `${what}: column ${column} differs`,
    );
  }
}

function cell(row: Row, column: string): Row[string] {
  return Object.hasOwn(row, column) ? (row[column] ?? null) : null;
}

function listed(ids: readonly string[], ordered: boolean): string {
  return (ordered ? ids : ids.toSorted()).join(" ");
}
