import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { messageOf, nearestName, toMilliseconds } from "../base/index.ts";
import type { ColumnType } from "../vista/index.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";

/** The options that say what a source is and where its copy is kept, as the parser gives them. */
export interface SourceOptions {
  readonly id?: string;
  readonly type?: readonly ColumnOption[];
  readonly delimiter?: string;
  readonly rowsAt?: string;
  readonly restPreset?: RestPreset;
  readonly header?: readonly HeaderOption[];
  readonly sourceOptions?: string;
  readonly cache?: string;
  /** Milliseconds. */
  readonly freshFor?: number;
}

export type ColumnOption = readonly [name: string, type: ColumnType];
export type HeaderOption = readonly [name: string, value: string];

export const restPresets = ["json-server", "json-server-v1"] as const;
export type RestPreset = (typeof restPresets)[number];

// Written again here: for help, no Vista is loaded.
const COLUMN_TYPES: readonly ColumnType[] = [
  "text",
  "integer",
  "number",
  "decimal",
  "boolean",
  "date",
  "bytes",
  "json",
];

/** The argument SOURCE, and the options that go with it. */
export function addSourceOptions(command: Command): Command {
  return command
    .argument("<source>", "a CSV file (.csv, .tsv, .gz), a URL, a demo database (.db), or live:SOURCE")
    .option("--id <column>", "the column that holds the id (CSV: the row's number; URL: id)")
    .addOption(
      new Option("--type <name:type>", "declare a column's type; again for more").argParser(addColumn),
    )
    .option("--delimiter <character>", "CSV: what divides the cells (else found out)")
    .addOption(
      new Option("--rest-preset <style>", "URL: how the API pages, filters and orders").choices(restPresets),
    )
    .option("--rows-at <path>", "URL: where in an answer the rows are: data.items")
    .addOption(
      new Option("--header <name:value>", "URL: sent with each request; again for more").argParser(addHeader),
    )
    .option("--source-options <file>", "a JSON file of further options, as csv() or rest() take them")
    .option("--cache <folder>", 'where copies are kept ("none": in memory; else DIORAMA_CACHE)')
    .addOption(
      new Option(
        "--fresh-for <duration>",
        "how old the copy may be (5m where the source can't say its version)",
      ).argParser(toDuration),
    );
}

/** For options that take a duration: milliseconds. */
export function toDuration(text: string): number {
  try {
    return toMilliseconds(/^\d+$/.test(text) ? Number(text) : text, "it");
  } catch {
    throw new InvalidArgumentError(`Give a duration such as 250ms, 30s, 5m, 2h or 1d.`);
  }
}

/** For options that take a number of things, at least one. */
export function toCount(text: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError("Give a whole number from 1 on.");
  return count;
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** What the file of `--source-options` holds. */
export function readOptionsFile(frame: Frame, file: string | undefined): Readonly<Record<string, unknown>> {
  if (file === undefined) return {};
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(resolve(frame.terminal.folder, file), "utf8"));
  } catch (error) {
    // What a parser quotes of the file may be a secret in it.
    const why = error instanceof SyntaxError ? "it is no JSON" : messageOf(error);
    throw usageError(`--source-options ${file}: ${why}`, { place: { file } });
  }
  if (isObject(read)) return read;
  throw usageError(`--source-options ${file}: it holds no JSON object`, { place: { file } });
}

function isObject(read: unknown): read is Readonly<Record<string, unknown>> {
  return typeof read === "object" && read !== null && !Array.isArray(read);
}

function addColumn(text: string, before: readonly ColumnOption[] = []): readonly ColumnOption[] {
  const colon = text.lastIndexOf(":");
  const type = text.slice(colon + 1);
  const known = COLUMN_TYPES.find((name) => name === type);
  if (colon > 0 && known !== undefined) return [...before, [text.slice(0, colon), known]];
  const meant = nearestName(type, COLUMN_TYPES);
  throw new InvalidArgumentError(
    `Give name:type; types are ${COLUMN_TYPES.join(", ")}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`,
  );
}

function addHeader(text: string, before: readonly HeaderOption[] = []): readonly HeaderOption[] {
  const colon = text.indexOf(":");
  const name = text.slice(0, colon).trim();
  if (colon > 0 && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    return [...before, [name, text.slice(colon + 1).trim()]];
  // Its value may be a secret, which the parser would show.
  throw usageError('--header takes "Name: value"');
}
