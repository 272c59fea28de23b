import { DioramaError, isDioramaError, messageOf, toMilliseconds } from "../../base/index.ts";
import { createSchema, type Schema } from "../../vista/index.ts";
import { toHttpSettings } from "./check-http-options.ts";
import { toFilterSettings, toOrderSettings, toSearchSettings } from "./check-queries.ts";
import { toFieldPath } from "./field-path.ts";
import { httpOptionNames } from "./http-options.ts";
import { checkNames, countOf, flagOf, pathOf, textOf } from "./option-problems.ts";
import { isOwnPath, pathUrl } from "./request-url.ts";
import type { RestOptions, RestPaging, RestWrites } from "./rest-options.ts";
import type { CountSettings, RestSettings } from "./rest-settings.ts";

const DEFAULT_PAGE_ROWS = 100;

const knownOptions: ReadonlySet<string> = new Set<string>([
  "name",
  "id",
  "columns",
  "open",
  "title",
  "references",
  "schema",
  "rows",
  "row",
  "total",
  "count",
  "paging",
  "pageSize",
  "maxPageSize",
  "filter",
  "order",
  "search",
  "item",
  "writes",
  "version",
  "pollEvery",
  ...httpOptionNames,
] satisfies readonly (keyof RestOptions)[]);

/** The settings that the options stand for; `invalid` with every problem that they have. */
export function toSettings<R extends object>(given: string | URL, options: RestOptions<R>): RestSettings {
  const problems: string[] = [];
  checkNames("option", Object.keys(options), knownOptions, problems);
  const base = toCollectionUrl(given, problems);
  const url = new URL(base);
  url.username = "";
  url.password = "";
  const idColumn = textOf("id", options.id, problems) ?? "id";
  const schema = toSchema(idColumn, options, problems);
  const paging = toPaging(options.paging, problems);
  const filter = toFilterSettings(options.filter, problems);
  const order = toOrderSettings(options.order, problems);
  const search = toSearchSettings(options.search, problems);
  const item = toItem(options.item, url, problems);
  const maxPageSize = countOf("maxPageSize", options.maxPageSize, problems) ?? Infinity;
  const version = flagOf("version", options.version, problems) ?? paging.kind === "none";
  const settings: RestSettings = {
    name: textOf("name", options.name, problems) ?? nameOf(url),
    url,
    base,
    schema,
    idColumn,
    rows: pathOf("rows", options.rows, problems),
    row: pathOf("row", options.row, problems),
    total: toTotal(options.total, problems),
    count: toCount(options.count, url, problems),
    paging,
    nextField: paging.kind === "cursor" ? (toFieldPath(paging.next) ?? []) : [],
    pageSize: toPageSize(options, paging, { maxPageSize, problems }),
    maxPageSize,
    filter,
    order,
    search,
    item,
    writes: toWrites(options.writes, item, problems),
    version,
    taken: takenBy(url, paging, [order?.parameter, order?.directions, search?.parameter]),
    pollEveryMs: toPollEvery(options.pollEvery, version, problems),
    http: toHttpSettings(options, problems),
  };
  if (problems.length === 0) return settings;
  throw new DioramaError("invalid", `rest(${JSON.stringify(settings.name)}): ${problems.join("; ")}`);
}

/** Never quoted: it may hold a password. */
function toCollectionUrl(given: unknown, problems: string[]): URL {
  const text = given instanceof URL ? given.href : given;
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    problems.push("url: give the http or https URL of the collection");
    return new URL("http://localhost/");
  }
  url.hash = "";
  return url;
}

/** The last part of the path, else the host. */
function nameOf({ pathname, hostname }: URL): string {
  const last = pathname.split("/").findLast((part) => part !== "");
  if (last === undefined) return hostname;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** An id column that isn't declared holds what the API has there, numbers or texts. */
function toSchema<R extends object>(idColumn: string, options: RestOptions<R>, problems: string[]): Schema {
  const { columns, title, references, open = true } = options;
  try {
    const isDeclared = columns !== undefined && Object.hasOwn(columns, idColumn);
    const all = isDeclared ? columns : { [idColumn]: "json" as const, ...columns };
    return createSchema({ id: idColumn, columns: all, title, references, open });
  } catch (error) {
    if (!isDioramaError(error, "invalid")) throw error;
    problems.push(messageOf(error).replace(/^schema: /, ""));
    return createSchema({ id: "id" });
  }
}

const pagingNames: Readonly<
  Record<RestPaging["kind"], { readonly needs: readonly string[]; readonly may: readonly string[] }>
> = {
  page: { needs: ["page"], may: ["size", "first", "clamps"] },
  offset: { needs: ["offset"], may: ["limit"] },
  cursor: { needs: ["cursor", "next"], may: ["size"] },
  link: { needs: [], may: ["size"] },
  none: { needs: [], may: [] },
};

function toPaging(paging: RestPaging | undefined, problems: string[]): RestPaging {
  const none: RestPaging = { kind: "none" };
  if (paging === undefined) return none;
  const names = Object.hasOwn(pagingNames, Object(paging).kind) ? pagingNames[paging.kind] : undefined;
  if (names === undefined) {
    problems.push(`paging: its kind is one of ${Object.keys(pagingNames).join(", ")}`);
    return none;
  }
  const given = new Map<string, unknown>(Object.entries(paging));
  checkNames(
    `paging of kind ${paging.kind} with`,
    [...given.keys()],
    new Set(["kind", ...names.needs, ...names.may]),
    problems,
  );
  for (const name of [...names.needs, "size", "limit"]) {
    const value = given.get(name);
    const isDue = names.needs.includes(name) || value !== undefined;
    if (isDue && (typeof value !== "string" || value === ""))
      problems.push(`paging.${name}: give the name of a parameter`);
  }
  const { kind } = paging;
  if (kind === "page" && ![undefined, 0, 1].includes(paging.first))
    problems.push("paging.first: give 0 or 1");
  if (kind === "page") flagOf("paging.clamps", paging.clamps, problems);
  if (kind === "cursor" && toFieldPath(paging.next) === undefined) {
    problems.push('paging.next: give the path of a field, such as "meta.next"');
  }
  return paging;
}

function toPageSize<R extends object>(
  options: RestOptions<R>,
  paging: RestPaging,
  { maxPageSize, problems }: { readonly maxPageSize: number; readonly problems: string[] },
): number {
  const given = countOf("pageSize", options.pageSize, problems);
  if (given !== undefined && given > maxPageSize) problems.push("pageSize: it is larger than maxPageSize");
  const isFixed =
    (paging.kind === "page" && paging.size === undefined) ||
    (paging.kind === "offset" && paging.limit === undefined);
  if (isFixed && given === undefined) {
    problems.push("pageSize: the API takes no size, so say how many rows it gives at once");
  }
  return given ?? Math.min(DEFAULT_PAGE_ROWS, maxPageSize);
}

function toTotal<R extends object>(
  total: RestOptions<R>["total"],
  problems: string[],
): RestSettings["total"] {
  if (total === undefined) return undefined;
  const { header, field }: { readonly header?: unknown; readonly field?: unknown } = Object(total);
  const path = toFieldPath(field);
  if (typeof header === "string" && /^[\w-]+$/.test(header) && field === undefined) return { header };
  if (path !== undefined && header === undefined) return { field: path };
  problems.push('total: give { header: "X-Total-Count" } or { field: "meta.total" }');
  return undefined;
}

function toCount<R extends object>(
  count: RestOptions<R>["count"],
  url: URL,
  problems: string[],
): CountSettings | undefined {
  if (count === undefined) return undefined;
  const { path, field }: { readonly path?: unknown; readonly field?: unknown } =
    typeof count === "string" ? { path: count } : Object(count);
  if (typeof path !== "string" || path === "" || !isOwnPath(url, path)) {
    problems.push('count: give a path below the collection, such as "count"');
    return undefined;
  }
  return { url: pathUrl(url, path), field: pathOf("count.field", field, problems) };
}

function toItem(item: unknown, url: URL, problems: string[]): string | undefined {
  if (item === false) return undefined;
  if (item === undefined) return "{id}";
  if (typeof item === "string" && item.includes("{id}") && isOwnPath(url, item)) return item;
  problems.push('item: give the path of one row with {id} in it, such as "{id}" or "/post/{id}", or false');
  return undefined;
}

const writeNames: ReadonlySet<string> = new Set<keyof RestWrites>([
  "insert",
  "add",
  "replace",
  "patch",
  "delete",
  "answersRow",
  "lookFirst",
]);
const lookedFirst: readonly unknown[] = ["insert", "replace", "patch", "delete"];

function toWrites(writes: RestWrites | undefined, item: string | undefined, problems: string[]): RestWrites {
  if (writes === undefined) return {};
  if (typeof writes !== "object" || writes === null) {
    problems.push('writes: give an object such as { insert: "POST", patch: true }');
    return {};
  }
  checkNames("option writes.", Object.keys(writes), writeNames, problems);
  if (![undefined, "POST", "PUT"].includes(writes.insert))
    problems.push('writes.insert: give "POST" or "PUT"');
  for (const name of ["add", "replace", "patch", "delete", "answersRow"] as const)
    flagOf(`writes.${name}`, writes[name], problems);
  const { lookFirst } = writes;
  if (
    lookFirst !== undefined &&
    !(Array.isArray(lookFirst) && lookFirst.every((name) => lookedFirst.includes(name)))
  ) {
    problems.push(`writes.lookFirst: give a list of ${lookedFirst.join(", ")}`);
  }
  if (item === undefined && needsItem(writes))
    problems.push("writes: these need the path of one row: see `item`");
  return writes;
}

function needsItem({ insert, replace, patch, answersRow, lookFirst = [], ...writes }: RestWrites): boolean {
  const isSentThere = insert === "PUT" || replace === true || patch === true || writes.delete === true;
  return isSentThere || answersRow === false || lookFirst.length > 0;
}

function toPollEvery(given: unknown, version: boolean, problems: string[]): number | undefined {
  if (given === undefined) return undefined;
  try {
    const ms = toMilliseconds(
      typeof given === "string" || typeof given === "number" ? given : Number.NaN,
      "pollEvery",
    );
    if (!(ms > 0)) problems.push("pollEvery: give a duration over 0");
    if (!version)
      problems.push(
        "pollEvery compares versions: say `version: true` if the collection's ETag or Last-Modified tells every change",
      );
    return ms;
  } catch (error) {
    problems.push(messageOf(error));
    return undefined;
  }
}

/** Names that mean something already. */
function takenBy(url: URL, paging: RestPaging, others: readonly (string | undefined)[]): ReadonlySet<string> {
  const { kind: _kind, ...names } = paging;
  const paged = Object.entries(names)
    .filter(([key]) => key !== "next")
    .map(([, name]) => name);
  const all = [...url.searchParams.keys(), ...paged, ...others];
  return new Set(all.filter((name) => typeof name === "string"));
}
