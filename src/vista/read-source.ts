import { everything, hasId, narrow, type Query } from "../query/index.ts";
import type { Entry } from "../record/index.ts";
import { askSource, toError } from "./ask-source.ts";
import { checkStoredRow, toRowMap } from "./check-answer.ts";
import type { CallOptions, Source } from "./source.ts";
import { validateRow } from "./validate-row.ts";

/** The rows of an answer by id, checked: entries that are some, no id twice, the validator content. */
export async function toRows<R extends object>(
  source: Source<R>,
  entries: readonly Entry<R>[],
  rows: Map<string, R> = new Map(),
): Promise<Map<string, R>> {
  toRowMap(source.name, entries, rows);
  if (source.validator !== undefined) {
    for (const [id, row] of entries) rows.set(id, await toValidRow(source, id, row));
  }
  return rows;
}

/** One stored row, checked. */
export async function toStoredRow<R extends object>(source: Source<R>, id: string, row: R): Promise<R> {
  checkStoredRow(source.name, id, row);
  return source.validator === undefined ? row : toValidRow(source, id, row);
}

async function toValidRow<R extends object>(source: Source<R>, id: string, row: R): Promise<R> {
  const { validator } = source;
  return validator === undefined
    ? row
    : validateRow(validator, row, { vista: source.name, id, code: "rejected" });
}

/** One row as the source holds it: not yet validated, so that a bad one can be repaired. */
export async function fetchRow<R extends object>(
  source: Source<R>,
  id: string,
  call: CallOptions,
): Promise<R | undefined> {
  if (source.get !== undefined) {
    const row = await askSource(source, "get", call, () => source.get?.(id, call));
    if (row !== undefined) checkStoredRow(source.name, id, row);
    return row;
  }
  const query = source.capabilities.canMatch ? narrow(everything, hasId(id)) : everything;
  for await (const batch of readEntries(source, query, call)) {
    const row = toRowMap(source.name, batch).get(id);
    if (row !== undefined) return row;
  }
  return undefined;
}

/** The source's answer batch by batch, each one checked for itself. */
export async function* readBatches<R extends object>(
  source: Source<R>,
  query: Query,
  call: CallOptions,
): AsyncGenerator<readonly Entry<R>[], void, undefined> {
  for await (const batch of readEntries(source, query, call)) {
    const rows = await toRows(source, batch);
    yield source.validator === undefined ? batch : [...rows];
  }
}

/** The source's answer, unchecked. A source that hangs or goes on after an abort is left alone. */
export async function* readEntries<R extends object>(
  source: Source<R>,
  query: Query,
  call: CallOptions,
): AsyncGenerator<readonly Entry<R>[], void, undefined> {
  const iterator = openRead(source, query, call);
  let ended = false;
  try {
    for (;;) {
      const step = await askSource(source, "read", call, () => iterator.next());
      if (step.done === true) {
        ended = true;
        return;
      }
      yield step.value;
    }
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    // The reader had enough: what the source holds open is closed before the reader goes on.
    if (!ended && call.signal?.aborted !== true) await iterator.return?.();
    else release(iterator);
  }
}

/** At once, not through a promise: an abort in between would leave the iterator open. */
function openRead<R extends object>(
  source: Source<R>,
  query: Query,
  call: CallOptions,
): AsyncIterator<readonly Entry<R>[]> {
  call.signal?.throwIfAborted();
  try {
    return source.read(query, call)[Symbol.asyncIterator]();
  } catch (error) {
    throw toError(error, `${source.name}, read`);
  }
}

/** Lets go of a source that failed or hangs: nobody waits for it, and nobody is left to hear what it says. */
export function release(iterator: AsyncIterator<unknown>): void {
  try {
    iterator.return?.().catch(() => undefined);
  } catch {
    // As above: it was given up already, with the first error.
  }
}
