import type { Entry } from "../record/index.ts";
import { DioramaError } from "../base/index.ts";

/** Rows as they are handed over: a map or pairs of id and row, or plain rows where they hold their id. */
export type RowsInput<R extends object> =
  | ReadonlyMap<string, R>
  | Iterable<readonly [id: string, row: R]>
  | Iterable<R>
  | AsyncIterable<readonly [id: string, row: R]>
  | AsyncIterable<R>;

/** The pairs of id and row in any of these forms; `idOf` finds the id of a row that comes alone. */
export async function* toEntries<R extends object>(
  rows: RowsInput<R>,
  idOf: (row: R) => string,
): AsyncGenerator<Entry<R>[]> {
  const batchRows = 1_000;
  let batch: Entry<R>[] = [];
  if (Symbol.asyncIterator in rows) {
    for await (const item of rows) {
      batch.push(isPair(item) ? item : [idOf(item), item]);
      if (batch.length < batchRows) continue;
      yield batch;
      batch = [];
    }
  } else if (Symbol.iterator in rows) {
    for (const item of rows) {
      batch.push(isPair(item) ? item : [idOf(item), item]);
      if (batch.length < batchRows) continue;
      yield batch;
      batch = [];
    }
  } else {
    throw new DioramaError("invalid", "rows: give a Map, or an iterable of [id, row] pairs or of rows");
  }
  if (batch.length > 0) yield batch;
}

function isPair<R extends object>(item: R | readonly [string, R]): item is readonly [string, R] {
  return Array.isArray(item);
}
