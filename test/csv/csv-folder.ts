import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Query } from "../../src/query/index.ts";
import type { Row } from "../../src/record/index.ts";
import { isDioramaError, type DioramaError } from "../../src/base/index.ts";
import { toSettings } from "../../src/sources/csv/check-options.ts";
import type { CsvOptions } from "../../src/sources/csv/csv-options.ts";
import { CsvSource } from "../../src/sources/csv/csv-source.ts";
import { openLayout } from "../../src/sources/csv/open-layout.ts";

/** A folder for the CSV files of one test file, gone with it. */
export interface CsvFolder {
  readonly path: string;
  /** Writes a file and answers with its path. */
  write(content: string | Uint8Array, name?: string): string;
}

export function openCsvFolder(): CsvFolder {
  const path = mkdtempSync(join(tmpdir(), "diorama-csv-"));
  let count = 0;
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(content, name = `file-${++count}.csv`) {
      const file = join(path, name);
      writeFileSync(file, content);
      return file;
    },
  };
}

export const all: Query = { conditions: [], order: [], search: undefined };

/** A source that reads its file in chunks of this size: nothing else may differ by it. */
export async function openInChunks(
  file: string,
  options: CsvOptions,
  chunkBytes: number,
): Promise<CsvSource> {
  const settings = { ...toSettings(file, options), chunkBytes };
  return new CsvSource(settings, await openLayout(settings, options), undefined);
}

/** All rows of a source, in its order. */
export async function rowsOf(source: CsvSource, signal?: AbortSignal): Promise<[string, Row][]> {
  const rows: [string, Row][] = [];
  for await (const batch of source.read(all, { signal })) {
    for (const [id, row] of batch) rows.push([id, row]);
  }
  return rows;
}

/** The DioramaError that a call ends with. */
export async function errorOf(call: Promise<unknown>): Promise<DioramaError> {
  try {
    await call;
  } catch (error) {
    if (isDioramaError(error)) return error;
    throw error;
  }
  throw new Error("the call succeeded");
}
