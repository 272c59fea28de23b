import { compilePath, type OrderTerm } from "../query/index.ts";
import { compareValues, type Row, type Value } from "../record/index.ts";

/** One column of an order, compiled. Absent and null are one key, `null`: an order tells them apart nowhere. */
export class KeyTerm {
  /** -1 where larger cells come first. */
  readonly sign: 1 | -1;
  /** -1 where missing cells come first. */
  readonly missingSign: 1 | -1;
  readonly #read: (row: Row) => Value | undefined;

  constructor(term: OrderTerm) {
    this.sign = term.direction === "asc" ? 1 : -1;
    this.missingSign = term.nulls === "last" ? 1 : -1;
    this.#read = compilePath(term.column);
  }

  /** The sort key of a row. */
  cell(row: Row): Value {
    return this.#read(row) ?? null;
  }

  /** As `compileOrder` compares this column. */
  compare(a: Value, b: Value): number {
    if (a === null || b === null) return (Number(a === null) - Number(b === null)) * this.missingSign;
    return compareValues(a, b) * this.sign;
  }
}
