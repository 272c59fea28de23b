import type { Condition } from "../../query/index.ts";
import type { RestOptions, RestParameter } from "./rest-options.ts";

/** Which JSON Server it is. */
export interface JsonServerOptions {
  /** 0: up to 0.17, and what JSONPlaceholder runs. 1: 1.0 with its betas. */
  readonly version?: 0 | 1 | undefined;
}

/** Options that say nothing of the rows. */
export type RestPreset = Omit<RestOptions, "schema">;

/**
 * Options for APIs in the style of JSON Server, to be spread into those of `rest`. Declare the columns that are
 * filtered and ordered by, with their types: then pages, counts and orders of a query are the server's own.
 */
export function jsonServer({ version = 0 }: JsonServerOptions = {}): RestPreset {
  return version === 0 ? versionZero : versionOne;
}

type Suffixes = Readonly<Record<string, string>>;

/** Names that the server takes for something else than a column. */
const RESERVED = /^_|^(?:q|callback)$|[^\w.-]|_(?:lte?|gte?|ne|eq|like|in|contains|startsWith|endsWith)$/;

/** What it compares as numbers; it reads others otherwise. */
const isWhole = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value);

/** Texts that version 1 takes for a number, a boolean, null, or no filter at all. */
const isPlainText = (value: unknown): value is string =>
  typeof value === "string" &&
  !["", "true", "false", "null"].includes(value.trim()) &&
  Number.isNaN(Number(value));

/** Not `_ne`: it leaves out texts that look like the number, which are not equal to it. */
const suffixes: Suffixes = { "=": "", ">=": "_gte", "<=": "_lte" };
const suffixesOfOne: Suffixes = { ...suffixes, ">": "_gt", "<": "_lt" };

function write(column: string, suffix: string, value: string | number | boolean): readonly RestParameter[] {
  return [[`${column}${suffix}`, String(value)]];
}

/** It compares the texts of cells; ranges by number where the cell is one. */
function ruleOfZero(given: Condition): readonly RestParameter[] | undefined {
  if (given.kind !== "compare" || RESERVED.test(given.column)) return undefined;
  const { column, operator, value } = given;
  const suffix = suffixes[operator];
  if (suffix === undefined) return undefined;
  if (isWhole(value)) return write(column, suffix, value);
  const isText = typeof value === "string" || typeof value === "boolean";
  return isText && operator === "=" ? write(column, suffix, value) : undefined;
}

/** It knows whole numbers, booleans, and texts that look like nothing else. */
function ruleOfOne(given: Condition): readonly RestParameter[] | undefined {
  if (given.kind !== "compare" || RESERVED.test(given.column)) return undefined;
  const { column, operator, value } = given;
  const suffix = suffixesOfOne[operator];
  if (suffix === undefined) return undefined;
  if (isWhole(value)) return write(column, suffix, value);
  const isText = typeof value === "boolean" || isPlainText(value);
  return isText && operator === "=" ? write(column, suffix, value) : undefined;
}

/** It looks before it inserts, for an id that is taken ends with a 500 or with two rows. */
const writes: RestOptions["writes"] = {
  insert: "POST",
  add: true,
  replace: true,
  patch: true,
  delete: true,
  lookFirst: ["insert"],
};

const versionZero: RestPreset = {
  paging: { kind: "offset", offset: "_start", limit: "_limit" },
  total: { header: "X-Total-Count" },
  filter: { rule: ruleOfZero },
  // It tells null from absent, which would part the ranks of a second column.
  order: { parameter: "_sort", directions: "_order", nulls: "high" },
  // It looks into numbers and nested values too.
  search: { parameter: "q", loose: true },
  writes,
  // Without a page it answers with the whole collection, under its ETag.
  version: true,
};

const versionOne: RestPreset = {
  paging: { kind: "page", page: "_page", size: "_per_page", clamps: true },
  rows: "data",
  total: { field: "items" },
  // A cell that is null passes its filters.
  filter: { rule: ruleOfOne, loose: true },
  // Its texts come in the order of the server's language.
  order: { parameter: "_sort", several: ",", texts: false, ties: false },
  writes,
};
