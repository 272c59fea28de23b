import { compileConditions, compileSearch, type Query, type RowTest } from "../query/index.ts";

/** The test of a query's conditions and search; `undefined` where it shows every row. */
export function createRowTest(
  query: Query,
  searchColumns: readonly string[] | undefined,
): RowTest | undefined {
  const { conditions, search } = query;
  if (conditions.length === 0 && search === undefined) return undefined;
  const matches = compileConditions(conditions);
  if (search === undefined) return matches;
  const finds = compileSearch(search, searchColumns);
  return (id, row) => matches(id, row) && finds(row);
}
