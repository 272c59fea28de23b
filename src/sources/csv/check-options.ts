import {
  DioramaError,
  messageOf,
  nearestName,
  silentLogger,
  systemClock,
  toMilliseconds,
} from "../../base/index.ts";
import type { Clock, Logger } from "../../base/index.ts";
import type { ColumnInput } from "../../vista/index.ts";
import { titleOf, toNamedFile } from "./named-file.ts";
import { CHUNK_BYTES } from "./read-bytes.ts";
import type { CsvEncoding, CsvOptions, CsvProgress } from "./csv-options.ts";

/** The options, checked and complete, but for what only the file can tell. */
export interface CsvSettings {
  readonly path: string;
  /** The file as the caller named it, for messages. */
  readonly file: string;
  readonly name: string;
  /** The columns of the id; none: the row's number. */
  readonly id: readonly string[];
  readonly columns: ReadonlyMap<string, ColumnInput>;
  readonly headers: readonly string[] | undefined;
  readonly replaceHeader: boolean;
  readonly delimiter: string | undefined;
  /** Empty: none. */
  readonly quote: string;
  readonly encoding: CsvEncoding;
  readonly gzip: boolean | undefined;
  readonly nullTokens: readonly string[];
  readonly trim: boolean;
  readonly skipBadRows: boolean;
  readonly onProgress: ((progress: CsvProgress) => void) | undefined;
  readonly maxRowBytes: number;
  readonly pollIntervalMs: number;
  /** How much is read at once. */
  readonly chunkBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

const knownOptions: ReadonlySet<string> = new Set<keyof CsvOptions>([
  "name",
  "id",
  "columns",
  "headers",
  "replaceHeader",
  "delimiter",
  "quote",
  "encoding",
  "gzip",
  "nullTokens",
  "trim",
  "onBadRow",
  "onProgress",
  "maxRowBytes",
  "title",
  "searchable",
  "references",
  "schema",
  "pollInterval",
  "logger",
  "clock",
]);

const encodings: ReadonlySet<unknown> = new Set<CsvEncoding>([
  "auto",
  "utf-8",
  "utf-16le",
  "utf-16be",
  "latin1",
  "windows-1252",
]);

const DEFAULT_MAX_ROW_BYTES = 1_000_000;

/** The settings that the options stand for; `invalid` with every problem that they have. */
export function toSettings<R extends object>(file: string | URL, options: CsvOptions<R>): CsvSettings {
  const problems: string[] = [];
  const { path, shown } = toNamedFile(file, problems);
  checkOptionNames(options, problems);
  const id = options.id === undefined ? [] : typeof options.id === "string" ? [options.id] : options.id;
  checkSyntax(options, problems);
  checkChoices(options, problems);
  checkNumbers(options, problems);
  const pollIntervalMs = durationOf(options.pollInterval ?? "5s", problems);
  if (problems.length > 0) {
    const place = { file: shown };
    throw new DioramaError("invalid", `csv(${JSON.stringify(shown)}): ${problems.join("; ")}`, { place });
  }
  return {
    path,
    file: shown,
    name: options.name ?? titleOf(path),
    id,
    pollIntervalMs,
    chunkBytes: CHUNK_BYTES,
    logger: options.logger ?? silentLogger,
    clock: options.clock ?? systemClock,
    ...readingOf(options),
  };
}

type Reading = Omit<
  CsvSettings,
  "path" | "file" | "name" | "id" | "pollIntervalMs" | "chunkBytes" | "logger" | "clock"
>;

/** How the file is to be read. */
function readingOf<R extends object>(options: CsvOptions<R>): Reading {
  return {
    columns: new Map(Object.entries(options.columns ?? {})),
    headers: options.headers,
    replaceHeader: options.replaceHeader ?? false,
    delimiter: options.delimiter,
    quote: options.quote === false ? "" : (options.quote ?? '"'),
    encoding: options.encoding ?? "auto",
    gzip: options.gzip,
    nullTokens: options.nullTokens ?? [""],
    trim: options.trim ?? false,
    skipBadRows: options.onBadRow === "skip",
    onProgress: options.onProgress,
    maxRowBytes: options.maxRowBytes ?? DEFAULT_MAX_ROW_BYTES,
  };
}

function checkOptionNames<R extends object>(options: CsvOptions<R>, problems: string[]): void {
  for (const name of Object.keys(options)) {
    if (knownOptions.has(name)) continue;
    const near = nearestName(name, knownOptions);
    const hint = near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`;
    problems.push(`there is no option ${JSON.stringify(name)}${hint}`);
  }
  if (options.id !== undefined)
    checkNames("id", typeof options.id === "string" ? [options.id] : options.id, problems);
  if (options.headers !== undefined) checkNames("headers", options.headers, problems);
  if (options.replaceHeader === true && options.headers === undefined) {
    problems.push("replaceHeader needs the names to put in place: give headers too");
  }
}

function checkNames(option: string, names: unknown, problems: string[]): void {
  if (
    !Array.isArray(names) ||
    names.length === 0 ||
    names.some((name) => typeof name !== "string" || name === "")
  ) {
    problems.push(`${option}: give column names, none of them empty`);
  } else if (new Set(names).size < names.length) {
    const twice: unknown = names.find((name, index) => names.indexOf(name) !== index);
    problems.push(`${option} names ${JSON.stringify(twice)} twice`);
  }
}

function checkSyntax<R extends object>(options: CsvOptions<R>, problems: string[]): void {
  const { delimiter, quote } = options;
  if (delimiter !== undefined && (!isMark(delimiter) || delimiter === '"')) {
    problems.push(
      `delimiter ${JSON.stringify(delimiter)}: give one character that is no line end and no quote`,
    );
  }
  if (quote !== undefined && quote !== false && !isMark(quote)) {
    problems.push(`quote ${JSON.stringify(quote)}: give one character that is no line end, or false`);
  }
  if (delimiter !== undefined && delimiter === (quote ?? '"'))
    problems.push("delimiter and quote are the same character");
}

function checkChoices<R extends object>(options: CsvOptions<R>, problems: string[]): void {
  const { encoding, nullTokens, onBadRow } = options;
  if (encoding !== undefined && !encodings.has(encoding)) {
    problems.push(`encoding ${JSON.stringify(encoding)}: encodings are ${[...encodings].join(", ")}`);
  }
  if (
    nullTokens !== undefined &&
    (!Array.isArray(nullTokens) || nullTokens.some((token) => typeof token !== "string"))
  ) {
    problems.push("nullTokens: give a list of texts");
  }
  if (onBadRow !== undefined && onBadRow !== "fail" && onBadRow !== "skip") {
    problems.push(`onBadRow ${JSON.stringify(onBadRow)}: give "fail" or "skip"`);
  }
}

/** One UTF-16 unit that can stand between cells: no line end, no byte order mark, no half of a pair. */
function isMark(text: unknown): text is string {
  return typeof text === "string" && /^[^\r\n\uFEFF\uD800-\uDFFF\0]$/.test(text);
}

function checkNumbers<R extends object>(options: CsvOptions<R>, problems: string[]): void {
  const { maxRowBytes, name } = options;
  if (maxRowBytes !== undefined && !(Number.isSafeInteger(maxRowBytes) && maxRowBytes > 0)) {
    problems.push("maxRowBytes: give a whole number of bytes");
  }
  if (name !== undefined && (typeof name !== "string" || name === "")) problems.push("name: give a text");
  for (const [column, input] of Object.entries(options.columns ?? {})) {
    if ((typeof input === "string" ? input : input?.type) === "bytes") {
      problems.push(`columns: ${JSON.stringify(column)}: a text file holds no bytes; declare it "text"`);
    }
  }
}

function durationOf(duration: number | string, problems: string[]): number {
  try {
    const ms = toMilliseconds(duration, "pollInterval");
    if (ms > 0) return ms;
    problems.push("pollInterval: give a duration over 0");
  } catch (error) {
    problems.push(messageOf(error));
  }
  return 0;
}
