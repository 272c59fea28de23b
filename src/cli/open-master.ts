import { csv, type CsvOptions } from "../sources/csv/index.ts";
import type { Vista } from "../vista/index.ts";
import type { Frame } from "./frame.ts";
import { readOptionsFile, type SourceOptions } from "./source-options.ts";
import { shownLocation, type SourceLocation, titleOf, wholeLocation } from "./source-location.ts";
import type { SourceIdentity } from "./cache-folders.ts";

/** What a source is, and how it is opened when its copy is. */
export interface MasterPlan {
  readonly identity: SourceIdentity;
  open(): Promise<Vista>;
}

export function planMaster(frame: Frame, location: SourceLocation, options: SourceOptions): MasterPlan {
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
    open: () => openMaster(frame, location, options, further),
  };
}

async function openMaster(
  frame: Frame,
  location: SourceLocation,
  options: SourceOptions,
  further: Readonly<Record<string, unknown>>,
): Promise<Vista> {
  switch (location.kind) {
    case "csv":
      return openCsv(frame, location.path, options, further);
    default:
      throw new Error(location.kind);
  }
}

async function openCsv(
  frame: Frame,
  path: string,
  { id, type, delimiter }: SourceOptions,
  further: Readonly<Record<string, unknown>>,
): Promise<Vista> {
  const given = {
    ...further,
    ...(id === undefined ? {} : { id }),
    ...(delimiter === undefined ? {} : { delimiter: delimiter === "\\t" ? "\t" : delimiter }),
    ...(type === undefined ? {} : { columns: { ...columnsOf(further), ...Object.fromEntries(type) } }),
    onProgress: ({
      bytesRead,
      bytesTotal,
      rows,
    }: {
      bytesRead: number;
      bytesTotal: number;
      rows: number;
    }) => {
      const part = bytesTotal === 0 ? 100 : Math.floor((bytesRead / bytesTotal) * 100);
      frame.progress(`reading ${path}: ${rows.toLocaleString("en")} rows, ${part} %`);
    },
  };
  // What a file says is checked by csv() itself, option by option.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const opened = await csv(path, given as CsvOptions);
  frame.defer(() => opened.source.close());
  return opened;
}

function columnsOf(further: Readonly<Record<string, unknown>>): object {
  const { columns } = further;
  return typeof columns === "object" && columns !== null ? columns : {};
}
