import {
  compileConditions,
  compileSearch,
  type Condition,
  everything,
  foldCase,
  type Query,
  queryKey,
  type RowTest,
} from "../query/index.ts";

/** The rows that a query asks for, without their order, in a form that can be compared with another's. */
export class QueryScope {
  /** The same for scopes of the same rows. */
  readonly key: string;
  /** All of them must hold; none is a group of such. */
  readonly conditions: readonly Condition[];
  /** Folded. */
  readonly search: string | undefined;
  /** Where the search looks; `undefined`: every text cell, or no search. */
  readonly searchColumns: readonly string[] | undefined;
  /** Made when a view is: most queries are of one that is there. */
  #conditionKeys: ReadonlySet<string> | undefined;

  constructor(query: Query, searchColumns: readonly string[] | undefined) {
    const columns = query.search === undefined ? undefined : searchColumns;
    this.key = `${queryKey(query)}${columns === undefined ? "" : JSON.stringify(columns)}`;
    this.conditions = query.conditions.flatMap(conjuncts);
    this.search = query.search === undefined ? undefined : foldCase(query.search);
    this.searchColumns = columns;
  }

  /** One key for each condition, in no order. */
  get conditionKeys(): ReadonlySet<string> {
    this.#conditionKeys ??= new Set(
      this.conditions.map((one) => queryKey({ ...everything, conditions: [one] })),
    );
    return this.#conditionKeys;
  }
}

/**
 * Whether every row of the narrow scope is one of the wide scope. A cell that holds a text holds every part of it:
 * folding takes each letter of a cell by itself, or, where it doesn't (the sigma at a word's end), to one form.
 */
export function isWithin(narrow: QueryScope, wide: QueryScope): boolean {
  if (wide.conditionKeys.size > narrow.conditionKeys.size) return false;
  for (const key of wide.conditionKeys) if (!narrow.conditionKeys.has(key)) return false;
  if (wide.search === undefined) return true;
  return (
    narrow.search?.includes(wide.search) === true && sameColumns(narrow.searchColumns, wide.searchColumns)
  );
}

/** Tells the rows of the scope; among those of a wider one, `within`, only what that does not ask for is looked at. */
export function compileScope(scope: QueryScope, within?: QueryScope): RowTest {
  const { search, searchColumns } = scope;
  const holds =
    scope.conditionKeys.size === within?.conditionKeys.size ? undefined : compileConditions(scope.conditions);
  if (search === undefined || search === within?.search) return holds ?? (() => true);
  const isFound = compileSearch(search, searchColumns);
  return holds === undefined ? (_id, row) => isFound(row) : (id, row) => holds(id, row) && isFound(row);
}

/** Whether every row is in it. */
export function isEverything(scope: QueryScope): boolean {
  return scope.conditions.length === 0 && scope.search === undefined;
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === "and" ? condition.conditions.flatMap(conjuncts) : [condition];
}

function sameColumns(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return (
    a === b ||
    (a !== undefined && b !== undefined && a.length === b.length && a.every((column, at) => column === b[at]))
  );
}
