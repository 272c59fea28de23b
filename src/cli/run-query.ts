import type { Entry, Row } from "../record/index.ts";
import type { Schema, Vista } from "../vista/index.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { createRowShape, narrowByOptions, toColumns } from "./narrow-by-options.ts";
import { openSource } from "./open-source.ts";
import { printRows } from "./print-rows.ts";
import type { FormatOptions, QueryOptions } from "./query-options.ts";
import { formatOf } from "./format-of.ts";
import type { RowFormat } from "./row-format.ts";
import type { SourceOptions } from "./source-options.ts";

export interface RunQueryOptions extends SourceOptions, QueryOptions, FormatOptions {
  readonly columns?: readonly string[];
  readonly page?: number;
  readonly pageSize?: number;
  readonly limit?: number;
  readonly ids?: boolean;
  readonly refresh?: boolean;
}

/** Rows of a page, unless told otherwise; and of a table on a terminal where no page is asked for. */
const PAGE_ROWS = 50;

/** `diorama query`. */
export async function runQuery(frame: Frame, source: string, options: RunQueryOptions): Promise<void> {
  const { page, limit } = options;
  if (limit !== undefined && page !== undefined)
    throw usageError("--limit and --page don't go together; --page-size says how long a page is");
  if (options.pageSize !== undefined && page === undefined) throw usageError("--page-size goes with --page");
  const format = formatOf(frame, options);
  const started = frame.clock.monotonic();
  const opened = await openSource(frame, source, options, {
    copy: options.refresh === true ? "refreshed" : "fresh",
  });
  const vista = narrowByOptions(opened.dio.vista(), options);
  const columns = toColumns(vista.schema, options.columns);
  const part = await readPart(frame, vista, options, format);
  const ids = idNameFor(vista.schema, options, format, columns);
  await printRows(frame, {
    rows: rowsOf(part.entries, ids, createRowShape(vista.schema, columns)),
    columns: columns === undefined || ids === undefined ? columns : [ids, ...columns],
    format,
    isRaw: options.raw === true,
  });
  if (frame.terminal.isOutTerminal && format === "table")
    frame.note(frame.noteStyles.dim(footer(part, opened.origin(), frame.clock.monotonic() - started)));
}

/** The part of the rows that is printed. */
interface Part {
  readonly entries: AsyncIterable<Entry> | Iterable<Entry>;
  /** The number of the first row, from 1. */
  readonly first: number;
  /** `undefined`: all that come. */
  readonly shown: number | undefined;
  readonly total: number | undefined;
  readonly isPage: boolean;
}

async function readPart(
  frame: Frame,
  vista: Vista,
  { page, pageSize = PAGE_ROWS, limit }: RunQueryOptions,
  format: RowFormat,
): Promise<Part> {
  const { signal } = frame;
  const isCut =
    page !== undefined || (limit === undefined && format === "table" && frame.terminal.isOutTerminal);
  if (isCut) {
    const first = ((page ?? 1) - 1) * pageSize + 1;
    if (!Number.isSafeInteger(first + pageSize)) throw usageError("--page is further than anybody can count");
    const { rows, total } = await vista.fetchPage(page ?? 1, pageSize, { signal });
    return { entries: rows, first, shown: rows.size, total, isPage: true };
  }
  if (limit === undefined)
    return { entries: eachOf(vista, signal), first: 1, shown: undefined, total: undefined, isPage: false };
  const { rows, total } = await vista.fetchWindow(0, limit, { signal });
  return { entries: rows, first: 1, shown: rows.size, total, isPage: false };
}

async function* eachOf(vista: Vista, signal: AbortSignal): AsyncGenerator<Entry> {
  for await (const batch of vista.batches({ signal })) yield* batch;
}

async function* rowsOf(
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  idName: string | undefined,
  toShape: (row: Row) => Row,
): AsyncGenerator<Row> {
  for await (const [id, row] of entries) {
    const shaped = toShape(row);
    yield idName === undefined ? shaped : { [idName]: id, ...shaped };
  }
}

/**
 * The name under which ids are printed as a column of their own: with `--ids`, and in a table where no column holds
 * them and none was chosen.
 */
function idNameFor(
  schema: Schema,
  { ids }: RunQueryOptions,
  format: RowFormat,
  columns: readonly string[] | undefined,
): string | undefined {
  const isUnseen = format === "table" && schema.idColumn === undefined;
  if (ids !== true && !isUnseen) return undefined;
  let name = "#";
  while (columns?.includes(name) === true) name += "#";
  return name;
}

/** `rows 51–100 of 3376, from the copy, 12 ms; --page shows more`. */
function footer({ first, shown = 0, total, isPage }: Part, from: string, tookMs: number): string {
  const last = first + shown - 1;
  const isAll = first === 1 && total === shown;
  const numbered = shown === 0 ? "no rows" : `rows ${first}–${last}`;
  const which = isAll ? (shown === 1 ? "1 row" : `${shown} rows`) : numbered;
  const all = isAll || total === undefined ? "" : ` of ${total}`;
  const hasMore = isPage && shown > 0 && (total === undefined || last < total);
  return `${which}${all}, from ${from}, ${Math.round(tookMs)} ms${hasMore ? "; --page shows more" : ""}`;
}
