import { allOperators, type Operator } from "../../query/index.ts";
import { checkNames, flagOf, textOf } from "./option-problems.ts";
import type { RestColumns, RestFilter, RestOptions, RestOrder } from "./rest-options.ts";
import type {
  ColumnNames,
  FilterSettings,
  OrderSettings,
  ParameterTemplate,
  RestSettings,
} from "./rest-settings.ts";

const filterNames: ReadonlySet<string> = new Set<keyof RestFilter>([
  "columns",
  "operators",
  "list",
  "rule",
  "join",
  "dates",
  "loose",
]);

const operatorNames: ReadonlySet<string> = new Set(allOperators);

/** What the API filters on; what is wrong is added to the problems. */
export function toFilterSettings(
  given: RestOptions["filter"],
  problems: string[],
): FilterSettings | undefined {
  if (given === undefined) return undefined;
  const filter: RestFilter = isFilter(given) ? given : { columns: given };
  checkNames("option filter.", Object.keys(filter), filterNames, problems);
  const { rule, list = "repeat", operators = {} } = filter;
  if (rule !== undefined && typeof rule !== "function") problems.push("filter.rule: give a function");
  if (list !== "repeat" && list !== "comma") problems.push('filter.list: give "repeat" or "comma"');
  const templates = toTemplates(operators, problems);
  // Beside a rule, equality is the rule's as well, unless it is said how it is written.
  if (rule === undefined && !templates.has("=")) templates.set("=", toTemplate("{column}"));
  const isWide = rule !== undefined || [...templates.keys()].some((operator) => operator !== "=");
  return {
    nameOf: toNames("filter.columns", filter.columns, problems),
    operators: templates,
    isWide,
    list,
    rule,
    join: joinOf("filter.join", filter.join, problems),
    dates: flagOf("filter.dates", filter.dates, problems) ?? false,
    loose: flagOf("filter.loose", filter.loose, problems) ?? false,
  };
}

function isFilter(given: NonNullable<RestOptions["filter"]>): given is RestFilter {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

function toTemplates(
  operators: NonNullable<RestFilter["operators"]>,
  problems: string[],
): Map<Operator, ParameterTemplate> {
  const templates = new Map<Operator, ParameterTemplate>();
  for (const [name, text] of Object.entries(operators)) {
    if (text === undefined) continue;
    const operator = allOperators.find((known) => known === name);
    if (operator === undefined) checkNames("operator", [name], operatorNames, problems);
    else if (typeof text !== "string" || !/^[^=]/.test(text)) {
      problems.push(
        `filter.operators: ${JSON.stringify(name)}: give a text such as "{column}_gte" or "{column}=gte:{value}"`,
      );
    } else templates.set(operator, toTemplate(text));
  }
  return templates;
}

/** The name up to the first `=`, the value behind it. */
function toTemplate(text: string): ParameterTemplate {
  const at = text.indexOf("=");
  return at === -1
    ? { name: text, value: "{value}" }
    : { name: text.slice(0, at), value: text.slice(at + 1) };
}

/** Columns under their own names, or under those that are given. */
function toNames(option: string, columns: RestColumns | undefined, problems: string[]): ColumnNames {
  if (columns === undefined || columns === "any") return (column) => column;
  if (Array.isArray(columns)) {
    if (columns.some((name) => typeof name !== "string" || name === ""))
      problems.push(`${option}: give names of columns`);
    const known = new Set<unknown>(columns);
    return (column) => (known.has(column) ? column : undefined);
  }
  if (typeof columns !== "object" || columns === null) {
    problems.push(
      `${option}: give "any", a list of columns, or an object of columns and what the API calls them`,
    );
    return () => undefined;
  }
  const names = new Map<string, unknown>(Object.entries(columns));
  if ([...names.values()].some((name) => typeof name !== "string" || name === "")) {
    problems.push(`${option}: each column has a text, which the API calls it`);
  }
  return (column) => {
    const name = names.get(column);
    return typeof name === "string" ? name : undefined;
  };
}

const orderNames: ReadonlySet<string> = new Set<keyof RestOrder>([
  "parameter",
  "ascending",
  "descending",
  "directions",
  "several",
  "columns",
  "nulls",
  "texts",
  "ties",
]);

/** How the API orders; what is wrong is added to the problems. */
export function toOrderSettings(given: RestOrder | undefined, problems: string[]): OrderSettings | undefined {
  if (given === undefined) return undefined;
  const order: RestOrder = Object(given);
  checkNames("option order.", Object.keys(order), orderNames, problems);
  if (order.parameter === undefined) problems.push("order.parameter: give the name of the parameter");
  const { nulls } = order;
  if (nulls !== undefined && !["last", "first", "high", "low"].includes(nulls)) {
    problems.push('order.nulls: give "last", "first", "high" or "low"');
  }
  return {
    parameter: textOf("order.parameter", order.parameter, problems) ?? "",
    ascending: columnTemplate("order.ascending", order.ascending, "{column}", problems),
    descending: columnTemplate("order.descending", order.descending, "-{column}", problems),
    directions: textOf("order.directions", order.directions, problems),
    several: joinOf("order.several", order.several, problems),
    nameOf: toNames("order.columns", order.columns, problems),
    nulls,
    texts: flagOf("order.texts", order.texts, problems) ?? true,
    ties: flagOf("order.ties", order.ties, problems) ?? true,
  };
}

function columnTemplate(option: string, given: unknown, usual: string, problems: string[]): string {
  if (given === undefined) return usual;
  if (typeof given === "string" && given.includes("{column}")) return given;
  problems.push(`${option}: give a text with {column} in it`);
  return usual;
}

function joinOf(option: string, given: unknown, problems: string[]): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && given !== "") return given;
  problems.push(`${option}: give the text that stands between two`);
  return ",";
}

/** How the API searches; what is wrong is added to the problems. */
export function toSearchSettings(given: RestOptions["search"], problems: string[]): RestSettings["search"] {
  if (given === undefined) return undefined;
  const { parameter, loose = false }: { readonly parameter?: unknown; readonly loose?: unknown } =
    typeof given === "string" ? { parameter: given } : Object(given);
  if (typeof parameter !== "string" || parameter === "" || typeof loose !== "boolean") {
    problems.push("search: give the name of the parameter, or { parameter, loose }");
    return undefined;
  }
  return { parameter, loose };
}
