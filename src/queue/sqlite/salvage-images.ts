import type { LogFrame, LogView } from "./salvage-log.ts";
import { readTreePage } from "./salvage-page.ts";

/** What a page held at one time. */
export interface PageImage {
  /** 0: not known. */
  readonly page: number;
  /** Which of two is newer: 0 for what was there before the log, then the frames of the log from 1. */
  readonly rank: number;
  readonly isInLog: boolean;
  /** The file that it stands in, and where. */
  readonly file: Buffer;
  readonly start: number;
  readonly end: number;
  /** A checksum proves every byte. */
  readonly proven: boolean;
}

const PAGE_SIZES = [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536] as const;
const SAMPLED_PAGES = 200;

/** All that is known of each page: the file, overlaid by the frames of its log. */
export class PageImages {
  readonly pageBytes: number;
  /** In the file and in the log. */
  readonly lastPage: number;
  readonly #main: Buffer;
  readonly #log: Buffer;
  readonly #frames = new Map<number, LogFrame[]>();
  readonly #ranks = new Map<LogFrame, number>();
  readonly #view: LogView;
  /** The ranks of frames that end a transaction. */
  readonly #commits: number[] = [];
  /** The last that a checksum proves. */
  #lastCommit = 0;
  /** The rank of the last commit up to which nothing of the log is damaged: as far as SQLite itself would read. */
  readonly wholeUpTo: number;
  /** The rank of the last frame that is damaged or behind what can't be read; 0: there is none. */
  readonly lastDamaged: number;
  /** Which frame's content the file has of a page: a checkpoint brings it there and leaves the log as it is. */
  readonly #copied = new Map<number, number>();
  /** Nothing contradicts that a checkpoint came to its end. */
  readonly #isCopiedWhole: boolean;

  constructor(main: Buffer, log: Buffer, view: LogView, pageBytes: number) {
    this.#main = main;
    this.#log = log;
    this.#view = view;
    this.pageBytes = pageBytes;
    let lastPage = Math.ceil(main.length / pageBytes);
    for (const [index, frame] of view.frames.entries()) {
      const frames = this.#frames.get(frame.page);
      if (frames === undefined) this.#frames.set(frame.page, [frame]);
      else frames.push(frame);
      this.#ranks.set(frame, index + 1);
      if (frame.commitPages > 0) this.#commits.push(index + 1);
      if (frame.commitPages > 0 && frame.proven) this.#lastCommit = index + 1;
      if (frame.proven) lastPage = Math.max(lastPage, frame.page);
    }
    this.wholeUpTo = wholeUpTo(view);
    this.lastDamaged = view.isCutOff ? view.frames.length : view.frames.findLastIndex(isDamaged) + 1;
    // What a checkpoint has not cut off yet belongs to nothing any more.
    this.lastPage = Math.min(lastPage, view.sizePages ?? lastPage);
    this.#isCopiedWhole = this.#findCopied();
  }

  /** Every page of the file, and those that damaged frames name. */
  pages(): number[] {
    const pages = new Set<number>();
    for (let page = 1; page <= this.lastPage; page++) pages.add(page);
    for (const [page, frames] of this.#frames) {
      if (page <= this.lastPage) continue;
      // Behind the last proven commit, or where that itself is in doubt, the file may have grown.
      const last = frames.at(-1);
      const isBehind = last !== undefined && this.#rankOf(last) > this.#lastCommit;
      if (isBehind || frames.some(({ proven }) => !proven)) pages.add(page);
    }
    return [...pages];
  }

  /** Newest first. */
  of(page: number): PageImage[] {
    const images = (this.#frames.get(page) ?? []).map((frame) => this.#ofFrame(frame)).toReversed();
    const inMain = this.#inMain(page);
    if (inMain === undefined) return images;
    const older = images.findIndex(({ rank }) => rank < inMain.rank);
    return images.toSpliced(older === -1 ? images.length : older, 0, inMain);
  }

  /** What can't be told to be of any page. */
  unplaced(): PageImage[] {
    return this.#view.gaps.map(({ start, end, framesBefore }) => ({
      page: 0,
      rank: framesBefore,
      isInLog: true,
      file: this.#log,
      start,
      end,
      proven: false,
    }));
  }

  /**
   * The transactions of the log of which a page is damaged or missing that was not written again since: an op that
   * one of them moved into that page left another one, and stands where it was before.
   */
  brokenTransactions(): PageImage[][] {
    const broken: PageImage[][] = [];
    let frames: LogFrame[] = [];
    for (const [index, frame] of this.#view.frames.entries()) {
      frames.push(frame);
      const isLast = index === this.#view.frames.length - 1;
      if (frame.commitPages === 0 && !isLast) continue;
      const isOpenEnd = isLast && this.#view.isCutOff && frame.commitPages === 0;
      if (isOpenEnd || frames.some((one) => this.#hasLost(one))) {
        broken.push(frames.map((one) => this.#ofFrame(one)));
      }
      frames = [];
    }
    return broken;
  }

  #hasLost(frame: LogFrame): boolean {
    return frame.isBehindGap || (!frame.proven && this.#frames.get(frame.page)?.at(-1) === frame);
  }

  /** What the page held before this image. */
  before(image: PageImage): PageImage | undefined {
    return this.of(image.page).find(
      ({ rank, isInLog }) => rank < image.rank || (rank === image.rank && !isInLog),
    );
  }

  /** The page's bytes as they were at a rank, or as they are last proven; undefined where there is no whole page. */
  at(page: number, rank: number, provenOnly = false): Buffer | undefined {
    const frame = this.#frames
      .get(page)
      ?.findLast((one) => this.#rankOf(one) <= rank && (one.proven || !provenOnly));
    if (frame !== undefined) return this.#log.subarray(frame.start, frame.start + this.pageBytes);
    const start = (page - 1) * this.pageBytes;
    if (page < 1 || start + this.pageBytes > this.#main.length) return undefined;
    return this.#main.subarray(start, start + this.pageBytes);
  }

  #rankOf(frame: LogFrame): number {
    return this.#ranks.get(frame) ?? 0;
  }

  #ofFrame(frame: LogFrame): PageImage {
    const { page, start, proven } = frame;
    const end = start + this.pageBytes;
    return { page, rank: this.#rankOf(frame), isInLog: true, file: this.#log, start, end, proven };
  }

  #inMain(page: number): PageImage | undefined {
    const start = (page - 1) * this.pageBytes;
    if (page < 1 || start >= this.#main.length) return undefined;
    const end = Math.min(start + this.pageBytes, this.#main.length);
    const rank = this.#copied.get(page) ?? 0;
    // Where a checkpoint brought it here, what is older in the log has no say.
    const proven = rank > 0 && this.#isCopiedWhole;
    return { page, rank, isInLog: false, file: this.#main, start, end, proven };
  }

  /** Finds out what a checkpoint has brought into the file; whether it was all up to some frame. */
  #findCopied(): boolean {
    for (const [page, frames] of this.#frames) {
      const start = (page - 1) * this.pageBytes;
      const same = frames.find((frame) => this.#isSame(start, frame.start));
      if (same !== undefined) this.#copied.set(page, this.#rankOf(same));
    }
    const found = largest(this.#copied.values());
    // Transactions are copied whole.
    const least = found === 0 ? 0 : (this.#commits.find((rank) => rank >= found) ?? found);
    for (const [page, frames] of this.#frames) {
      const damaged = frames.findLast(({ proven }) => !proven);
      const [first] = frames;
      if (damaged === undefined || first === undefined || this.#copied.has(page)) continue;
      // It was copied to, and what it has is in no sound frame: then it has what the damaged one had.
      if (this.#rankOf(first) <= least) this.#copied.set(page, this.#rankOf(damaged));
    }
    const last = largest(this.#copied.values());
    return [...this.#frames].every(([page, frames]) => {
      const newest = frames.findLast((frame) => this.#rankOf(frame) <= last);
      return newest === undefined || (this.#copied.get(page) ?? 0) >= this.#rankOf(newest);
    });
  }

  #isSame(start: number, frameStart: number): boolean {
    const end = start + this.pageBytes;
    if (start < 0 || end > this.#main.length) return false;
    return this.#main.compare(this.#log, frameStart, frameStart + this.pageBytes, start, end) === 0;
  }
}

const isDamaged = ({ proven, isBehindGap }: LogFrame): boolean => !proven || isBehindGap;

function wholeUpTo({ frames }: LogView): number {
  const damaged = frames.findIndex(isDamaged);
  const whole = damaged === -1 ? frames : frames.slice(0, damaged);
  return whole.findLastIndex(({ commitPages }) => commitPages > 0) + 1;
}

function largest(ranks: Iterable<number>): number {
  let most = 0;
  for (const rank of ranks) most = Math.max(most, rank);
  return most;
}

/** The page size that most of the file's pages make sense with; first those that a head claims. */
export function findPageBytes(main: Buffer, claimed: readonly (number | undefined)[]): number {
  let best = claimed.find((pageBytes) => pageBytes !== undefined) ?? 4_096;
  let bestShare = 0;
  const candidates = new Set([...claimed.filter((one) => one !== undefined), 4_096, ...PAGE_SIZES]);
  for (const pageBytes of candidates) {
    const share = shareOfTreePages(main, pageBytes);
    if (share <= bestShare) continue;
    best = pageBytes;
    bestShare = share;
  }
  return best;
}

function shareOfTreePages(main: Buffer, pageBytes: number): number {
  let sound = 0;
  for (let page = 2; page <= SAMPLED_PAGES; page++) {
    const bytes = main.subarray((page - 1) * pageBytes, page * pageBytes);
    if (bytes.length === pageBytes && readTreePage(bytes, false)?.sound === true) sound++;
  }
  return sound * pageBytes;
}

/** The page size that the file's head claims, where it is one. */
export function mainPageBytes(main: Buffer): number | undefined {
  if (main.length < 100) return undefined;
  const claimed = main.readUInt16BE(16);
  const pageBytes = claimed === 1 ? 65_536 : claimed;
  return PAGE_SIZES.find((size) => size === pageBytes);
}
