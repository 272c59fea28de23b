import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** Ends every order's file, behind the length (4 bytes) and the checksum (4 bytes) of its contents list. */
const MAGIC = new TextEncoder().encode("DioOrd01");
const TRAILER_BYTES = 8 + MAGIC.length;
const FILE_MODE = 0o600;

/** What a file says of itself behind its blocks, as JSON. */
export interface OrderContents {
  readonly table: string;
  readonly name: string;
  readonly edition: number;
  /** Two for each block: where it ends in the file, and its checksum. */
  readonly blocks: readonly number[];
}

/** Writes the blocks of one order into a file, then the list of them. */
export class OrderFileWriter {
  readonly path: string;
  readonly table: string;
  readonly name: string;
  readonly edition: number;
  readonly #file: number;
  readonly #blocks: number[] = [];
  #sizeBytes = 0;

  constructor(path: string, contents: Omit<OrderContents, "blocks">) {
    this.path = path;
    this.table = contents.table;
    this.name = contents.name;
    this.edition = contents.edition;
    this.#file = openSync(path, "w", FILE_MODE);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): void {
    this.#write(bytes);
    this.#blocks.push(this.#sizeBytes, crc32(bytes));
  }

  /** Writes the list: from here on the file is whole. */
  end(): void {
    const { table, name, edition } = this;
    const contents: OrderContents = { table, name, edition, blocks: this.#blocks };
    const list = new TextEncoder().encode(JSON.stringify(contents));
    const trailer = new Uint8Array(TRAILER_BYTES);
    const view = new DataView(trailer.buffer);
    view.setUint32(0, list.length);
    view.setUint32(4, crc32(list));
    trailer.set(MAGIC, 8);
    this.#write(list);
    this.#write(trailer);
    this.close();
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(this.#file, bytes, written, bytes.length - written, this.#sizeBytes + written);
    }
    this.#sizeBytes += bytes.length;
  }
}

/** The list of a file's blocks; `undefined` where it is not as it was written. */
export function readContents(path: string): OrderContents | undefined {
  return withFile(path, contentsOf);
}

/** One block; `undefined` where there is none, or it is not as it was written. */
export function readOrderBlock(
  path: string,
  fits: (contents: OrderContents) => boolean,
  block: number,
): Uint8Array<ArrayBuffer> | undefined {
  return withFile(path, (file) => {
    const contents = contentsOf(file);
    if (contents === undefined || !fits(contents)) return undefined;
    const start = block === 0 ? 0 : contents.blocks[block * 2 - 2];
    const end = contents.blocks[block * 2];
    if (start === undefined || end === undefined) return undefined;
    const bytes = readAt(file, start, end - start);
    return bytes !== undefined && crc32(bytes) === contents.blocks[block * 2 + 1] ? bytes : undefined;
  });
}

function withFile<T>(path: string, read: (file: number) => T): T | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    // Never written, or dropped, or of a kind that can't be read: there is no order.
    return undefined;
  }
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}

function contentsOf(file: number): OrderContents | undefined {
  const { size } = fstatSync(file);
  const trailer = readAt(file, size - TRAILER_BYTES, TRAILER_BYTES);
  if (trailer === undefined || MAGIC.some((byte, at) => trailer[8 + at] !== byte)) return undefined;
  const view = new DataView(trailer.buffer);
  const length = view.getUint32(0);
  const list = readAt(file, size - TRAILER_BYTES - length, length);
  if (list === undefined || crc32(list) !== view.getUint32(4)) return undefined;
  const contents = parsed(list);
  return isContents(contents) ? contents : undefined;
}

/** The checksum was right, and still another program may have written it. */
function parsed(list: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(list));
  } catch {
    return undefined;
  }
}

function readAt(file: number, start: number, length: number): Uint8Array<ArrayBuffer> | undefined {
  // The length is bounded by the file's own: a place outside of it is damage, and nothing is made room for.
  if (start < 0 || length < 0 || start + length > fstatSync(file).size) return undefined;
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const read = readSync(file, bytes, at, length - at, start + at);
    if (read === 0) return undefined;
    at += read;
  }
  return bytes;
}

function isContents(value: unknown): value is OrderContents {
  if (typeof value !== "object" || value === null) return false;
  const { table, name, edition, blocks } = { table: 0, name: 0, edition: "", blocks: 0, ...value };
  return (
    typeof table === "string" &&
    typeof name === "string" &&
    typeof edition === "number" &&
    Array.isArray(blocks) &&
    blocks.every((number) => typeof number === "number")
  );
}
