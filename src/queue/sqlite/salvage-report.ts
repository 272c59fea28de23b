import { crc32 } from "node:zlib";
import { type DioramaError, messageOf } from "../../base/index.ts";
import type { LostOp } from "../write-queue.ts";
import { knownOfRecord } from "./op-record.ts";
import { FILE_NAME } from "./queue-files.ts";
import { findFreePages, isMapPage, mayBeEmpty } from "./salvage-free-pages.ts";
import type { PageImage, PageImages } from "./salvage-images.ts";
import type { LogView } from "./salvage-log.ts";
import type { BadRecord, PageRecords, RecordReader } from "./salvage-records.ts";

const LOG_NAME = `${FILE_NAME}-wal`;
const FILE_MAGIC = "SQLite format 3\u0000";
const CHANGE_COUNTER_AT = 24;
const SIZE_AT = 28;
const VALID_FOR_AT = 92;

/** What could not be saved, and the queue that it belonged to where that is known. */
export type QueueLoss = LostOp & { readonly queue?: string | undefined };

/** The rank of the state that was kept of an op; undefined: none was. */
type KeptRank = (queue: string, sequence: number) => number | undefined;

interface PageNote {
  readonly page: number;
  readonly reason: string;
}

/** Collects what is bad in a damaged queue file, and tells it by place. */
export class LossReport {
  readonly #main: Buffer;
  readonly #images: PageImages;
  readonly #view: LogView;
  readonly #bad: BadRecord[] = [];
  readonly #pages: PageNote[] = [];
  readonly #losses: QueueLoss[] = [];
  readonly #twice = new Set<number>();
  /** A page by the checksum of what it holds. */
  readonly #sums = new Map<number, number>();
  /** Pages whose newest content is in the log, by the checksum of what the file has of them. */
  readonly #older = new Map<number, number>();

  constructor(main: Buffer, images: PageImages, view: LogView) {
    this.#main = main;
    this.#images = images;
    this.#view = view;
    for (const page of images.pages()) {
      const all = images.of(page);
      const old = all.at(-1);
      if (all[0]?.isInLog !== true || old === undefined || old.isInLog) continue;
      this.#older.set(crc32(old.file.subarray(old.start, old.end)), page);
    }
  }

  /** What the newest content of a page holds. */
  page(image: PageImage, { bad, good, tree }: PageRecords): void {
    this.#bad.push(...bad);
    // A frame says of itself whether it is damaged.
    if (image.isInLog || image.proven) return;
    if (tree?.sound === true) {
      if (!tree.isLeaf || tree.cells.length > 0) this.#checkCopy(image);
      else if (!mayBeEmpty(this.#images, image.page)) {
        this.#pages.push({ page: image.page, reason: "it is empty where it should not be" });
      }
      return;
    }
    const isTree = tree !== undefined && (good.length > 0 || tree.cells.length > 0);
    const reason = isTree
      ? "the list of what it holds is damaged: the ops that were found in it are kept"
      : "it can't be read";
    this.#pages.push({ page: image.page, reason });
  }

  /** No two pages of lists are the same, byte for byte. */
  #checkCopy(image: PageImage): void {
    const bytes = image.file.subarray(image.start, image.end);
    const sum = crc32(bytes);
    const before = this.#older.get(sum);
    if (before !== undefined && before !== image.page) this.displaced(image, [before]);
    const other = this.#sums.get(sum);
    if (other === undefined) this.#sums.set(sum, image.page);
    else if (this.#images.at(other, Infinity)?.equals(bytes) === true) this.twice(image, other);
  }

  /** A page whose ops stand in another one as well: something else was there. */
  twice(image: PageImage, other: number): void {
    if (image.isInLog || this.#twice.has(image.page)) return;
    this.#twice.add(image.page);
    this.#losses.push({
      position: `${FILE_NAME}, page ${image.page}`,
      reason: `it holds what page ${other} holds as well; whatever else stood in one of them is lost`,
    });
  }

  /** A page in whose place stands what another one held before the log changed it. */
  displaced(image: PageImage, others: readonly number[]): void {
    if (this.#twice.has(image.page)) return;
    this.#twice.add(image.page);
    this.#losses.push({
      position: `${FILE_NAME}, page ${image.page}`,
      reason: `it holds what page ${others.join(" or ")} held before; what stood in it is lost where it was not found elsewhere`,
    });
  }

  unreadable(image: PageImage, start: number, error: DioramaError): void {
    this.#losses.push({
      position: placeOf(image, start),
      reason: messageOf(error),
      ...knownOfRecord(image.file.subarray(start, image.end)),
    });
  }

  /** The sequences of ops that are known to have stood somewhere and of which nothing is kept. */
  missing(keptRank: KeptRank): ReadonlySet<number> {
    return new Set(
      this.#bad.flatMap(({ known: { queue, sequence } }) => {
        if (sequence === undefined) return [];
        return queue !== undefined && keptRank(queue, sequence) !== undefined ? [] : [sequence];
      }),
    );
  }

  finish(reader: RecordReader, keptRank: KeptRank): QueueLoss[] {
    const problems = this.#view.problems.map(({ byte, reason }) => ({
      position: `${LOG_NAME}, byte ${byte}`,
      reason: `the log of the queue is damaged: ${reason}`,
    }));
    const losses = [
      ...this.#headLosses(),
      ...this.#pageLosses(reader),
      ...this.#missingLosses(),
      ...problems,
    ];
    for (const bad of this.#bad) losses.push(...recordLoss(bad, keptRank));
    losses.push(...this.#losses);
    if (reader.isExhausted) {
      losses.push({
        position: FILE_NAME,
        reason: "it holds more that looks like ops than can be read; the rest was left",
      });
    }
    return losses;
  }

  #headLosses(): QueueLoss[] {
    const head = this.#images.at(1, Infinity) ?? this.#main;
    if (head.toString("latin1", 0, FILE_MAGIC.length) === FILE_MAGIC) return [];
    return [{ position: `${FILE_NAME}, byte 0`, reason: "it does not begin as a queue file does" }];
  }

  #pageLosses(reader: RecordReader): QueueLoss[] {
    const free = findFreePages(this.#images);
    const notes = this.#pages.filter(
      ({ page }) => !free.has(page) && !reader.claimed.has(page) && !isMapPage(this.#images, page),
    );
    const losses: QueueLoss[] = [];
    for (let first = 0; first < notes.length;) {
      const { page = 0, reason = "" } = notes[first] ?? {};
      let last = first;
      while (notes[last + 1]?.page === page + last + 1 - first && notes[last + 1]?.reason === reason) last++;
      losses.push({ position: pagesFrom(page, page + last - first, this.#images.pageBytes), reason });
      first = last + 1;
    }
    return losses;
  }

  /** The pages that a head or a commit counts and that are nowhere. */
  #missingLosses(): QueueLoss[] {
    const { pageBytes } = this.#images;
    const whole = Math.floor(this.#main.length / pageBytes);
    const expected = this.#view.sizePages ?? this.#claimedPages();
    let first = whole + 1;
    while (first <= expected && this.#images.at(first, Infinity) !== undefined) first++;
    if (expected < first) return [];
    return [
      {
        position: `${FILE_NAME}, byte ${this.#main.length}`,
        reason: `the file ends here: pages ${first} to ${expected} are missing`,
      },
    ];
  }

  #claimedPages(): number {
    const head = this.#main;
    if (head.length < 100 || head.readUInt32BE(CHANGE_COUNTER_AT) !== head.readUInt32BE(VALID_FOR_AT))
      return 0;
    return head.readUInt32BE(SIZE_AT);
  }
}

function recordLoss({ image, start, known }: BadRecord, keptRank: KeptRank): QueueLoss[] {
  const { queue, sequence } = known;
  const rank = queue === undefined || sequence === undefined ? undefined : keptRank(queue, sequence);
  if (rank !== undefined && rank >= image.rank) return [];
  const reason =
    rank === undefined
      ? "the op that stood here can't be read"
      : "the newest state of an op can't be read: an earlier one is kept";
  return [{ position: placeOf(image, start), reason, ...known }];
}

function placeOf(image: PageImage, byte: number): string {
  return `${image.isInLog ? LOG_NAME : FILE_NAME}, page ${image.page}, byte ${byte}`;
}

function pagesFrom(first: number, last: number, pageBytes: number): string {
  const from = `byte ${(first - 1) * pageBytes}`;
  return first === last
    ? `${FILE_NAME}, page ${first}, ${from}`
    : `${FILE_NAME}, pages ${first} to ${last}, from ${from}`;
}
