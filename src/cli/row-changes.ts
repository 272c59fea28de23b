import { equalRows, type Row } from "../record/index.ts";
import type { Vista } from "../vista/index.ts";

/** What has become of one row of a vista. */
export interface RowChange {
  readonly type: "inserted" | "updated" | "deleted";
  readonly id: string;
  /** As it is now; `undefined` where it is gone. */
  readonly row: Row | undefined;
}

/**
 * The changes of the vista's rows from now on, row by row: where only is told that the set has changed, what
 * differs is found out; what tells of nothing new is left out.
 */
export async function* rowChanges(vista: Vista, signal: AbortSignal): AsyncGenerator<RowChange> {
  const changes = vista.watch({ signal });
  // Subscribed before the rows are read, so that nothing falls in between.
  const first = changes.next();
  first.catch(() => undefined);
  let known = await vista.list({ signal });
  for (let next = await first; next.done !== true; next = await changes.next()) {
    const { value } = next;
    if (value.type === "invalidated") {
      const now = await vista.list({ signal });
      yield* differences(known, now);
      known = now;
    } else {
      const row =
        value.type === "deleted" ? undefined : (value.row ?? (await vista.get(value.id, { signal })));
      const change = changeOf(value.id, known.get(value.id), row);
      if (row === undefined) known.delete(value.id);
      else known.set(value.id, row);
      if (change !== undefined) yield change;
    }
  }
}

function* differences(before: ReadonlyMap<string, Row>, now: ReadonlyMap<string, Row>): Generator<RowChange> {
  for (const id of before.keys()) if (!now.has(id)) yield { type: "deleted", id, row: undefined };
  for (const [id, row] of now) {
    const change = changeOf(id, before.get(id), row);
    if (change !== undefined) yield change;
  }
}

function changeOf(id: string, before: Row | undefined, row: Row | undefined): RowChange | undefined {
  if (row === undefined) return before === undefined ? undefined : { type: "deleted", id, row };
  if (before === undefined) return { type: "inserted", id, row };
  return before === row || equalRows(before, row) ? undefined : { type: "updated", id, row };
}
