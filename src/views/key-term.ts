import { compilePath, type OrderTerm } from "../query/index.ts";
import { compareStrings, compareValues, type Row, type Value } from "../record/index.ts";
import type { KeyForm, PackedForm } from "./order-block.ts";

/** One column of an order, compiled. Absent and null are one key, `null`: an order tells them apart nowhere. */
export class KeyTerm {
  /** -1 where larger cells come first. */
  readonly sign: 1 | -1;
  /** What a missing cell is in a packed form. */
  readonly missing: number;
  readonly #read: (row: Row) => Value | undefined;

  constructor(term: OrderTerm) {
    this.sign = term.direction === "asc" ? 1 : -1;
    this.missing = term.nulls === "last" ? Infinity : -Infinity;
    this.#read = compilePath(term.column);
  }

  /** The sort key of a row. */
  cell(row: Row): Value {
    return this.#read(row) ?? null;
  }

  /** How lists of such keys are compared: exactly as `compileOrder` compares this column. */
  comparison(form: KeyForm): (a: Value, b: Value) => number {
    const { sign } = this;
    const nullSign = this.missing > 0 ? 1 : -1;
    const compareNulls = (a: Value, b: Value): number => (Number(a === null) - Number(b === null)) * nullSign;
    if (form === "text") {
      return (a, b) =>
        typeof a === "string" && typeof b === "string" ? compareStrings(a, b) * sign : compareNulls(a, b);
    }
    return (a, b) => (a === null || b === null ? compareNulls(a, b) : compareValues(a, b) * sign);
  }

  /** The cell as a float of this form, as `KeyForm` describes it; NaN where the form can't hold it. */
  pack(cell: Value, form: PackedForm): number {
    if (typeof cell === "number") return form === "number" ? packNumber(cell * this.sign) : NaN;
    if (cell === null) return this.missing;
    if (form === "empty" || packedFormOf(cell) !== form) return NaN;
    return (Number(cell) + 0) * this.sign + 0;
  }

  /** A cell that stands where the packed one stood. */
  unpack(key: number, form: PackedForm): Value {
    if (key === this.missing) return null;
    const plain = key * this.sign;
    if (form === "boolean") return plain === 1;
    if (form === "date") return new Date(plain);
    if (Math.abs(plain) === Number.MAX_VALUE) return plain > 0 ? Infinity : -Infinity;
    return plain + 0;
  }
}

/** The largest finite numbers stand for the infinities, which stand for missing cells: they can't be packed themselves. */
function packNumber(signed: number): number {
  // A sum with 0 makes 0 of -0, which the order does not tell apart.
  if (signed > -Number.MAX_VALUE && signed < Number.MAX_VALUE) return signed + 0;
  if (signed === Infinity) return Number.MAX_VALUE;
  return signed === -Infinity ? -Number.MAX_VALUE : NaN;
}

/** The packed form that could hold this cell; of a missing one, `empty`; none for what must stay a cell. */
export function packedFormOf(cell: Value): PackedForm | undefined {
  switch (typeof cell) {
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "bigint":
      return Number.isSafeInteger(Number(cell)) ? "number" : undefined;
    case "object":
      if (cell === null) return "empty";
      return cell instanceof Date ? "date" : undefined;
    default:
      return undefined;
  }
}
