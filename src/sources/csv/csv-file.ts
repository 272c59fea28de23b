import { constants, statSync } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import type { BigIntStats } from "node:fs";
import { errorAt, type DioramaError } from "../../base/index.ts";

/** An open file and what it was when it was opened. */
export interface OpenCsvFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Changes when the file does. */
  readonly stamp: string;
}

/** Size, time and identity of a file, as one text. */
function stampOf(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}-${stats.ino}`;
}

/** The stamp of the file at this path now; `undefined` where there is none to look at. */
export async function fileStamp(path: string): Promise<string | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? stampOf(stats) : undefined;
  } catch {
    // Gone or out of reach: reading it says why.
    return undefined;
  }
}

/** The same at once: for whoever must not miss what happens next. */
export function fileStampNow(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isFile() ? stampOf(stats) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the open file is still as it was opened. A file put in its place is another file: this one is whole. */
export async function isUnchanged(file: OpenCsvFile): Promise<boolean> {
  return stampOf(await file.handle.stat({ bigint: true })) === file.stamp;
}

/**
 * Opens a regular file to read. `missing` is the code for a file that isn't there: `notFound` for a first look,
 * `unavailable` for one that was there before.
 */
export async function openCsvFile(
  path: string,
  file: string,
  missing: "notFound" | "unavailable",
): Promise<OpenCsvFile> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw openError(error, path, file, missing);
  }
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? "it is a folder" : "it is no regular file";
      throw errorAt("invalid", { file }, `${what}; csv reads one file`);
    }
    return { handle, sizeBytes: Number(stats.size), stamp: stampOf(stats) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function openError(
  error: unknown,
  path: string,
  file: string,
  missing: "notFound" | "unavailable",
): DioramaError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return errorAt(
        missing,
        { file },
        `there is no such file${path === file ? "" : ` (looked for ${path})`}`,
        error,
      );
    case "EACCES":
    case "EPERM":
      return errorAt("rejected", { file }, "no permission to read it", error);
    case "EISDIR":
      return errorAt("invalid", { file }, "it is a folder; csv reads one file", error);
    default:
      return errorAt("unavailable", { file }, `it can't be opened (${String(code)})`, error);
  }
}
