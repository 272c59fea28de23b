import type { Value } from "../record/index.ts";

/** Operators that compare a column with a value. */
export type ComparisonOperator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "contains" | "starts with";
/** Operators that take a list of values. */
export type ListOperator = "in" | "not in";
/** Operators that take no value. */
export type UnaryOperator = "is null" | "is not null";
export type Operator = ComparisonOperator | ListOperator | UnaryOperator;

/** A condition as frozen plain data. Columns may be dotted paths into nested objects. */
export type Condition =
  | {
      readonly kind: "compare";
      readonly column: string;
      readonly operator: ComparisonOperator;
      readonly value: Value;
    }
  | {
      readonly kind: "list";
      readonly column: string;
      readonly operator: ListOperator;
      readonly values: readonly Value[];
    }
  | { readonly kind: "null"; readonly column: string; readonly operator: UnaryOperator }
  | { readonly kind: "id"; readonly ids: readonly string[] }
  | { readonly kind: "and"; readonly conditions: readonly Condition[] }
  | { readonly kind: "or"; readonly conditions: readonly Condition[] }
  | { readonly kind: "not"; readonly condition: Condition };

export type Direction = "asc" | "desc";

/** One column of an order. Null and absent come last in both directions unless `nulls` says first. */
export interface OrderTerm {
  readonly column: string;
  readonly direction: Direction;
  readonly nulls: "first" | "last";
}

/** A narrowing and an order: conditions (all must hold), order (ties break by id), search text or none. */
export interface Query {
  readonly conditions: readonly Condition[];
  readonly order: readonly OrderTerm[];
  readonly search: string | undefined;
}

/** Every row, in the source's own order. */
export const everything: Query = Object.freeze({
  conditions: Object.freeze([]),
  order: Object.freeze([]),
  search: undefined,
});
