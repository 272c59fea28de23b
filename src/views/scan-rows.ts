import type { Row } from "../record/index.ts";
import { compileScope, isEverything, type QueryScope } from "./query-scope.ts";
import type { RowSet } from "./row-set.ts";

/** Rows beside their ids. */
export interface ScannedRows {
  readonly ids: string[];
  readonly rows: Row[];
}

/** Ids among which all that are looked for are. */
export interface ScanBase {
  readonly scope: QueryScope;
  readonly ids: readonly string[];
}

/** The rows of a scope, in the order of the base, else in the set's own. */
export function scanRows(set: RowSet, scope: QueryScope, base?: ScanBase): ScannedRows {
  return base === undefined ? scanAll(set, scope) : scanBase(set, scope, base);
}

function scanAll(set: RowSet, scope: QueryScope): ScannedRows {
  if (isEverything(scope)) return takeAll(set);
  const ids: string[] = [];
  const rows: Row[] = [];
  const holds = compileScope(scope);
  for (const [id, row] of set.entries()) {
    if (!holds(id, row)) continue;
    ids.push(id);
    rows.push(row);
  }
  return { ids, rows };
}

/** Lists that are made as long as they get take half the time, and leave nothing behind to be collected. */
function takeAll(set: RowSet): ScannedRows {
  const ids: string[] = [];
  const rows: Row[] = [];
  ids.length = rows.length = set.count;
  let at = 0;
  for (const [id, row] of set.entries()) {
    ids[at] = id;
    rows[at] = row;
    at += 1;
  }
  ids.length = rows.length = at;
  return { ids, rows };
}

function scanBase(set: RowSet, scope: QueryScope, base: ScanBase): ScannedRows {
  const ids: string[] = [];
  const rows: Row[] = [];
  const holds = compileScope(scope, base.scope);
  const found = lookUp(set, base.ids);
  for (const [at, id] of base.ids.entries()) {
    const row = found[at];
    if (row === undefined || !holds(id, row)) continue;
    ids.push(id);
    rows.push(row);
  }
  return { ids, rows };
}

/** In a loop of its own: so short that a processor waits for the memory of several rows at once. */
function lookUp(set: RowSet, ids: readonly string[]): (Row | undefined)[] {
  const rows: (Row | undefined)[] = [];
  for (const id of ids) rows.push(set.get(id));
  return rows;
}
