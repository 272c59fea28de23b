import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { messageOf, systemClock } from "../../base/index.ts";
import { type OrderContents, OrderFileWriter, readContents, readOrderBlock } from "./order-file.ts";

const FOLDER_MODE = 0o700;
const SUFFIX = ".order";
const UNFINISHED = ".part";
const HASH_LENGTH = 24;
/** Of one table: more orders, or more bytes, are not kept. */
const MAX_ORDERS = 16;
const MAX_ORDER_BYTES = 256 * 1_048_576;

type OrderOf = Omit<OrderContents, "blocks">;

export interface OrderFolderSettings {
  readonly folder: string;
  /** Of the folder in it. Default: "orders". */
  readonly ordersFolder?: string | undefined;
  readonly maxSizeBytes: number | undefined;
  readonly onNotice: (text: string) => void;
}

/**
 * Orders of the cache's tables, each a file of its own in a folder beside the cache file: damage of one reaches
 * nothing else, and dropping one gives its room back. A file appears under its name once it is whole.
 */
export class OrderFolder {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #notice: (text: string) => void;
  readonly #writing = new Map<number, OrderFileWriter>();
  #lastWriting = 0;

  constructor({
    folder,
    ordersFolder = "orders",
    maxSizeBytes = MAX_ORDER_BYTES,
    onNotice,
  }: OrderFolderSettings) {
    this.#folder = join(folder, ordersFolder);
    this.#maxBytes = Math.min(MAX_ORDER_BYTES, maxSizeBytes);
    this.#notice = onNotice;
  }

  /** Removes what a process that was killed has left half-written. */
  sweep(): void {
    for (const file of this.#files("")) if (file.endsWith(UNFINISHED)) this.#remove(file);
  }

  read(order: OrderOf, block: number): Uint8Array<ArrayBuffer> | undefined {
    const { table, name, edition } = order;
    const path = join(this.#folder, fileOf(table, name));
    const bytes = readOrderBlock(
      path,
      (contents) => contents.table === table && contents.name === name && contents.edition === edition,
      block,
    );
    if (bytes !== undefined && block === 0) this.#touch(path);
    return bytes;
  }

  begin(order: OrderOf): number {
    mkdirSync(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const writing = ++this.#lastWriting;
    const path = join(this.#folder, `${fileOf(order.table, order.name)}.${writing}${UNFINISHED}`);
    this.#writing.set(writing, new OrderFileWriter(path, order));
    return writing;
  }

  /** False: it is too large, and given up. */
  append(writing: number, bytes: Uint8Array): boolean {
    const writer = this.#writing.get(writing);
    if (writer === undefined) return false;
    try {
      writer.append(bytes);
    } catch (error) {
      this.giveUp(writing);
      throw error;
    }
    if (writer.sizeBytes <= this.#maxBytes) return true;
    this.giveUp(writing);
    return false;
  }

  /** False: it was given up, or the rows are not of its edition any more. */
  end(writing: number, edition: number | undefined): boolean {
    const writer = this.#writing.get(writing);
    if (writer === undefined) return false;
    try {
      if (writer.edition !== edition) return false;
      writer.end();
      this.#writing.delete(writing);
      this.#makeRoom(writer);
      renameSync(writer.path, join(this.#folder, fileOf(writer.table, writer.name)));
      return true;
    } finally {
      this.giveUp(writing);
    }
  }

  giveUp(writing: number): void {
    const writer = this.#writing.get(writing);
    if (writer === undefined) return;
    this.#writing.delete(writing);
    writer.close();
    rmSync(writer.path, { force: true });
  }

  drop(table: string, name: string): void {
    rmSync(join(this.#folder, fileOf(table, name)), { force: true, recursive: true });
  }

  dropAll(table: string): void {
    for (const file of this.#files(prefixOf(table))) if (file.endsWith(SUFFIX)) this.#remove(file);
  }

  names(table: string, edition: number): readonly string[] {
    const names: string[] = [];
    for (const file of this.#files(prefixOf(table))) {
      const contents = file.endsWith(SUFFIX) ? readContents(join(this.#folder, file)) : undefined;
      if (contents?.table === table && contents.edition === edition) names.push(contents.name);
    }
    return names;
  }

  close(): void {
    for (const writing of this.#writing.keys()) this.giveUp(writing);
  }

  /** Removes those of the table that were not used for longest until the new one finds its place. */
  #makeRoom(writer: OrderFileWriter): void {
    const own = fileOf(writer.table, writer.name);
    const others = this.#files(prefixOf(writer.table))
      .filter((file) => file.endsWith(SUFFIX) && file !== own)
      .map((file) => ({ file, ...this.#usage(file) }))
      .toSorted((a, b) => a.usedAt - b.usedAt);
    let count = others.length + 1;
    let bytes = writer.sizeBytes;
    for (const { sizeBytes } of others) bytes += sizeBytes;
    for (const { file, sizeBytes } of others) {
      if (count <= MAX_ORDERS && bytes <= this.#maxBytes) return;
      this.#remove(file);
      count -= 1;
      bytes -= sizeBytes;
    }
  }

  #usage(file: string): { readonly usedAt: number; readonly sizeBytes: number } {
    const found = statSync(join(this.#folder, file), { throwIfNoEntry: false });
    return { usedAt: found?.mtimeMs ?? 0, sizeBytes: found?.size ?? 0 };
  }

  #touch(path: string): void {
    try {
      const seconds = systemClock.now() / 1_000;
      utimesSync(path, seconds, seconds);
    } catch (error) {
      this.#notice(`${path} keeps its old time of use: ${messageOf(error)}`);
    }
  }

  #files(prefix: string): string[] {
    try {
      return readdirSync(this.#folder).filter((file) => file.startsWith(prefix));
    } catch {
      // There is no folder before the first order.
      return [];
    }
  }

  /** What stays although it should not is of another edition, and never read. */
  #remove(file: string): void {
    const path = join(this.#folder, file);
    try {
      rmSync(path, { force: true, recursive: true });
    } catch (error) {
      this.#notice(`${path} can't be removed: ${messageOf(error)}`);
    }
  }
}

/** Names are no paths: a table's and an order's are hashed, and stand in full inside of the file. */
function prefixOf(table: string): string {
  return `${hash(table)}-`;
}

function fileOf(table: string, name: string): string {
  return `${prefixOf(table)}${hash(name)}${SUFFIX}`;
}

function hash(text: string): string {
  return createHash("sha256").update(JSON.stringify(text)).digest("hex").slice(0, HASH_LENGTH);
}
