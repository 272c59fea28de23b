import { assert } from "../base/index.ts";
import type { Entry } from "../record/index.ts";
import { compileOrder } from "./compile-order.ts";
import { filterEntries } from "./evaluate.ts";
import type { Query } from "./query.ts";
import { takeFirst } from "./take-first.ts";

/** A stretch of a query's result; `total` counts the whole of it. */
export interface EvaluatedWindow {
  readonly rows: Entry[];
  readonly total: number;
}

/** Where from and how many: whole numbers, of which `limit` may be Infinity. */
export interface Window {
  readonly offset: number;
  readonly limit: number;
}

/** What `evaluate` has from `offset` on, at most `limit` of it, without sorting what stands behind. */
export function evaluateWindow(
  entries: Iterable<Entry>,
  query: Query,
  searchColumns: readonly string[] | undefined,
  window: Window,
): EvaluatedWindow {
  const { offset, limit } = window;
  assert(offset >= 0 && limit >= 0, "a window starts at 0 or later and has no negative size");
  const passing = filterEntries(entries, query, searchColumns);
  const total = passing.length;
  if (query.order.length === 0) return { rows: passing.slice(offset, offset + limit), total };
  const compare = compileOrder(query.order);
  const first = takeFirst(passing, offset + limit, (a, b) => compare(a[0], a[1], b[0], b[1]));
  return { rows: first.slice(offset), total };
}
