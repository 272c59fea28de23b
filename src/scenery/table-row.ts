import type { DioramaError } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import type { RowStatus } from "./scenery-host.ts";

/** One row of a table as it is shown. The same object as long as nothing of it is different. */
export interface TableRow<R extends object = Row> {
  readonly id: string;
  readonly row: R;
  readonly status: RowStatus;
  /** Why, where the status is `failed`. */
  readonly error?: DioramaError;
}

/** Positions without a row, and rows that are still to come, are `undefined`. */
export type TableRows = readonly (TableRow | undefined)[];

/** Rows that were read before, by position: what shows the same is the same object again. */
export interface KnownRows {
  readonly start: number;
  readonly rows: TableRows;
}
