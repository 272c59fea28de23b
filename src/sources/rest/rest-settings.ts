import type { Condition, Operator } from "../../query/index.ts";
import type { Schema } from "../../vista/index.ts";
import type { FieldPath } from "./field-path.ts";
import type { HttpSettings } from "./http-options.ts";
import type { RestPaging, RestParameter, RestWrites } from "./rest-options.ts";

/** How a parameter is written; `{column}` and `{value}` stand for what they say. */
export interface ParameterTemplate {
  readonly name: string;
  readonly value: string;
}

/** What a column is called in a part of the API; `undefined`: that part doesn't know it. */
export type ColumnNames = (column: string) => string | undefined;

export interface FilterSettings {
  readonly nameOf: ColumnNames;
  readonly operators: ReadonlyMap<Operator, ParameterTemplate>;
  /** It may answer for other operators than equality. */
  readonly isWide: boolean;
  readonly list: "repeat" | "comma";
  readonly rule: ((condition: Condition) => readonly RestParameter[] | undefined) | undefined;
  readonly join: string | undefined;
  readonly dates: boolean;
  readonly loose: boolean;
}

export interface OrderSettings {
  readonly parameter: string;
  readonly ascending: string;
  readonly descending: string;
  readonly directions: string | undefined;
  readonly several: string | undefined;
  readonly nameOf: ColumnNames;
  readonly nulls: "last" | "first" | "high" | "low" | undefined;
  readonly texts: boolean;
  readonly ties: boolean;
}

export interface CountSettings {
  readonly url: URL;
  readonly field: FieldPath | undefined;
}

/** The options, checked and complete. */
export interface RestSettings {
  readonly name: string;
  /** The collection, without user and password. */
  readonly url: URL;
  /** As it was given: a user in it logs in. */
  readonly base: URL;
  readonly schema: Schema;
  readonly idColumn: string;
  readonly rows: FieldPath | undefined;
  readonly row: FieldPath | undefined;
  readonly total: { readonly header: string } | { readonly field: FieldPath } | undefined;
  readonly count: CountSettings | undefined;
  readonly paging: RestPaging;
  readonly nextField: FieldPath;
  readonly pageSize: number;
  readonly maxPageSize: number;
  readonly filter: FilterSettings | undefined;
  readonly order: OrderSettings | undefined;
  readonly search: { readonly parameter: string; readonly loose: boolean } | undefined;
  /** With `{id}` in it. */
  readonly item: string | undefined;
  readonly writes: RestWrites;
  readonly version: boolean;
  /** Parameters that have a meaning already: no condition may use them. */
  readonly taken: ReadonlySet<string>;
  readonly pollEveryMs: number | undefined;
  readonly http: HttpSettings;
}
