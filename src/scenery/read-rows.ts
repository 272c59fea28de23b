import type { Row } from "../record/index.ts";
import type { Range } from "../views/index.ts";
import { RowLookup } from "./row-lookup.ts";
import type { RowStatus, SceneryHost } from "./scenery-host.ts";
import type { TableModel } from "./table-model.ts";
import type { KnownRows, TableRow } from "./table-row.ts";

/** What was read before, and since when only `changed` may show something else; `undefined`: any row may. */
export interface KnownReading extends KnownRows {
  readonly changed?: readonly string[] | undefined;
}

/** What stands at `[start, end)` now. */
export function readRows(
  host: SceneryHost,
  model: TableModel,
  { start, end }: Range,
  known: KnownReading,
): (TableRow | undefined)[] {
  const ids = model.idsBetween(start, end);
  const { changed } = known;
  const found = changed === undefined ? lookUp(host, ids) : undefined;
  const lookup = new RowLookup(known);
  const rows: (TableRow | undefined)[] = [];
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at];
    if (id === undefined) {
      rows.push(undefined);
      continue;
    }
    const index = start + at;
    const old = lookup.find(id, index);
    const isSame = old !== undefined && changed !== undefined && !changed.includes(id);
    // To look a row up costs more than all the rest; only whether it is on its way depends on its position.
    if (isSame && old.status !== "loading" && !model.isLoading(index)) rows.push(old);
    else {
      const row = found === undefined ? host.row(id) : found[at];
      rows.push(toTableRow(host, { id, row, status: statusAt(host, model, id, index) }, old));
    }
  }
  return rows;
}

/** In a loop of its own: so short that a processor waits for the memory of several rows at once. */
function lookUp(host: SceneryHost, ids: readonly (string | undefined)[]): (Row | undefined)[] {
  const rows: (Row | undefined)[] = [];
  for (const id of ids) rows.push(id === undefined ? undefined : host.row(id));
  return rows;
}

/** What stands at one position now. */
export function readRow(
  host: SceneryHost,
  model: TableModel,
  index: number,
  known: TableRow | undefined,
): TableRow | undefined {
  const id = model.idAt(index);
  if (id === undefined) return undefined;
  return toTableRow(host, { id, row: host.row(id), status: statusAt(host, model, id, index) }, known);
}

/** A row that is on its way again is `loading`, unless there is more to say of it. */
function statusAt(host: SceneryHost, model: TableModel, id: string, index: number): RowStatus {
  const status = host.status(id);
  return (status === "fresh" || status === "stale") && model.isLoading(index) ? "loading" : status;
}

/** An id whose row is not in memory yet shows nothing. */
function toTableRow(
  host: SceneryHost,
  { id, row, status }: { readonly id: string; readonly row: Row | undefined; readonly status: RowStatus },
  old: TableRow | undefined,
): TableRow | undefined {
  const error = status === "failed" ? host.errorOf(id) : undefined;
  if (old?.id === id && old.row === row && old.status === status && old.error === error) return old;
  if (row === undefined) return undefined;
  return error === undefined ? { id, row, status } : { id, row, status, error };
}
