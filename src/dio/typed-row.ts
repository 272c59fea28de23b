import type { Row } from "../record/index.ts";

/**
 * The one place where untyped rows get the application's type and lose it. The type is the application's
 * claim, or was checked by its validator at the source; inside, rows are columns and values.
 */
export function toTyped<R extends object>(row: Row): R;
export function toTyped<R extends object>(row: Row | undefined): R | undefined;
export function toTyped<R extends object>(row: Row | undefined): R | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return row as R | undefined;
}

export function toUntyped(row: object): Row {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return row as Row;
}
