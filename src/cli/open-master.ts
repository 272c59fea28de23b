import { isDioramaError } from "../base/index.ts";
import type { CsvOptions, CsvProgress } from "../sources/csv/index.ts";
import type { RestOptions, RestPreset as PresetOptions } from "../sources/rest/index.ts";
import { vista, type Vista } from "../vista/index.ts";
import type { SourceIdentity } from "./cache-folders.ts";
import { checkOptions } from "./check-options.ts";
import { usageError } from "./cli-error.ts";
import type { Frame } from "./frame.ts";
import { shownLocation, type SourceLocation, titleOf, wholeLocation } from "./source-location.ts";
import { readOptionsFile, type RestPreset, type SourceOptions } from "./source-options.ts";

/** What a source is, and how it is opened. */
export interface MasterPlan {
  readonly identity: SourceIdentity;
  /** Opened, and closed with the command. Of `live:SOURCE`, the source behind. */
  open(): Promise<Vista>;
}

/** What the file of `--source-options` says; csv() and rest() check it. */
type Further = Readonly<Record<string, unknown>>;

export function planMaster(frame: Frame, location: SourceLocation, options: SourceOptions): MasterPlan {
  checkOptions(location, options);
  const further = readOptionsFile(frame, options.sourceOptions);
  const { id, type, delimiter, rowsAt, restPreset, header } = options;
  return {
    identity: {
      kind: location.kind,
      location: shownLocation(location),
      title: titleOf(location),
      distinguishing: [
        wholeLocation(location),
        JSON.stringify([id, type, delimiter, rowsAt, restPreset, header, further]),
      ],
    },
    open: async () => {
      const opened = await openMaster(frame, location, options, further);
      frame.defer(() => opened.source.close?.());
      return opened;
    },
  };
}

/** What a source needs is loaded with it. */
async function openMaster(
  frame: Frame,
  location: SourceLocation,
  options: SourceOptions,
  further: Further,
): Promise<Vista> {
  switch (location.kind) {
    case "live":
      return openMaster(frame, location.inner, options, further);
    case "csv":
      return openCsv(frame, location.path, options, further);
    case "rest":
      return openRest(location.url, options, further);
    case "demo": {
      const { DemoMaster } = await import("./demo-master.ts");
      return vista(new DemoMaster(location.path));
    }
  }
}

async function openCsv(
  frame: Frame,
  path: string,
  { id, type, delimiter }: SourceOptions,
  further: Further,
): Promise<Vista> {
  const { csv } = await import("../sources/csv/index.ts");
  const given = {
    ...further,
    ...(id === undefined ? {} : { id }),
    ...(delimiter === undefined ? {} : { delimiter: delimiter === "\\t" ? "\t" : delimiter }),
    ...withTypes(type, further),
    onProgress: ({ bytesRead, bytesTotal, rows }: CsvProgress) => {
      const part = bytesTotal === 0 ? 100 : Math.floor((bytesRead / bytesTotal) * 100);
      frame.progress(`reading ${path}: ${rows.toLocaleString("en")} rows, ${part} %`);
    },
  };
  // What a file says is checked by csv() itself, option by option.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const opened = csv(path, given as CsvOptions);
  return opened.catch((error: unknown) => {
    throw toUnknownColumn(error, { id, type }) ?? error;
  });
}

/** A column that only the command line named is wrong usage of its option. */
function toUnknownColumn(
  error: unknown,
  { id, type }: { readonly id: unknown; readonly type: unknown },
): unknown {
  if (!isDioramaError(error, "invalid")) return undefined;
  const [, option, what] = /: (id|columns): (there is no column .*)$/s.exec(error.message) ?? [];
  if (option === "id" && id !== undefined) return usageError(`--id: ${what}`, { place: error.place });
  if (option === "columns" && type !== undefined)
    return usageError(`--type: ${what}`, { place: error.place });
  return undefined;
}

async function openRest(
  url: URL,
  { id, type, rowsAt, restPreset, header = [] }: SourceOptions,
  further: Further,
): Promise<Vista> {
  const { jsonServer, rest } = await import("../sources/rest/index.ts");
  const presets: Readonly<Record<RestPreset, () => PresetOptions>> = {
    "json-server": () => jsonServer({ version: 0 }),
    "json-server-v1": () => jsonServer({ version: 1 }),
  };
  const given = {
    // Where nothing is said, what the API itself says of further pages is followed.
    ...(restPreset === undefined ? { paging: { kind: "link" } } : presets[restPreset]()),
    ...further,
    ...(id === undefined ? {} : { id }),
    ...(rowsAt === undefined ? {} : { rows: rowsAt }),
    ...withTypes(type, further),
    ...(header.length === 0
      ? {}
      : { headers: { ...objectAt(further, "headers"), ...Object.fromEntries(header) } }),
  };
  // As above, by rest().
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return rest(url, given as RestOptions);
}

/** Types of the command line beside those of the file; columns that neither names are there all the same. */
function withTypes(type: SourceOptions["type"], further: Further): object {
  return type === undefined
    ? {}
    : { columns: { ...objectAt(further, "columns"), ...Object.fromEntries(type) } };
}

function objectAt(further: Further, name: string): object {
  const value = further[name];
  return typeof value === "object" && value !== null ? value : {};
}
