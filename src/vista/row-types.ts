import type { Entry, Row } from "../record/index.ts";

/**
 * The row as the untyped rows that conditions and codecs work on. Interfaces have no index signature, so the
 * compiler can't see that every typed row is one; the boundary checks see to it.
 */
export function asRow(row: object): Row {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- rows are checked where they enter
  return row as Row;
}

/** A checked row as the caller's own type: the type is the caller's claim, or what its validator ensured. */
export function asTyped<R extends object>(row: object): R {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return row as R;
}

/** As `asRow`, for many. */
export function asEntries(entries: Iterable<Entry<object>>): Iterable<Entry> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return entries as Iterable<Entry>;
}

/** As `asTyped`, for many. */
export function asTypedEntries<R extends object>(entries: readonly Entry[]): readonly Entry<R>[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return entries as unknown as readonly Entry<R>[];
}
