import { DioramaError } from "../base/index.ts";
import type { Entry } from "../record/index.ts";

/** Rows as they are handed over: a map or pairs of id and row, or plain rows where they hold their id. */
export type RowsInput<R extends object> =
  | ReadonlyMap<string, R>
  | Iterable<readonly [id: string, row: R]>
  | Iterable<R>
  | AsyncIterable<readonly [id: string, row: R]>
  | AsyncIterable<R>;

const BATCH_ROWS = 1_000;

/**
 * The pairs of id and row in any of these forms, in batches; `idOf` finds the id of a row that comes alone.
 * `invalid` for what is none of them, naming `name` and the place in the input.
 */
export async function* toEntries<R extends object>(
  rows: RowsInput<R>,
  idOf: (row: R) => string,
  name: string,
): AsyncGenerator<Entry<R>[], void, undefined> {
  let batch: Entry<R>[] = [];
  let count = 0;
  const take = (item: R | readonly [string, R]): void => {
    count += 1;
    batch.push(toEntry(item, idOf, `${name}: item ${count} of the rows`));
  };
  if (isObject(rows) && Symbol.asyncIterator in rows) {
    for await (const item of rows) {
      take(item);
      if (batch.length < BATCH_ROWS) continue;
      yield batch;
      batch = [];
    }
  } else if (isObject(rows) && Symbol.iterator in rows) {
    for (const item of rows) {
      take(item);
      if (batch.length < BATCH_ROWS) continue;
      yield batch;
      batch = [];
    }
  } else {
    throw new DioramaError(
      "invalid",
      `${name}: these are no rows; give a Map, or an iterable of [id, row] pairs or of rows`,
    );
  }
  if (batch.length > 0) yield batch;
}

function toEntry<R extends object>(
  item: R | readonly [string, R],
  idOf: (row: R) => string,
  where: string,
): Entry<R> {
  if (isPair(item)) {
    if (item.length === 2 && typeof item[0] === "string" && isObject(item[1])) return item;
    throw new DioramaError("invalid", `${where} is a list that is no [id, row] pair`);
  }
  if (isObject(item)) return [idOf(item), item];
  throw new DioramaError("invalid", `${where} is no row but ${item === null ? "null" : `a ${typeof item}`}`);
}

function isPair<R extends object>(item: R | readonly [string, R]): item is readonly [string, R] {
  return Array.isArray(item);
}

/** What the types promise, and an application in JavaScript does not. */
function isObject(input: unknown): input is object {
  return typeof input === "object" && input !== null;
}
