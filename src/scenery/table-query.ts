import { errorAt } from "../base/index.ts";
import {
  checkQuery,
  type ConditionInput,
  everything,
  narrow,
  orderedBy,
  type OrderInput,
  type Query,
  searching,
} from "../query/index.ts";
import { columnNamesOf, toConditions, toOrderTerms } from "../vista/index.ts";
import type { SceneryHost } from "./scenery-host.ts";

/** One condition, or several that must all hold. */
export type WhereInput = ConditionInput | readonly ConditionInput[];

/** One term, or several: `"price"`, `["price", "desc"]`, `[["category"], ["price", "desc"]]`. */
export type OrderByInput = OrderInput | readonly OrderInput[];

/** Which rows a Scenery is about. */
export interface SceneryFilter {
  readonly where?: WhereInput | undefined;
  /** Blank: none. */
  readonly search?: string | undefined;
}

export interface TableSceneryOptions extends SceneryFilter {
  /** Without one, the rows stand in the order of the source. Ties break by id. */
  readonly orderBy?: OrderByInput | undefined;
  /** Rows that a load asks for; by default the Lens's. */
  readonly pageSize?: number | undefined;
}

/** Whose schema decides which columns there are. */
type Place = Pick<SceneryHost, "name" | "schema">;

/** The query that the options stand for; `invalid` names the vista and the column. */
export function toQuery(options: TableSceneryOptions, place: Place): Query {
  const filtered = withSearch(withWhere(everything, options.where, place), options.search, place);
  return withOrder(filtered, options.orderBy, place);
}

/** The query with these conditions in place of its own. */
export function withWhere(query: Query, where: WhereInput | undefined, place: Place): Query {
  const conditions = where === undefined ? [] : toConditions([where], { vista: place.name });
  return checked(narrow({ ...query, conditions: [] }, ...conditions), place);
}

/** The query with this search in place of its own. */
export function withSearch(query: Query, search: string | undefined, place: Place): Query {
  return searching(query, search, { vista: place.name });
}

/** The query with this order in place of its own. */
export function withOrder(query: Query, orderBy: OrderByInput | undefined, place: Place): Query {
  const terms =
    orderBy === undefined ? [] : toOrderTerms([isTerm(orderBy) ? [orderBy] : orderBy], { vista: place.name });
  return checked(orderedBy({ ...query, order: [] }, ...terms), place);
}

/** A column that a value is taken from: `invalid` where the schema hasn't got it. */
export function checkColumn(column: string, place: Place): void {
  checked(orderedBy(everything, ...toOrderTerms([column], { vista: place.name })), place);
}

/** How many rows a load asks for. */
export function checkPageSize(pageSize: number | undefined, place: Place): number | undefined {
  if (pageSize === undefined || (Number.isSafeInteger(pageSize) && pageSize >= 1)) return pageSize;
  throw errorAt("invalid", { vista: place.name }, `a page size is a whole number from 1, not ${pageSize}`);
}

function checked(query: Query, { name, schema }: Place): Query {
  checkQuery(query, columnNamesOf(schema), schema.open, name);
  return query;
}

/** `["price", "desc"]` is one column downwards, not the columns price and desc. */
function isTerm(orderBy: OrderByInput): orderBy is OrderInput {
  if (!Array.isArray(orderBy)) return true;
  const [column, direction] = orderBy;
  return typeof column === "string" && orderBy.length === 2 && (direction === "asc" || direction === "desc");
}
