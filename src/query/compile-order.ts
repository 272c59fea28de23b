import { compareStrings, compareValues, type Row, type Value } from "../record/index.ts";
import type { OrderTerm } from "./query.ts";
import { compilePath } from "./read-path.ts";

/** Negative where row a comes before row b; zero for one id only. */
export type RowOrder = (aId: string, aRow: Row, bId: string, bRow: Row) => number;

/** The total order of these terms; ties break by id ascending. */
export function compileOrder(order: readonly OrderTerm[]): RowOrder {
  const terms = order.map(compileTerm);
  const [first, second] = terms;
  if (first === undefined) return (aId, _aRow, bId) => compareStrings(aId, bId);
  if (second === undefined) return (aId, aRow, bId, bRow) => first(aRow, bRow) || compareStrings(aId, bId);
  return (aId, aRow, bId, bRow) => {
    for (const term of terms) {
      const difference = term(aRow, bRow);
      if (difference !== 0) return difference;
    }
    return compareStrings(aId, bId);
  };
}

function compileTerm(term: OrderTerm): (a: Row, b: Row) => number {
  const read = compilePath(term.column);
  const sign = term.direction === "asc" ? 1 : -1;
  const nullSign = term.nulls === "last" ? 1 : -1;
  return (a, b) => {
    const cellA = read(a);
    const cellB = read(b);
    if (isMissing(cellA) || isMissing(cellB))
      return (Number(isMissing(cellA)) - Number(isMissing(cellB))) * nullSign;
    return compareValues(cellA, cellB) * sign;
  };
}

function isMissing(cell: Value | undefined): cell is null | undefined {
  return cell === undefined || cell === null;
}
