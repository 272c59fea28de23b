import type { Duration } from "../../base/index.ts";
import type { Condition, Operator } from "../../query/index.ts";
import type { Row } from "../../record/index.ts";
import type { ColumnsInput, ReferenceInput, StandardSchemaV1 } from "../../vista/index.ts";
import type { HttpClientOptions } from "./http-options.ts";

/** Names of query parameters unless said otherwise; `size` is how many rows a request asks for. */
export type RestPaging =
  /** Numbered pages: `?page=3&limit=20`. `clamps`: for a number beyond the last, the last page comes again. */
  | {
      readonly kind: "page";
      readonly page: string;
      readonly size?: string;
      readonly first?: 0 | 1;
      readonly clamps?: boolean;
    }
  /** Rows skipped: `?skip=40&limit=20`. */
  | { readonly kind: "offset"; readonly offset: string; readonly limit?: string }
  /** A cursor out of the answer's field `next` (a path, `meta.next`), null or absent at the end. */
  | { readonly kind: "cursor"; readonly cursor: string; readonly next: string; readonly size?: string }
  /** The `Link` header's `rel="next"`. */
  | { readonly kind: "link"; readonly size?: string }
  /** The whole list in one answer. */
  | { readonly kind: "none" };

/** Where an answer says how many rows there are in all: a header (`X-Total-Count`, `Content-Range`) or a field. */
export type RestTotal = { readonly header: string } | { readonly field: string };

/** Columns that a part of the API knows: all under their own names, these, or these under other names. */
export type RestColumns = "any" | readonly string[] | Readonly<Record<string, string>>;

/** One parameter of the query string, not encoded yet. */
export type RestParameter = readonly [name: string, value: string];

/** How conditions go into the query string; what can't go there is tested here, on the rows that come. */
export interface RestFilter {
  /** The columns that the API filters on. Conditions on others are tested here. */
  readonly columns?: RestColumns | undefined;
  /**
   * How the API writes each operator that it has: `"{column}_gte"`, `"price[gte]"`, `"{column}=gte:{value}"`; without
   * a `=` the value is the parameter's. Equality is `"{column}"` unless told otherwise.
   */
  readonly operators?: Readonly<Partial<Record<Operator, string>>> | undefined;
  /** How `in` writes its list: the parameter again for each value, or one with commas between. */
  readonly list?: "repeat" | "comma" | undefined;
  /** Writes a condition in the API's own way; `undefined`: it is tested here. Goes before `operators`. */
  readonly rule?: ((condition: Condition) => readonly RestParameter[] | undefined) | undefined;
  /** Put between conditions that use the same parameter (`" and "`). Without it, such a one is tested here. */
  readonly join?: string | undefined;
  /** The API compares dates as moments, whichever way they are written. */
  readonly dates?: boolean | undefined;
  /** The API answers with all rows that match and perhaps with others: those are left out here. */
  readonly loose?: boolean | undefined;
}

/** How an order goes into the query string; what the API can't order is ordered here. */
export interface RestOrder {
  /** The parameter that names the columns. */
  readonly parameter: string;
  /** How a column is written for each direction: `"{column}"` and `"-{column}"` unless told otherwise. */
  readonly ascending?: string | undefined;
  readonly descending?: string | undefined;
  /** A second parameter that lists the directions, `asc` and `desc`; the first then lists plain columns. */
  readonly directions?: string | undefined;
  /** The API orders by several columns: put between them, `","`; `"repeat"`: the parameter again for each. */
  readonly several?: string | undefined;
  readonly columns?: RestColumns | undefined;
  /**
   * Where the API puts null and absent: always last, always first, as if higher or lower than every value. Where
   * nothing is said, an order by a column that may be null is made here.
   */
  readonly nulls?: "last" | "first" | "high" | "low" | undefined;
  /** Whether the API orders texts by code point; false: it has a way of its own, and they are ordered here. */
  readonly texts?: boolean | undefined;
  /** Whether rows of one rank come by id where the id is the last column; else they are put right here. */
  readonly ties?: boolean | undefined;
}

/** A search parameter; `loose`: the API finds all rows that it should and perhaps others, which are left out here. */
export type RestSearch = string | { readonly parameter: string; readonly loose?: boolean | undefined };

/** Which writes the API has; one that isn't named, and can't be made of another, is `unsupported`. */
export interface RestWrites {
  /** A row under an id of ours: sent to the collection (`POST`) or to its own path (`PUT`). */
  readonly insert?: "POST" | "PUT" | undefined;
  /** `POST` to the collection, which chooses the id. Alone, an insert is stored under the API's id as well. */
  readonly add?: boolean | undefined;
  /** `PUT` of a whole row. Where there is only `PATCH`, the columns that go are set to null. */
  readonly replace?: boolean | undefined;
  /** `PATCH` of some columns. Where there is only `PUT`, the row is read, changed and sent whole. */
  readonly patch?: boolean | undefined;
  readonly delete?: boolean | undefined;
  /** Whether an answer to a write is the stored row; otherwise it is read again. Default true. */
  readonly answersRow?: boolean | undefined;
  /** Writes for which the API doesn't say that the id is taken, or missing: the row is asked for first. */
  readonly lookFirst?: readonly ("insert" | "replace" | "patch" | "delete")[] | undefined;
}

/** What a collection looks like and what can be asked of it; how it is asked is in `HttpClientOptions`. */
export interface RestOptions<R extends object = Row> extends HttpClientOptions {
  /** Names the Vista and its cache table; without it, the last part of the URL's path. */
  readonly name?: string | undefined;
  /** The column that holds the id, `"id"` by default; its own type stays as it is. */
  readonly id?: string | undefined;
  /** Types of columns, some or all; others are kept as the JSON that they are. */
  readonly columns?: ColumnsInput | undefined;
  /** False: only the declared columns are kept. */
  readonly open?: boolean | undefined;
  readonly title?: string | readonly string[] | undefined;
  readonly references?: Readonly<Record<string, ReferenceInput>> | undefined;
  /** Checks rows at the boundary, both ways, and says their type. */
  readonly schema?: StandardSchemaV1<unknown, R> | undefined;
  /** The path of the list in an answer (`"data.items"`); without it the answer is the list. */
  readonly rows?: string | undefined;
  /** The path of the row in an answer about one row; without it the answer is the row. */
  readonly row?: string | undefined;
  readonly total?: RestTotal | undefined;
  /** Where a count of its own is asked for, below the collection: `"count"`. `field`: where the answer has it. */
  readonly count?: string | { readonly path: string; readonly field?: string | undefined } | undefined;
  readonly paging?: RestPaging | undefined;
  /** Rows that one request of a read asks for, 100 by default; the API's own where it takes no size. */
  readonly pageSize?: number | undefined;
  /** The most rows that the API gives at once: larger pages are put together of several. */
  readonly maxPageSize?: number | undefined;
  /** `"any"` or a list of columns: their equality, nothing more. */
  readonly filter?: RestFilter | "any" | readonly string[] | undefined;
  readonly order?: RestOrder | undefined;
  readonly search?: RestSearch | undefined;
  /** The path of one row, `"{id}"` below the collection by default; false: the API has none. */
  readonly item?: string | false | undefined;
  readonly writes?: RestWrites | undefined;
  /** The collection's ETag or Last-Modified changes with every change of any row. True without paging, else false. */
  readonly version?: boolean | undefined;
  /** How often a watcher compares versions: milliseconds, or a text such as `"1m"`. Without it there is no `watch`. */
  readonly pollEvery?: Duration | undefined;
}
