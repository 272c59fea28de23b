import type { Row } from "../record/index.ts";
import type { Vista } from "../vista/index.ts";
import { nothingFound, usageError } from "./cli-error.ts";
import { formatOf } from "./format-of.ts";
import type { Frame } from "./frame.ts";
import { rowJsonText } from "./json-text.ts";
import { createRowShape, narrowByOptions, toColumns } from "./narrow-by-options.ts";
import { openSource } from "./open-source.ts";
import { printFacts } from "./print-facts.ts";
import { printRows } from "./print-rows.ts";
import type { FormatOptions, QueryOptions } from "./query-options.ts";
import type { SourceOptions } from "./source-options.ts";

interface RefreshOption {
  readonly refresh?: boolean;
}

export interface RunGetOptions extends SourceOptions, FormatOptions, RefreshOption {
  readonly columns?: readonly string[];
}

export interface RunCountOptions extends SourceOptions, QueryOptions, RefreshOption {}

/** `diorama get`: as JSON an object, as CSV a header and a line, else a line for each column, whole. */
export async function runGet(
  frame: Frame,
  source: string,
  id: string,
  options: RunGetOptions,
): Promise<void> {
  if (id === "") throw usageError("ID is empty");
  const format = formatOf(frame, options);
  const { dio, identity } = await openSource(frame, source, options, {
    copy: options.refresh === true ? "refreshed" : "for-one-row",
  });
  const vista = dio.vista();
  const columns = toColumns(vista.schema, options.columns);
  const found = await vista.get(id, { signal: frame.signal });
  if (found === undefined) throw notThere(vista, identity.location, id);
  const row = createRowShape(vista.schema, columns)(found);
  if (format === "csv") await printRows(frame, { rows: [row], columns, format, isRaw: options.raw === true });
  else if (format === "table") await printFacts(frame, picked(row, columns));
  else await frame.print(rowJsonText(row, columns));
}

/** `diorama count`. */
export async function runCount(frame: Frame, source: string, options: RunCountOptions): Promise<void> {
  const { dio } = await openSource(frame, source, options, {
    copy: options.refresh === true ? "refreshed" : "fresh",
  });
  const count = await narrowByOptions(dio.vista(), options).count({ signal: frame.signal });
  await frame.print(frame.json ? JSON.stringify({ count }) : String(count));
}

function notThere(vista: Vista, location: string, id: string): Error {
  const hint = vista.idColumn === undefined ? "; ids are the rows' numbers, unless --id names a column" : "";
  return nothingFound(`${location} has no row ${JSON.stringify(id)}${hint}`, { vista: vista.name, id });
}

function picked(row: Row, columns: readonly string[] = Object.keys(row)): Row {
  return Object.fromEntries(
    columns.flatMap((column) => {
      const value = Object.hasOwn(row, column) ? row[column] : undefined;
      return value === undefined ? [] : [[column, value]];
    }),
  );
}
