import { unreachable } from "../base/index.ts";
import { compareStrings, isList, type Value } from "../record/index.ts";
import { foldCase } from "./compile-search.ts";
import type { Condition, OrderTerm, Query } from "./query.ts";

/** What of the query goes into a key; conditions and search always do. */
export interface QueryKeyParts {
  readonly order?: boolean;
}

/**
 * A text that stands for the query in a map: the same for queries that differ only in the order or the
 * repetition of their conditions, of a list's values or of an object's keys; different for all others.
 */
export function queryKey(query: Query, parts: QueryKeyParts = {}): string {
  const search = query.search === undefined ? "" : `?${JSON.stringify(foldCase(query.search))}`;
  const order = parts.order === true ? query.order.map(termKey).join("") : "";
  return `${groupKey("and", query.conditions)}${search}${order}`;
}

function termKey(term: OrderTerm): string {
  return `/${term.direction === "asc" ? "+" : "-"}${term.nulls === "last" ? "" : "0"}${JSON.stringify(term.column)}`;
}

function conditionKey(condition: Condition): string {
  switch (condition.kind) {
    case "compare":
      return `(${JSON.stringify(condition.column)} ${condition.operator} ${valueKey(condition.value)})`;
    case "list":
      return `(${JSON.stringify(condition.column)} ${condition.operator} ${setKey(condition.values.map(valueKey))})`;
    case "null":
      return `(${JSON.stringify(condition.column)} ${condition.operator})`;
    case "id":
      return `(id ${setKey(condition.ids.map((id) => JSON.stringify(id)))})`;
    case "and":
    case "or":
      return groupKey(condition.kind, condition.conditions);
    case "not":
      return `(not ${conditionKey(condition.condition)})`;
    default:
      return unreachable(condition);
  }
}

/** A group of one is its member, a group in a group of its kind is part of it. */
function groupKey(kind: "and" | "or", conditions: readonly Condition[]): string {
  const keys = new Set(flatten(kind, conditions).map(conditionKey));
  const [only = ""] = keys;
  return keys.size === 1 ? only : `(${kind} ${[...keys].sort(compareStrings).join("")})`;
}

function flatten(kind: "and" | "or", conditions: readonly Condition[]): readonly Condition[] {
  return conditions.flatMap((inner) =>
    (inner.kind === "and" || inner.kind === "or") && (inner.kind === kind || inner.conditions.length === 1)
      ? flatten(kind, inner.conditions)
      : [inner],
  );
}

function setKey(keys: readonly string[]): string {
  return `[${[...new Set(keys)].sort(compareStrings).join(",")}]`;
}

/** One text for values of exactly the same content by type: `5` is not `5n`, `-0` is not `0`. */
export function valueKey(value: Value): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "boolean":
      return String(value);
    default:
      return value === null ? "null" : containerKey(value);
  }
}

function containerKey(value: NonNullable<Value> & object): string {
  if (value instanceof Date) return `d${value.getTime()}`;
  if (value instanceof Uint8Array)
    return `b${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  if (isList(value)) return `[${value.map(valueKey).join(",")}]`;
  const keys = Object.keys(value).sort(compareStrings);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is left is an object of values
  const object = value as { readonly [key: string]: Value };
  return `{${keys.map((key) => `${JSON.stringify(key)}:${valueKey(object[key] ?? null)}`).join(",")}}`;
}
