import { TimeSlice } from "../base/index.ts";
import { compileConditions, compileSearch, type Query, type RowTest } from "../query/index.ts";
import type { OrderedView } from "../views/index.ts";
import type { WarmHost } from "./warm-host.ts";

/** Where rows change all the time, counting them in turns never comes to an end that says something. */
const ATTEMPTS = 3;

/** Whether a view has as many rows as match its query, once all rows are in memory. Takes turns; true where it can't be told. */
export async function holdsItsRows(query: Query, view: OrderedView, host: WarmHost): Promise<boolean> {
  const { state } = host;
  const matches = compileTest(query, host.searchColumns());
  for (let attempt = 0; attempt < ATTEMPTS && !host.closing.aborted; attempt++) {
    const version = state.settle();
    if (matches === undefined) return view.count === state.visibleCount;
    const slice = new TimeSlice();
    let count = 0;
    for (const [id, row] of state.visibleEntries()) {
      if (matches(id, row)) count += 1;
      if (!slice.isOver) continue;
      await slice.next();
      if (state.settle() !== version) break;
    }
    if (state.settle() === version) return view.count === count;
  }
  return true;
}

/** `undefined`: every row matches. */
function compileTest(query: Query, searchColumns: readonly string[] | undefined): RowTest | undefined {
  const { conditions, search } = query;
  if (conditions.length === 0 && search === undefined) return undefined;
  const holds = compileConditions(conditions);
  const finds = search === undefined ? undefined : compileSearch(search, searchColumns);
  return (id, row) => holds(id, row) && (finds === undefined || finds(row));
}
