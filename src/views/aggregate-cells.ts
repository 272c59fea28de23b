import { DioramaError, unreachable } from "../base/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { RowCount } from "./aggregate-count.ts";
import { DistinctCount } from "./aggregate-distinct.ts";
import { ExtremeCell } from "./aggregate-extreme.ts";
import { NumberSum } from "./aggregate-sum.ts";
import { DecimalSum } from "./decimal-sum.ts";
import type { AggregateSpec } from "./view-contract.ts";

/** Column types that nothing of can be added up. */
const notSummable: readonly string[] = ["text", "boolean", "date", "bytes"];

/** Throws `invalid` for a spec without its column, or one that adds up a column that is declared of another type. */
export function checkAggregate(spec: AggregateSpec): void {
  const { kind, column, columnType } = spec;
  if (kind === "count") return;
  if (column === undefined) throw new DioramaError("invalid", `${kind} needs a column`);
  if ((kind === "sum" || kind === "avg") && columnType !== undefined && notSummable.includes(columnType)) {
    const message = `column ${JSON.stringify(column)}: a ${columnType} column can't be added up`;
    throw new DioramaError("invalid", message, { place: { column } });
  }
}

/** An accumulator of no cells for a spec that has been checked. */
export function createAccumulator(spec: AggregateSpec): CellAccumulator {
  const { kind, column = "", columnType } = spec;
  switch (kind) {
    case "count":
      return new RowCount();
    case "sum":
    case "avg":
      return columnType === "decimal" ? new DecimalSum(column, kind) : new NumberSum(column, kind);
    case "min":
    case "max":
      return new ExtremeCell(kind);
    case "distinct":
      return new DistinctCount();
    default:
      return unreachable(kind);
  }
}
