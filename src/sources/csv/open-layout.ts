import { DioramaError, errorAt } from "../../base/index.ts";
import { createSchema, type ColumnInput, type Schema } from "../../vista/index.ts";
import { BadRows } from "./bad-rows.ts";
import type { CsvSettings } from "./check-options.ts";
import type { CsvOptions } from "./csv-options.ts";
import type { OpenCsvFile } from "./csv-file.ts";
import { DataRows } from "./data-rows.ts";
import type { CellColumn } from "./entry-builder.ts";
import { toHeader, unknownColumn } from "./header.ts";
import { readHead, scanFile, withFile, type ScanOptions } from "./scan-file.ts";
import { ColumnSniffer } from "./sniff-columns.ts";
import { sniffSyntax } from "./sniff-syntax.ts";
import type { CsvSyntax } from "./row-cutter.ts";

/** What the file was found to be when it was opened: every later read holds it to that. */
export interface CsvLayout {
  readonly syntax: CsvSyntax;
  readonly columns: readonly CellColumn[];
  /** The places of the id's columns. */
  readonly id: readonly number[];
  readonly schema: Schema;
}

interface Found {
  readonly syntax: CsvSyntax;
  readonly names: readonly string[];
  readonly sniffer: ColumnSniffer | undefined;
}

/** Looks at the start of the file: how it is written, its header, and the types of columns that weren't declared. */
export async function openLayout<R extends object>(
  settings: CsvSettings,
  options: CsvOptions<R>,
): Promise<CsvLayout> {
  const scan: ScanOptions = { settings, signal: undefined, missing: "notFound" };
  for await (const found of withFile(scan, (open) => look(open, scan)))
    return toLayout(found, settings, options);
  throw errorAt("invalid", { file: settings.file }, "it is empty: there is no header row; give headers");
}

/** Yields what was found once, or nothing for a file without a header. */
async function* look(open: OpenCsvFile, scan: ScanOptions): AsyncGenerator<Found, void, undefined> {
  const { settings } = scan;
  const { file, headers, replaceHeader } = settings;
  const syntax = sniffSyntax(await readHead(open, scan), settings.quote, settings.delimiter);
  // A bad row is the business of whoever reads the rows; where it ends the read, nothing behind it counts.
  const badRows = new BadRows(file, true);
  const data = new DataRows({
    file,
    syntax,
    trim: settings.trim,
    maxRowBytes: settings.maxRowBytes,
    badRows,
    header:
      headers !== undefined && !replaceHeader
        ? headers
        : (cells, line) => headersOf(headers, cells, { file, line }),
  });
  let sniffer: ColumnSniffer | undefined;
  for await (const piece of scanFile(open, scan, syntax)) {
    const block = data.take(piece);
    const names = data.columns;
    if (names === undefined) continue;
    if (names.every((name) => settings.columns.has(name))) break;
    sniffer ??= new ColumnSniffer(names.length, settings.nullTokens);
    const end = settings.skipBadRows ? undefined : badRows.firstLine;
    if (!sniffer.addBlock(block, end) || end !== undefined) break;
    badRows.settle();
  }
  if (data.columns !== undefined) yield { syntax, names: data.columns, sniffer };
}

function headersOf(
  headers: readonly string[] | undefined,
  cells: readonly string[],
  place: { readonly file: string; readonly line: number },
): readonly string[] {
  if (headers === undefined) return toHeader(cells, place.line, place.file);
  if (headers.length === cells.length) return headers;
  throw errorAt(
    "invalid",
    place,
    `headers names ${headers.length} columns, the header row has ${cells.length}`,
  );
}

function toLayout<R extends object>(found: Found, settings: CsvSettings, options: CsvOptions<R>): CsvLayout {
  const { names, sniffer, syntax } = found;
  checkNamesKnown(names, settings, options);
  const [onlyId, ...furtherIds] = settings.id;
  const inputs: Record<string, ColumnInput> = {};
  for (const [index, name] of names.entries()) {
    const declared = settings.columns.get(name);
    const type = declared === undefined ? (sniffer?.typeOf(index) ?? "text") : typeOf(declared);
    const flags = new Set(typeof declared === "object" ? declared.flags : []);
    if (options.searchable?.includes(name) === true) flags.add("searchable");
    Object.defineProperty(inputs, name, { value: { type, flags: [...flags] }, enumerable: true });
  }
  const schema = createSchema({
    id: furtherIds.length === 0 ? onlyId : undefined,
    columns: inputs,
    title: options.title,
    references: options.references,
    open: false,
  });
  const byName = new Map(schema.columns.map((column) => [column.name, column]));
  const columns = names.map((name): CellColumn => {
    const column = byName.get(name);
    const type = column?.type ?? "text";
    return {
      name,
      // Refused among the options.
      type: type === "bytes" ? "text" : type,
      declared: settings.columns.has(name),
      mandatory: column?.flags.includes("mandatory") ?? false,
    };
  });
  return { syntax, columns, id: settings.id.map((name) => names.indexOf(name)), schema };
}

function typeOf(input: ColumnInput): Exclude<ColumnInput, object> {
  return typeof input === "string" ? input : input.type;
}

/** Ends with `invalid`, listing every name in the options that is no column. */
function checkNamesKnown<R extends object>(
  names: readonly string[],
  settings: CsvSettings,
  options: CsvOptions<R>,
): void {
  const titles = typeof options.title === "string" ? [options.title] : (options.title ?? []);
  const problems = [
    ...settings.id.map((name) => unknownColumn("id", name, names)),
    ...[...settings.columns.keys()].map((name) => unknownColumn("columns", name, names)),
    ...titles.map((name) => unknownColumn("title", name, names)),
    ...(options.searchable ?? []).map((name) => unknownColumn("searchable", name, names)),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return;
  throw new DioramaError("invalid", `${settings.file}: ${problems.join("; ")}`, {
    place: { file: settings.file },
  });
}
