import {
  compileOrder,
  foldCase,
  type Condition,
  type OrderTerm,
  type Query,
  type RowTest,
} from "../../query/index.ts";
import type { Row } from "../../record/index.ts";
import { createRowTest, searchColumnsOf, type ColumnType } from "../../vista/index.ts";
import { planFilter } from "./plan-filter.ts";
import { planOrder } from "./plan-order.ts";
import type { RestParameter } from "./rest-options.ts";
import type { RestSettings } from "./rest-settings.ts";
import { fitsUrl } from "./value-text.ts";

/** Ids that are asked for one by one; more of them are looked for among all rows. */
const MAX_SINGLE_IDS = 100;

/** How a query is answered: what the API is asked for, and what is done here. Made without asking anything. */
export interface RestPlan {
  readonly query: Query;
  /** No row can match: nothing is asked. */
  readonly isEmpty: boolean;
  /** These rows are asked for one by one. */
  readonly ids: readonly string[] | undefined;
  readonly parameters: readonly RestParameter[];
  /** What each row that the API answers has to pass. */
  readonly claims: RowTest | undefined;
  /** What rows are left out by here; with it, pages and counts are made of all rows. */
  readonly leftover: RowTest | undefined;
  readonly order: "none" | "api" | "ties" | "here";
  /** By rank alone: zero for rows that only their ids set apart. */
  readonly byRank: (a: Row, b: Row) => number;
  /** The parts that are done here, in words. */
  readonly here: readonly string[];
}

/** The plan of a query. */
export function planQuery(
  settings: RestSettings,
  types: ReadonlyMap<string, ColumnType>,
  query: Query,
): RestPlan {
  const single = query.conditions.find((given) => isSingle(settings, given));
  const ids = single?.kind === "id" ? [...new Set(single.ids)] : undefined;
  // The rows of these ids are at hand then: everything else is done with them.
  const api =
    ids === undefined ? settings : { ...settings, filter: undefined, order: undefined, search: undefined };
  const filter = planFilter(
    api,
    types,
    query.conditions.filter((given) => given !== single),
  );
  const order = planOrder(api, types, query.order);
  const search = planSearch(api, query.search);
  const columns = searchColumnsOf(settings.schema);
  const test = (conditions: readonly Condition[], text: string | undefined): RowTest | undefined =>
    createRowTest({ conditions, order: [], search: text }, columns);
  return {
    query,
    isEmpty: filter.isEmpty || ids?.length === 0,
    ids,
    parameters: [...filter.parameters, ...search.parameters, ...order.parameters],
    claims: test(filter.claims, search.claim),
    leftover: test(filter.leftover, search.leftover),
    order: order.by,
    byRank: rankOrder(query.order),
    here: hereOf(filter.leftover.length, search.leftover !== undefined, order.by),
  };
}

/** Whether it names few enough ids to ask for one by one. */
function isSingle({ item, filter, idColumn, schema }: RestSettings, given: Condition): boolean {
  if (given.kind !== "id" || item === undefined || given.ids.length > MAX_SINGLE_IDS) return false;
  const isText = schema.columns.some((column) => column.name === idColumn && column.type === "text");
  const canList = isText && filter?.operators.has("in") === true && filter.nameOf(idColumn) !== undefined;
  // One request for all of them, where the API has a list.
  return given.ids.length <= 1 || !canList;
}

interface SearchPlan {
  readonly parameters: readonly RestParameter[];
  readonly claim: string | undefined;
  readonly leftover: string | undefined;
}

function planSearch({ search }: RestSettings, text: string | undefined): SearchPlan {
  const here: SearchPlan = { parameters: [], claim: undefined, leftover: text };
  if (text === undefined || search === undefined) return here;
  const parameters: readonly RestParameter[] = [[search.parameter, text]];
  // Which of the small sigmas a capital becomes is no API's knowledge.
  if (foldCase(text).includes("σ") || !fitsUrl(parameters)) return here;
  return search.loose ? { ...here, parameters } : { parameters, claim: text, leftover: undefined };
}

/** The same id on both sides: what is left of the order is the terms' own. */
function rankOrder(order: readonly OrderTerm[]): (a: Row, b: Row) => number {
  const compare = compileOrder(order);
  return (a, b) => compare("", a, "", b);
}

function hereOf(conditions: number, searches: boolean, order: RestPlan["order"]): readonly string[] {
  const parts: string[] = [];
  if (conditions > 0) parts.push(conditions === 1 ? "1 condition" : `${conditions} conditions`);
  if (searches) parts.push("the search");
  if (order === "ties") parts.push("the order of ties");
  if (order === "here") parts.push("the order");
  return parts;
}
