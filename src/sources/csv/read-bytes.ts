import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import { errorAt, messageOf } from "../../base/index.ts";
import type { OpenCsvFile } from "./csv-file.ts";

/** Small enough that parsing one chunk takes a few milliseconds, large enough that reading costs little. */
export const CHUNK_BYTES = 32_768;

/** Smaller pieces zlib does not make. */
const LEAST_UNZIPPED_BYTES = 64;

export interface ReadBytesOptions {
  readonly file: string;
  readonly gzip: boolean | undefined;
  readonly chunkBytes: number;
  /** Told how many bytes of the file were read so far. */
  readonly onRead: (bytesRead: number) => void;
}

/**
 * The file's bytes, unzipped where it is gzipped, in chunks that may be used until the next one is asked for.
 * Reads one chunk ahead; ends with the file's size as it was opened.
 */
export async function* readBytes(
  open: OpenCsvFile,
  options: ReadBytesOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const plain = readPlain(open, options);
  if (!(options.gzip ?? (await isGzipped(open)))) {
    yield* plain;
    return;
  }
  // Copies, since the stream keeps chunks while the next ones are read.
  const zipped = Readable.from(copies(plain), { objectMode: false, highWaterMark: CHUNK_BYTES });
  const unzipped = createGunzip({ chunkSize: Math.max(LEAST_UNZIPPED_BYTES, options.chunkBytes) });
  zipped.once("error", (error) => unzipped.destroy(error));
  try {
    for await (const chunk of zipped.pipe(unzipped)) yield toBuffer(chunk);
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw errorAt(
      "corrupt",
      { file: options.file },
      `its gzip data is damaged or cut off (${messageOf(error)})`,
      error,
    );
  } finally {
    unzipped.destroy();
    zipped.destroy();
  }
}

async function* readPlain(
  open: OpenCsvFile,
  options: ReadBytesOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { chunkBytes } = options;
  // One is read into while the other is used.
  let used = Buffer.allocUnsafe(chunkBytes);
  let spare = Buffer.allocUnsafe(chunkBytes);
  let filling = readAt(open, used, 0);
  let position = 0;
  try {
    for (;;) {
      const chunk = await filling;
      if (chunk.length === 0) return;
      position += chunk.length;
      filling = readAt(open, spare, position);
      // Looked at again only where it is awaited: a failure meanwhile is not unhandled.
      filling.catch(() => undefined);
      options.onRead(position);
      yield chunk;
      [used, spare] = [spare, used];
    }
  } finally {
    // The file is closed next; a read under way must not outlive that.
    await filling.catch(() => undefined);
  }
}

async function readAt(open: OpenCsvFile, buffer: Buffer, position: number): Promise<Buffer> {
  const length = Math.min(buffer.length, Math.max(0, open.sizeBytes - position));
  if (length === 0) return buffer.subarray(0, 0);
  const { bytesRead } = await open.handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function isGzipped(open: OpenCsvFile): Promise<boolean> {
  const { buffer, bytesRead } = await open.handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

function toBuffer(chunk: unknown): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
}

function isZlibError(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && typeof error.code === "string" && error.code.startsWith("Z_")
  );
}
