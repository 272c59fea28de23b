import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ColumnType } from "vantage-diorama";
import { UsageError } from "./failure.ts";

/** What the tour is asked to do. Paths are absolute. */
export interface TourOptions {
  /** `undefined`: the data set that comes along. */
  readonly file: string | undefined;
  /** The columns that make the id; none: the data set's own, or the rows' numbers. */
  readonly id: readonly string[];
  readonly types: Readonly<Record<string, ColumnType>>;
  readonly skipBadRows: boolean;
  /** The folder of the durable cache. */
  readonly cache: string;
  /** Copies the file again, whatever is kept. */
  readonly fresh: boolean;
  readonly json: boolean;
  /** Of the live table; 0 leaves that part out. */
  readonly liveRows: number;
  /** What paths are shown from. */
  readonly cwd: string;
}

const LIVE_ROWS = 1_000_000;
const MOST_ROWS = 10_000_000;

/** Where the caller stands: npm starts its scripts in the package, whatever folder they were called from. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Where the cache is kept unless told otherwise. */
  readonly defaultCache: string;
}

const columnTypes: readonly ColumnType[] = [
  "text",
  "integer",
  "number",
  "decimal",
  "boolean",
  "date",
  "json",
];

const flags = {
  id: { type: "string", multiple: true },
  type: { type: "string", multiple: true },
  "skip-bad-rows": { type: "boolean" },
  cache: { type: "string" },
  fresh: { type: "boolean" },
  json: { type: "boolean" },
  rows: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export const help = `A slow source behind a Lens: a CSV file is copied into a durable cache, then read, searched,
written to and edited, with times measured on this machine.

Usage
  npm start                                    the zip codes of the package vega-datasets
  npm start -- sales.csv --id order_id         a file of yours (also .csv.gz); it is only read
  npm start -- sales.csv --id year --id month  an id made of two columns
  npm start --silent -- --json                 the same as JSON, for programs

Options
  --id <column>           the column that holds the id; again for an id of several columns;
                          without it rows are numbered
  --type <column>=<type>  reads a column as ${columnTypes.join(", ")};
                          other columns are what their first 10,000 values look like
  --skip-bad-rows         leaves out rows that can't be read, instead of ending there
  --cache <folder>        where the copy is kept (.tmp/tour in this project)
  --fresh                 copies the file again, as on the first run
  --rows <count>          rows of the live table at the end (1,000,000); 0 leaves it out
  --json                  one JSON document on standard output, nothing else
  -h, --help              this text

Run it twice: the second time the copy is there already. To forget it, delete the cache folder.
Exit code: 0 done, 1 failed (one line on standard error), 2 called wrongly, 130 stopped by Ctrl-C.`;

/** The options, or `undefined` where help was asked for. Throws UsageError. */
export function readOptions(args: readonly string[], around: Surroundings): TourOptions | undefined {
  refuseTakenByNpm(around);
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  if (positionals.length > 1) {
    throw new UsageError(`one file at a time, not ${positionals.length}: ${positionals.join(", ")}`);
  }
  const [file] = positionals;
  const cwd = callerFolder(around);
  return {
    file: file === undefined ? undefined : resolve(cwd, file),
    id: values.id ?? [],
    types: Object.fromEntries((values.type ?? []).map(toColumnType)),
    skipBadRows: values["skip-bad-rows"] ?? false,
    cache: values.cache === undefined ? around.defaultCache : resolve(cwd, values.cache),
    fresh: values.fresh ?? false,
    json: values.json ?? false,
    liveRows: values.rows === undefined ? LIVE_ROWS : toCount(values.rows),
    cwd,
  };
}

type Parsed = ReturnType<typeof parseArgs<{ options: typeof flags; allowPositionals: true }>>;

function parse(args: readonly string[]): Parsed {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true });
  } catch (error) {
    // Its messages go on with advice about a case that is not ours.
    const [what = ""] = error instanceof Error ? error.message.split(/\. |\n/) : [];
    throw new UsageError(
      `${what}; options are ${Object.keys(flags)
        .map((name) => `--${name}`)
        .join(", ")}`,
    );
  }
}

function toColumnType(given: string): [column: string, type: ColumnType] {
  const cut = given.lastIndexOf("=");
  const type = columnTypes.find((known) => known === given.slice(cut + 1));
  if (cut < 1 || type === undefined) {
    throw new UsageError(
      `--type ${given}: give a column and its type, as in --type zip=text; types are ${columnTypes.join(", ")}`,
    );
  }
  return [given.slice(0, cut), type];
}

function toCount(given: string): number {
  const rows = Number(given.replaceAll(/[_,]/g, ""));
  if (!/\d/.test(given) || !Number.isInteger(rows) || rows < 0 || rows > MOST_ROWS)
    throw new UsageError(
      `--rows ${given}: give a whole number from 0 to ${MOST_ROWS.toLocaleString("en-US")}`,
    );
  return rows;
}

/** Without "--" in between, npm keeps options for itself and the tour would run without them. */
function refuseTakenByNpm({ env }: Surroundings): void {
  if (env["npm_lifecycle_event"] !== "start") return;
  const taken = ["id", "type", "skip-bad-rows", "fresh", "rows"].find(
    (name) => env[`npm_config_${name.replaceAll("-", "_")}`] !== undefined,
  );
  if (taken === undefined) return;
  throw new UsageError(
    `npm kept --${taken} for itself: put "--" before the file and its options, as in npm start -- file.csv --id column`,
  );
}

function callerFolder({ env, cwd }: Surroundings): string {
  return env["npm_lifecycle_event"] === "start" ? (env["INIT_CWD"] ?? cwd) : cwd;
}
