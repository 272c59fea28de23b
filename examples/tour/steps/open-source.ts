import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { csv, type CsvProgress, type CsvVista } from "vantage-diorama/sources/csv";
import { TourError } from "../failure.ts";
import type { TourOptions } from "../options.ts";
import type { SourceReport } from "../report.ts";

const SAMPLE_PACKAGE = "vega-datasets";
const SAMPLE_ID = "zip_code";

/** The CSV file as a Vista. */
export interface TourSource {
  readonly vista: CsvVista;
  readonly id: readonly string[];
  readonly report: SourceReport;
  /** Who hears how far a read is, while somebody wants to. */
  onProgress: ((progress: CsvProgress) => void) | undefined;
}

export async function openSource(options: TourOptions): Promise<TourSource> {
  const file = options.file ?? sampleFile();
  const id = options.file === undefined && options.id.length === 0 ? [SAMPLE_ID] : options.id;
  const startedAt = performance.now();
  const vista = await csv(file, {
    ...(id.length === 0 ? {} : { id }),
    columns: options.types,
    onBadRow: options.skipBadRows ? "skip" : "fail",
    onProgress: (progress) => source.onProgress?.(progress),
  });
  const lookMs = performance.now() - startedAt;
  const report: SourceReport = {
    file,
    ...(options.file === undefined ? { package: SAMPLE_PACKAGE } : {}),
    sizeBytes: (await stat(file)).size,
    columns: vista.schema.columns.map(({ name, type }) => ({ name, type })),
    id,
    lookMs,
  };
  const source: TourSource = { vista, id, report, onProgress: undefined };
  return source;
}

function sampleFile(): string {
  try {
    return fileURLToPath(new URL("../data/zipcodes.csv", import.meta.resolve(SAMPLE_PACKAGE)));
  } catch (error) {
    throw new TourError(
      `the sample data (package ${SAMPLE_PACKAGE}) is not installed: run npm install with dev dependencies, or give a file of yours`,
      { cause: error },
    );
  }
}
