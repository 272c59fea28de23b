import { DioramaError } from "../../base/index.ts";
import { condition, type Condition, type Operator } from "../../query/index.ts";
import type { Value } from "../../record/index.ts";
import type { ColumnType } from "../../vista/index.ts";
import type { RestParameter } from "./rest-options.ts";
import type { FilterSettings, ParameterTemplate, RestSettings } from "./rest-settings.ts";
import { fitsUrl, valueText } from "./value-text.ts";

/** What becomes of the conditions of a query. */
export interface FilterPlan {
  /** No row can match: nothing is asked. */
  readonly isEmpty: boolean;
  readonly parameters: readonly RestParameter[];
  /** What the API answers exactly: a row that fails is its mistake. */
  readonly claims: readonly Condition[];
  /** What is tested here. */
  readonly leftover: readonly Condition[];
}

/** Splits the conditions into what the API is asked for and what is tested here. */
export function planFilter(
  settings: RestSettings,
  types: ReadonlyMap<string, ColumnType>,
  conditions: readonly Condition[],
): FilterPlan {
  const parameters: RestParameter[] = [];
  const claims: Condition[] = [];
  const leftover: Condition[] = [];
  let isEmpty = false;
  for (const given of flatten(conditions)) {
    const asked = typedId(given, settings.idColumn, types);
    if (isNever(asked, types)) isEmpty = true;
    const written = settings.filter === undefined ? undefined : write(settings.filter, asked, types);
    if (written === undefined || !add(parameters, written, settings)) leftover.push(given);
    else (settings.filter?.loose === true || !isTyped(asked, types) ? leftover : claims).push(asked);
  }
  return { isEmpty, parameters, claims, leftover };
}

function flatten(conditions: readonly Condition[]): readonly Condition[] {
  return conditions.flatMap((given) => (given.kind === "and" ? flatten(given.conditions) : [given]));
}

/** Ids as a condition on the id column, where its type says what stands there. */
function typedId(given: Condition, idColumn: string, types: ReadonlyMap<string, ColumnType>): Condition {
  if (given.kind !== "id" || types.get(idColumn) !== "text") return given;
  const [only] = given.ids;
  return given.ids.length === 1 && only !== undefined
    ? condition(idColumn, "=", only)
    : condition(idColumn, "in", given.ids);
}

/** Whether it is about a column whose cells are all of one type: an API may take `5` and `"5"` for the same. */
function isTyped(given: Condition, types: ReadonlyMap<string, ColumnType>): boolean {
  if (given.kind !== "compare" && given.kind !== "list" && given.kind !== "null") return false;
  const type = types.get(given.column);
  return type !== undefined && type !== "json";
}

/** What no cell can meet: null, no value at all, or one of another type than the column. */
function isNever(given: Condition, types: ReadonlyMap<string, ColumnType>): boolean {
  if (given.kind === "id") return given.ids.length === 0;
  if (given.kind === "compare") {
    return given.operator !== "!=" && !mayHold(types.get(given.column), given.value);
  }
  if (given.kind !== "list" || given.operator !== "in") return false;
  return given.values.every((value) => !mayHold(types.get(given.column), value));
}

function mayHold(type: ColumnType | undefined, value: Value): boolean {
  if (value === null) return false;
  switch (type) {
    case "text":
    case "decimal":
      return typeof value === "string";
    case "integer":
    case "number":
      return typeof value === "number" || typeof value === "bigint";
    case "boolean":
      return typeof value === "boolean";
    case "date":
      return value instanceof Date;
    case "bytes":
      return value instanceof Uint8Array;
    case "json":
    case undefined:
      return true;
  }
}

function write(
  filter: FilterSettings,
  given: Condition,
  types: ReadonlyMap<string, ColumnType>,
): readonly RestParameter[] | undefined {
  const ruled = filter.rule?.(given);
  if (ruled !== undefined) return checkRuled(ruled);
  if (given.kind !== "compare" && given.kind !== "list" && given.kind !== "null") return undefined;
  const template = filter.operators.get(given.operator);
  const name = filter.nameOf(given.column);
  if (template === undefined || name === undefined || !isSafe(given, types)) return undefined;
  if (given.kind === "null") return [fill(template, name, "")];
  if (given.kind === "compare") {
    const text = valueText(given.value, filter.dates);
    return text === undefined ? undefined : [fill(template, name, text)];
  }
  return writeList(filter, template, { name, values: given.values });
}

/** Operators under which an API with an order or a case of its own would leave out rows that are due: nobody saw. */
const excluding: ReadonlySet<Operator> = new Set<Operator>(["<", "<=", ">", ">=", "!=", "not in"]);

/** Texts compare by code point here, and every database has its own way; numbers and moments compare everywhere alike. */
function isSafe(given: Condition, types: ReadonlyMap<string, ColumnType>): boolean {
  if ((given.kind !== "compare" && given.kind !== "list") || !excluding.has(given.operator)) return true;
  const type = types.get(given.column);
  const values = given.kind === "compare" ? [given.value] : given.values;
  return (
    (type === "integer" || type === "number" || type === "date") &&
    values.every((value) => value !== null && mayHold(type, value))
  );
}

/** A rule is the application's: what it writes is looked at before it goes into a URL. */
function checkRuled(ruled: readonly RestParameter[]): readonly RestParameter[] {
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) &&
    pair.length === 2 &&
    pair.every((part) => typeof part === "string" && part.isWellFormed());
  if (Array.isArray(ruled) && ruled.length > 0 && ruled.every(isPair)) return ruled;
  throw new DioramaError(
    "invalid",
    "filter.rule: it answers with a list of [name, value] texts, or undefined",
  );
}

function writeList(
  filter: FilterSettings,
  template: ParameterTemplate,
  { name, values }: { readonly name: string; readonly values: readonly Value[] },
): readonly RestParameter[] | undefined {
  const texts: string[] = [];
  for (const value of values) {
    // No cell is null in the eyes of a list.
    if (value === null) continue;
    const text = valueText(value, filter.dates);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  if (texts.length === 0) return undefined;
  if (filter.list === "repeat") return texts.map((text) => fill(template, name, text));
  return texts.some((text) => text.includes(",")) ? undefined : [fill(template, name, texts.join(","))];
}

/** In one go: what a value holds is never taken for a place to fill. */
function fill(template: ParameterTemplate, column: string, value: string): RestParameter {
  const filled = (text: string): string =>
    text.replaceAll(/\{(column|value)\}/g, (_place, what) => (what === "column" ? column : value));
  return [filled(template.name), filled(template.value)];
}

/** Adds the parameters unless one of them is used already, for what APIs make of that differs. */
function add(
  into: RestParameter[],
  written: readonly RestParameter[],
  { filter, taken }: RestSettings,
): boolean {
  if (written.some(([name]) => taken.has(name)) || !fitsUrl([...into, ...written])) return false;
  const earlier = written.map(([name]) => into.findIndex(([used]) => used === name));
  if (earlier.some((index) => index !== -1)) {
    const [only] = written;
    const index = earlier[0] ?? -1;
    const before = into[index];
    if (filter?.join === undefined || written.length !== 1 || only === undefined || before === undefined)
      return false;
    into[index] = [before[0], `${before[1]}${filter.join}${only[1]}`];
    return true;
  }
  into.push(...written);
  return true;
}
