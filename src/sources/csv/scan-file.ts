import { errorAt } from "../../base/index.ts";
import type { CsvSettings } from "./check-options.ts";
import { isUnchanged, openCsvFile, type OpenCsvFile } from "./csv-file.ts";
import { readBytes } from "./read-bytes.ts";
import { RowCutter, type CsvSyntax, type CutPiece } from "./row-cutter.ts";
import { ChunkDecoder } from "./text-decoder.ts";

/** One look at the file. */
export interface ScanOptions {
  readonly settings: CsvSettings;
  readonly signal: AbortSignal | undefined;
  /** The code for a missing file: `notFound` for a first look, `unavailable` for one that was there before. */
  readonly missing: "notFound" | "unavailable";
  readonly onRead?: ((bytesRead: number, bytesTotal: number) => void) | undefined;
}

/**
 * What `body` makes of the open file. The file is closed however that ends; when it changed meanwhile, the end is
 * `unavailable`, whatever fault its rows seemed to have.
 */
export async function* withFile<T>(
  options: ScanOptions,
  body: (open: OpenCsvFile) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const { path, file } = options.settings;
  const open = await openCsvFile(path, file, options.missing);
  try {
    yield* body(open);
    await requireUnchanged(open, file);
  } catch (error) {
    if (options.signal?.aborted !== true) await requireUnchanged(open, file);
    throw error;
  } finally {
    await open.handle.close();
  }
}

/** The pieces of the file, from its start. */
export async function* scanFile(
  open: OpenCsvFile,
  options: ScanOptions,
  syntax: CsvSyntax,
): AsyncGenerator<CutPiece, void, undefined> {
  const cutter = new RowCutter(syntax, options.settings.maxRowBytes);
  const decoder = new ChunkDecoder(options.settings.encoding);
  for await (const chunk of chunksOf(open, options)) {
    yield* cutter.cut(decoder.decode(chunk, false), false);
  }
  yield* cutter.cut(decoder.decode(Buffer.alloc(0), true), true);
}

/** Enough text to tell the delimiter by. */
const HEAD_LENGTH = 32_768;

/** The text that the file begins with. */
export async function readHead(open: OpenCsvFile, options: ScanOptions): Promise<string> {
  const decoder = new ChunkDecoder(options.settings.encoding);
  let text = "";
  for await (const chunk of chunksOf(open, options)) {
    text += decoder.decode(chunk, false).text;
    if (text.length >= HEAD_LENGTH) return text;
  }
  return text + decoder.decode(Buffer.alloc(0), true).text;
}

async function* chunksOf(open: OpenCsvFile, options: ScanOptions): AsyncGenerator<Buffer, void, undefined> {
  const { file, gzip, chunkBytes } = options.settings;
  const onRead = (bytesRead: number): void => options.onRead?.(bytesRead, open.sizeBytes);
  for await (const chunk of readBytes(open, { file, gzip, chunkBytes, onRead })) {
    options.signal?.throwIfAborted();
    yield chunk;
  }
}

async function requireUnchanged(open: OpenCsvFile, file: string): Promise<void> {
  if (await isUnchanged(open)) return;
  throw errorAt("unavailable", { file }, "the file changed while it was read; read it again");
}
