import type { OrderTerm } from "../../query/index.ts";
import type { ColumnType } from "../../vista/index.ts";
import type { RestParameter } from "./rest-options.ts";
import type { OrderSettings, RestSettings } from "./rest-settings.ts";

/**
 * Who makes the order. `api`: the API, ties included. `ties`: the API, but rows of the same rank come in any order
 * and are put right here. `here`: every row is read first.
 */
export interface OrderPlan {
  readonly by: "none" | "api" | "ties" | "here";
  readonly parameters: readonly RestParameter[];
}

/** What the API is asked for of an order, and what is left to be done here. */
export function planOrder(
  settings: RestSettings,
  types: ReadonlyMap<string, ColumnType>,
  order: readonly OrderTerm[],
): OrderPlan {
  const { idColumn } = settings;
  if (order.length === 0) return { by: "none", parameters: [] };
  const api = settings.order;
  // Behind the id, which no two rows share, nothing is left to order.
  const idAt = order.findIndex((term) => term.column === idColumn);
  const isUnique = idAt !== -1;
  const terms = isUnique ? order.slice(0, idAt + 1) : order;
  if (api === undefined || terms.some((term) => !isKnown(settings, api, term))) {
    return { by: "here", parameters: [] };
  }
  if (isUnique && (terms.length === 1 || api.several !== undefined)) {
    return { by: "api", parameters: write(api, terms) };
  }
  if (terms.length > 1 && api.several === undefined) return { by: "here", parameters: [] };
  const canTie =
    api.ties &&
    api.several !== undefined &&
    types.get(idColumn) === "text" &&
    api.nameOf(idColumn) !== undefined;
  if (!canTie) return { by: "ties", parameters: write(api, terms) };
  const byId: OrderTerm = { column: idColumn, direction: "asc", nulls: "last" };
  return { by: "api", parameters: write(api, [...terms, byId]) };
}

/** Whether the API knows the column, its cells are of one type, and nulls go where they are wanted. */
function isKnown({ schema, idColumn }: RestSettings, api: OrderSettings, term: OrderTerm): boolean {
  if (api.nameOf(term.column) === undefined) return false;
  const column = schema.columns.find(({ name }) => name === term.column);
  // Each API has its own order of numbers and texts in one column.
  if (column === undefined || column.type === "json") return false;
  // What is a text in the API's JSON; of dates all are written alike.
  if (!api.texts && ["text", "decimal", "bytes"].includes(column.type)) return false;
  if (term.column === idColumn || column.flags.includes("mandatory")) return true;
  if (api.nulls === undefined) return false;
  const isLast = api.nulls === "last" || api.nulls === (term.direction === "asc" ? "high" : "low");
  return isLast === (term.nulls === "last");
}

function write(api: OrderSettings, terms: readonly OrderTerm[]): readonly RestParameter[] {
  const columns = terms.map((term) => {
    const template =
      term.direction === "asc" || api.directions !== undefined ? api.ascending : api.descending;
    return template.replaceAll("{column}", () => api.nameOf(term.column) ?? term.column);
  });
  const directions = terms.map((term) => term.direction);
  if (api.several === "repeat") {
    return [
      ...columns.map((column): RestParameter => [api.parameter, column]),
      ...(api.directions === undefined
        ? []
        : directions.map((word): RestParameter => [api.directions ?? "", word])),
    ];
  }
  const between = api.several ?? ",";
  const parameters: RestParameter[] = [[api.parameter, columns.join(between)]];
  if (api.directions !== undefined) parameters.push([api.directions, directions.join(between)]);
  return parameters;
}
