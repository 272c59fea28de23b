import type { Range } from "../views/index.ts";
import type { KnownRows, TableRow, TableRows } from "./table-row.ts";

/** What a table says of itself, beside its rows. */
export type TableProperty = "rowCount" | "total" | "hasMore" | "state";

/**
 * What one publication changed of what a table shows: of its viewport, or of all rows until one is set. Reading the
 * rows of `ranges` again brings a copy of them up to date.
 */
export interface TableChange {
  /** Everything may be different: another order, search or narrowing, or too much to tell. */
  readonly reset: boolean;
  /** Positions that show something else, ascending and apart; within the viewport, where one is set. */
  readonly ranges: readonly Range[];
  /** Rows that came, left, or changed in content or status; those that only moved are not among them. */
  readonly ids: readonly string[];
  /** What else is different. */
  readonly properties: readonly TableProperty[];
}

const nothing: readonly never[] = Object.freeze([]);

/** Positions of which nobody kept what they showed. */
export function toTableChange(
  effect: Omit<TableChange, "properties">,
  properties: readonly TableProperty[] = nothing,
): TableChange {
  return { reset: effect.reset, ranges: effect.ranges, ids: effect.ids, properties };
}

/** Of the same positions before and after; both lists stay as they are. */
export class ViewportChange implements TableChange {
  readonly reset: boolean;
  readonly ranges: readonly Range[];
  readonly properties: readonly TableProperty[];
  readonly #before: KnownRows;
  readonly #after: TableRows;
  #ids: readonly string[] | undefined;

  constructor(
    before: KnownRows,
    after: TableRows,
    said: { readonly reset: boolean; readonly properties: readonly TableProperty[] },
  ) {
    this.reset = said.reset;
    this.properties = said.properties;
    this.#before = before;
    this.#after = after;
    this.ranges = rangesOf(before, after);
  }

  /** Worked out when somebody asks: most listeners read the rows and nothing else. */
  get ids(): readonly string[] {
    this.#ids ??= idsOf(this.ranges, this.#before, this.#after);
    return this.#ids;
  }
}

function rangesOf({ start, rows }: KnownRows, after: TableRows): readonly Range[] {
  const ranges: Range[] = [];
  const length = Math.max(rows.length, after.length);
  let from = -1;
  for (let at = 0; at <= length; at++) {
    const differs = at < length && rows[at] !== after[at];
    if (differs && from === -1) from = at;
    if (differs || from === -1) continue;
    ranges.push({ start: start + from, end: start + at });
    from = -1;
  }
  return ranges;
}

function idsOf(ranges: readonly Range[], { start, rows }: KnownRows, after: TableRows): readonly string[] {
  const before = new Map<string, TableRow>();
  for (const range of ranges) {
    for (const row of rows.slice(range.start - start, range.end - start)) {
      if (row !== undefined) before.set(row.id, row);
    }
  }
  const ids: string[] = [];
  for (const range of ranges) {
    for (const row of after.slice(range.start - start, range.end - start)) {
      if (row === undefined) continue;
      if (before.get(row.id) !== row) ids.push(row.id);
      before.delete(row.id);
    }
  }
  return [...ids, ...before.keys()];
}
