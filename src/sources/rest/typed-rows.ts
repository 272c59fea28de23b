import type { Entry, Row } from "../../record/index.ts";

/** A typed row as the columns and values that it is. */
export function asRow(row: object): Row {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the Vista has checked it
  return row as Row;
}

/** A row as the caller's own type: its claim, or what its validator will see to. */
export function asTyped<R extends object>(row: Row): R {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return row as unknown as R;
}

/** As `asTyped`, with the id. */
export function asEntry<R extends object>([id, row]: Entry): Entry<R> {
  return [id, asTyped<R>(row)];
}

/** As `asTyped`, for many. */
export function asEntries<R extends object>(entries: readonly Entry[]): readonly Entry<R>[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return entries as unknown as readonly Entry<R>[];
}
