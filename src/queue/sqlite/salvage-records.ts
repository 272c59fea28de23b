import { isProven, type KnownOfRecord, knownOfRecord, RECORD_MAGIC, recordLength } from "./op-record.ts";
import { GUARD_KEY, MAX_SEQUENCE } from "./queue-schema.ts";
import type { PageImage, PageImages } from "./salvage-images.ts";
import { localBytes, readTreePage, rowHeadBytes, type TreePage } from "./salvage-page.ts";

/** Reading what looks like records may take so many times the bytes that there are: beyond it, they mock us. */
const MAX_WORK = 16;
const LEAST_WORK_BYTES = 64 * 1_048_576;
/** Of a damaged record, enough to know whose it was. */
const MAX_KNOWN_BYTES = 4_096;
/** Takes a sequence out of a row's number. */
const SEQUENCE_MASK = BigInt(MAX_SEQUENCE);

export interface FoundRecord {
  readonly image: PageImage;
  readonly start: number;
  readonly bytes: Buffer;
}

export interface BadRecord {
  readonly image: PageImage;
  readonly start: number;
  readonly known: KnownOfRecord;
}

export interface PageRecords {
  readonly good: readonly FoundRecord[];
  readonly bad: readonly BadRecord[];
  readonly tree: TreePage | undefined;
}

/** Finds and proves the records that begin in a page, wherever they go on. */
export class RecordReader {
  /** Pages that records reach into, sound ones and those that begin well. */
  readonly claimed: Set<number> = new Set<number>();
  readonly #images: PageImages;
  #workLeft: number;

  constructor(images: PageImages, totalBytes: number) {
    this.#images = images;
    this.#workLeft = Math.max(LEAST_WORK_BYTES, totalBytes * MAX_WORK);
  }

  /** Nothing more is read: so much of it looks like records that reading on would take too long. */
  get isExhausted(): boolean {
    return this.#workLeft <= 0;
  }

  read(image: PageImage): PageRecords {
    const { file, start, end, page } = image;
    const isWholePage = page > 0 && end - start === this.#images.pageBytes;
    const tree = isWholePage ? readTreePage(file.subarray(start, end), page === 1) : undefined;
    const good: FoundRecord[] = [];
    const bad: BadRecord[] = [];
    const begun = new Set<number>();
    // In a sound page, what lies in no cell was moved away and left its bytes behind.
    const cells = tree?.sound === true ? tree.cells : undefined;
    for (let at = nextMagic(file, start, end); at !== -1; at = nextMagic(file, at + 1, end)) {
      if (cells?.some((cell) => cell.start <= at - start && at - start < cell.end) === false) continue;
      begun.add(at);
      const bytes = this.#recordAt(image, at);
      if (bytes !== undefined) good.push({ image, start: at, bytes });
      else bad.push({ image, start: at, known: this.#known(image, at, tree) });
    }
    bad.push(...beheaded(image, tree, begun));
    return { good, bad, tree };
  }

  /** The list's own number of an op outlives damage to its record. */
  #known({ file, start, end }: PageImage, at: number, tree: TreePage | undefined): KnownOfRecord {
    const known = knownOfRecord(file.subarray(at, Math.min(end, at + MAX_KNOWN_BYTES)));
    const cell = tree?.cells.find(({ recordStart }) => recordStart === at - start);
    return cell === undefined ? known : { ...known, sequence: Number(cell.key & SEQUENCE_MASK) };
  }

  #recordAt(image: PageImage, at: number): Buffer | undefined {
    const { file } = image;
    const { pageBytes } = this.#images;
    const length = recordLength(file, at);
    if (length === undefined || this.isExhausted) return undefined;
    if (length <= pageBytes && at + length <= file.length) {
      const bytes = file.subarray(at, at + length);
      this.#workLeft -= length;
      if (isProven(bytes)) return bytes;
    }
    const headBytes = rowHeadBytes(length);
    const inPage = localBytes(headBytes + length, pageBytes) - headBytes;
    if (inPage >= length || at + inPage + 4 > image.end) return undefined;
    // The rest as it is now; or as it was when this page was written, or before the log.
    for (const rank of new Set([Infinity, image.rank, 0])) {
      for (const provenOnly of [false, true]) {
        const bytes = this.#join(file.subarray(at, at + inPage + 4), length, { rank, provenOnly });
        if (bytes !== undefined && isProven(bytes)) return bytes;
      }
    }
    return undefined;
  }

  /** A record of which this is the beginning, and behind it the number of the page where it goes on. */
  #join(
    beginning: Buffer,
    length: number,
    { rank, provenOnly }: { readonly rank: number; readonly provenOnly: boolean },
  ): Buffer | undefined {
    const inPage = beginning.length - 4;
    const parts: Buffer[] = [beginning.subarray(0, inPage)];
    const pages: number[] = [];
    let next = beginning.readUInt32BE(inPage);
    for (let left = length - inPage; left > 0;) {
      const bytes = this.#images.at(next, rank, provenOnly);
      this.#workLeft -= this.#images.pageBytes;
      if (bytes === undefined || this.isExhausted) return undefined;
      pages.push(next);
      const part = bytes.subarray(4, 4 + Math.min(left, bytes.length - 4));
      parts.push(part);
      left -= part.length;
      next = bytes.readUInt32BE(0);
    }
    // A chain that ends where it should is one, even where its content is damaged.
    if (next === 0) for (const page of pages) this.claimed.add(page);
    return Buffer.concat(parts);
  }
}

/** Cells of ops whose record, or what stands in front of it, has lost its very beginning. */
function beheaded(
  image: PageImage,
  tree: TreePage | undefined,
  begun: ReadonlySet<number>,
): readonly BadRecord[] {
  const { file, start, end } = image;
  const cells = (tree?.cells ?? []).filter(({ key }) => key !== GUARD_KEY);
  if (cells.every(({ recordStart }) => recordStart === undefined)) return [];
  const places = [...begun].map((at) => at - start);
  return cells
    .filter((cell) => !places.some((at) => cell.start <= at && at < cell.end))
    .map((cell) => {
      const from = start + (cell.recordStart ?? cell.start);
      const known = knownOfRecord(file.subarray(from, end));
      return { image, start: from, known: { ...known, sequence: Number(cell.key & SEQUENCE_MASK) } };
    });
}

/** Where the next record begins between two places; -1: none does. */
function nextMagic(file: Buffer, from: number, end: number): number {
  const window = file.subarray(from, Math.min(file.length, end + RECORD_MAGIC.length - 1));
  const at = window.indexOf(RECORD_MAGIC);
  return at === -1 ? -1 : from + at;
}
