import { newestStamp } from "./op-record.ts";
import { readTreePage } from "./salvage-page.ts";

/**
 * SQLite's write-ahead log, read even where it is damaged. Its form (https://www.sqlite.org/fileformat2.html#walformat):
 * a head of 32 bytes (magic, version, page size, checkpoints, two salts, two checksums), then frames: a head of 24
 * bytes (page number, size of the file after a commit else 0, the salts, two checksums that continue those of the
 * frame before) and a page. Frames with other salts are leftovers of an earlier log in the same file.
 */
const HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
/** The last bit says whether the checksums read words with their first byte first. */
const LOG_MAGIC = 0x377f0682;
/** Each new log in the same file counts its first salt up by one. */
const MAX_LEFTOVER_LOGS = 0x1_0000;

/** Frames that stand in no frame's place are looked for so often; more is no log of ours. */
const MAX_SEARCHES = 1_000;

/** Damaged frames are looked at for having changed places as long as there are no more. */
const MAX_DOUBTFUL = 64;

/** The page that a frame holds. */
export interface LogFrame {
  readonly page: number;
  /** From 0, by the places that frames have in a sound log. */
  readonly number: number;
  /** Where its page begins. */
  readonly start: number;
  /** By its checksum. */
  readonly proven: boolean;
  /** Of the whole file, where this frame ends a transaction; else 0. */
  readonly commitPages: number;
  /** Other frames stood in front of it that can't be read. */
  readonly isBehindGap: boolean;
}

/** Bytes in which no frame can be told. */
export interface LogGap {
  readonly start: number;
  readonly end: number;
  /** How many frames stand in front of it. */
  readonly framesBefore: number;
}

export interface LogProblem {
  readonly byte: number;
  readonly reason: string;
}

export interface LogView {
  /** Those that count, in their order. */
  readonly frames: readonly LogFrame[];
  /** Pages of the file after the last proven commit; undefined where no commit says. */
  readonly sizePages: number | undefined;
  /** It breaks off where a sound log does not. */
  readonly isCutOff: boolean;
  readonly gaps: readonly LogGap[];
  readonly problems: readonly LogProblem[];
}

const NOTHING: LogView = { frames: [], sizePages: undefined, isCutOff: false, gaps: [], problems: [] };

interface Salts {
  readonly salts: Buffer;
  readonly littleEndian: boolean;
  /** The checksums that the first frame continues are the head's own. */
  readonly headProven: boolean;
}

interface Found extends LogFrame {
  readonly end: number;
}

/** The page size that the head claims, where it is one. */
export function logPageBytes(log: Buffer): number | undefined {
  if (log.length < HEAD_BYTES) return undefined;
  const pageBytes = log.readUInt32BE(8);
  const isPower = (pageBytes & (pageBytes - 1)) === 0;
  return isPower && pageBytes >= 512 && pageBytes <= 65_536 ? pageBytes : undefined;
}

/**
 * The frames of the log that count: those of its own salts up to the last commit, damaged ones and what stands
 * behind them included. SQLite itself stops at the first damaged frame, without a word.
 */
export function readLog(log: Buffer, pageBytes: number, main: Buffer): LogView {
  if (log.length === 0) return NOTHING;
  if (log.length < HEAD_BYTES) {
    return { ...NOTHING, isCutOff: true, problems: [{ byte: 0, reason: "it ends within its head" }] };
  }
  const salts = readSalts(log, pageBytes);
  const { frames, gaps } = findFrames(log, pageBytes, salts);
  const ordered = inTheirOrder(log, frames, { pageBytes, littleEndian: salts.littleEndian });
  const { found: all, copies } = withoutCopies(log, ordered);
  gaps.push(...copies);
  const end = frames.at(-1)?.end ?? HEAD_BYTES;
  const endsInPlace = isLeftover(log, end, { salts: salts.salts, pageBytes });
  const found = endsInPlace && isLastBegun(log, all, main) ? all.slice(0, -1) : all;
  if (!endsInPlace) gaps.push({ start: end, end: log.length, framesBefore: found.length });
  const lastProvenCommit = found.findLast(({ commitPages, proven }) => commitPages > 0 && proven);
  const lastCommit = found.findLastIndex(({ commitPages }) => commitPages > 0);
  // A commit may also be hidden under the copy of another frame; a transaction that was undone leaves no copies.
  const endsWell = endsInPlace && copies.every(({ framesBefore }) => framesBefore <= lastCommit);
  // What is without a commit was never confirmed to anybody, unless its commit is what was damaged.
  const counted = endsWell ? found.slice(0, lastCommit + 1) : found;
  const problems = [
    ...(salts.headProven ? [] : [{ byte: 0, reason: "its head is damaged" }]),
    ...gaps.map((gap) => ({ byte: gap.start, reason: `${gap.end - gap.start} bytes of it can't be read` })),
    ...damagedFrames(counted.toSorted((a, b) => a.start - b.start)),
  ];
  return {
    frames: counted,
    sizePages: lastProvenCommit?.commitPages,
    isCutOff: !endsWell,
    gaps,
    problems: problems.toSorted((a, b) => a.byte - b.byte),
  };
}

/**
 * Whether the last frame is one that a killed process has begun over an older log: its head is written, and its page is
 * still the older one's, sound and with no op newer than all that was committed before. Else it is damaged.
 */
function isLastBegun(log: Buffer, frames: readonly Found[], main: Buffer): boolean {
  const last = frames.at(-1);
  if (last === undefined || last.proven || frames.at(-2)?.proven === false) return false;
  // Where nothing of an older log is behind it, there may have been none.
  if (log.length - last.end <= FRAME_HEAD_BYTES) return false;
  const page = log.subarray(last.start, last.end);
  if (readTreePage(page, false)?.sound === false) return false;
  const committed =
    frames.findLast(({ commitPages, proven }) => commitPages > 0 && proven)?.end ?? HEAD_BYTES;
  const known = [main, log.subarray(0, committed), log.subarray(last.end)].map(newestStamp);
  return newestStamp(page) <= Math.max(...known);
}

/** Takes out damaged frames that have the very head of a sound one: what stood in their place is gone. */
function withoutCopies(
  log: Buffer,
  frames: readonly Found[],
): { readonly found: readonly Found[]; readonly copies: readonly LogGap[] } {
  const headOf = ({ start }: Found): string => log.toString("latin1", start - FRAME_HEAD_BYTES, start);
  const sound = new Set(frames.filter(({ proven }) => proven).map(headOf));
  const found: Found[] = [];
  const copies: LogGap[] = [];
  let isBehindCopy = false;
  for (const frame of frames) {
    const isCopy = !frame.proven && sound.has(headOf(frame));
    if (isCopy) {
      copies.push({ start: frame.start - FRAME_HEAD_BYTES, end: frame.end, framesBefore: found.length });
    } else {
      found.push(isBehindCopy ? { ...frame, isBehindGap: true } : frame);
    }
    isBehindCopy = isCopy;
  }
  return { found, copies };
}

/**
 * The frames as they were written, where some have changed places: the checksums of a frame continue those of the one
 * before it, wherever that stands now.
 */
function inTheirOrder(log: Buffer, frames: readonly Found[], form: Omit<Chain, "before">): readonly Found[] {
  const doubtful = frames.flatMap(({ proven }, index) => (proven ? [] : [index]));
  if (doubtful.length < 2 || doubtful.length > MAX_DOUBTFUL) return frames;
  const placed = frames.map((frame, index) => ({ frame, place: index }));
  for (const index of doubtful) {
    const frame = frames[index];
    if (frame === undefined) continue;
    const before = doubtful.find((other) => {
      const end = frames[other]?.start ?? 0;
      return other !== index && isProven(log, frame.start - FRAME_HEAD_BYTES, { ...form, before: end - 8 });
    });
    if (before === undefined) continue;
    placed[index] = { frame: { ...frame, proven: true }, place: placed[index]?.place ?? index };
    const moved = frames[before];
    if (moved !== undefined) placed[before] = { frame: placed[before]?.frame ?? moved, place: index - 1 };
  }
  return placed.toSorted((a, b) => a.place - b.place).map(({ frame }) => frame);
}

/** One problem for all damaged frames in a row. */
function damagedFrames(frames: readonly Found[]): LogProblem[] {
  const problems: LogProblem[] = [];
  for (let first = 0; first < frames.length; first++) {
    let last = first;
    while (frames[last]?.proven === false) last++;
    const from = frames[first];
    if (from === undefined || last === first) continue;
    const reason =
      last - first === 1 ? `its frame of page ${from.page} is` : `${last - first} frames of it are`;
    problems.push({ byte: from.start - FRAME_HEAD_BYTES, reason: `${reason} damaged` });
    first = last;
  }
  return problems;
}

function readSalts(log: Buffer, pageBytes: number): Salts {
  for (const littleEndian of [true, false]) {
    const sums = checksum(log, [0, HEAD_BYTES - 8], [0, 0], littleEndian);
    const magic = littleEndian ? LOG_MAGIC : LOG_MAGIC + 1;
    if (sums[0] !== log.readUInt32BE(24) || sums[1] !== log.readUInt32BE(28)) continue;
    if (log.readUInt32BE(0) === magic && log.readUInt32BE(8) === pageBytes) {
      return { salts: log.subarray(16, 24), littleEndian, headProven: true };
    }
  }
  return { salts: saltsOfFrames(log, pageBytes), littleEndian: isLittleEndian(log), headProven: false };
}

/** A damaged head may have lost its salts: then those count that two frames have, the first such two. */
function saltsOfFrames(log: Buffer, pageBytes: number): Buffer {
  const own = log.subarray(16, 24);
  const step = FRAME_HEAD_BYTES + pageBytes;
  const seen = new Set<string>();
  let first: Buffer | undefined;
  for (let at = HEAD_BYTES; at + step <= log.length; at += step) {
    const salts = log.subarray(at + 8, at + 16);
    const isNothing = salts.every((byte) => byte === 0);
    if (isNothing) continue;
    first ??= salts;
    const name = salts.toString("latin1");
    if (salts.equals(own) || seen.has(name)) return salts;
    seen.add(name);
  }
  return first ?? own;
}

/** All but one of the magic's bits are the same, and whoever wrote the log is most likely a machine like this one. */
function isLittleEndian(log: Buffer): boolean {
  const magic = log.readUInt32BE(0);
  if (magic === LOG_MAGIC || magic === LOG_MAGIC + 1) return magic === LOG_MAGIC;
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}

/** All frames with these salts, wherever they stand, and what lies between them. */
function findFrames(
  log: Buffer,
  pageBytes: number,
  { salts, littleEndian }: Salts,
): { readonly frames: Found[]; readonly gaps: LogGap[] } {
  const frames: Found[] = [];
  const gaps: LogGap[] = [];
  let position = HEAD_BYTES;
  // The checksums of the frame before.
  let before = HEAD_BYTES - 8;
  let gapStart = HEAD_BYTES;
  let searches = 0;
  while (position + FRAME_HEAD_BYTES + pageBytes <= log.length) {
    const start = position + FRAME_HEAD_BYTES;
    const page = log.readUInt32BE(position);
    const end = start + pageBytes;
    const hasSalts = log.compare(salts, 0, 8, position + 8, position + 16) === 0;
    const proven = page > 0 && isProven(log, position, { before, pageBytes, littleEndian });
    // A checksum does not cover the salts: it proves a frame whose salts alone are damaged.
    if (page > 0 && (hasSalts || (proven && !isLeftover(log, position, { salts, pageBytes })))) {
      const number = Math.round((position - HEAD_BYTES) / (FRAME_HEAD_BYTES + pageBytes));
      const isBehindGap = position > gapStart;
      if (isBehindGap) gaps.push({ start: gapStart, end: position, framesBefore: frames.length });
      const commitPages = log.readUInt32BE(position + 4);
      frames.push({ page, number, start, end, proven, commitPages, isBehindGap });
      before = position + 16;
      position = end;
      gapStart = end;
      continue;
    }
    // Bytes may have been put in or left out: the salts tell where a frame is.
    const next = searches++ < MAX_SEARCHES ? log.indexOf(salts, position + 9) : -1;
    if (next === -1) break;
    position = next - 8;
    before = position - FRAME_HEAD_BYTES - pageBytes + 16;
  }
  return { frames, gaps };
}

interface Chain {
  /** Where the checksums stand that this frame continues. */
  readonly before: number;
  readonly pageBytes: number;
  readonly littleEndian: boolean;
}

function isProven(log: Buffer, position: number, { before, pageBytes, littleEndian }: Chain): boolean {
  if (before < 0) return false;
  const seed = [log.readUInt32BE(before), log.readUInt32BE(before + 4)] as const;
  const head = checksum(log, [position, position + 8], seed, littleEndian);
  const start = position + FRAME_HEAD_BYTES;
  const sums = checksum(log, [start, start + pageBytes], head, littleEndian);
  return sums[0] === log.readUInt32BE(position + 16) && sums[1] === log.readUInt32BE(position + 20);
}

/** Whether a sound log may go on so behind its last frame: not at all, with a frame begun, or with an older log. */
function isLeftover(
  log: Buffer,
  position: number,
  { salts, pageBytes }: { readonly salts: Buffer; readonly pageBytes: number },
): boolean {
  // A process that is killed while it writes a frame leaves its head: the page is written in one piece.
  if (log.length - position <= FRAME_HEAD_BYTES) return true;
  const isCutFrame = position + FRAME_HEAD_BYTES + pageBytes > log.length;
  const count = (salts.readUInt32BE(0) - log.readUInt32BE(position + 8)) >>> 0;
  // An older log may also have been cut anywhere, with no harm.
  return count > 0 && count < MAX_LEFTOVER_LOGS && (isCutFrame || log.readUInt32BE(position) > 0);
}

/** The log's checksum: two sums that run through pairs of words. */
function checksum(
  log: Buffer,
  [start, end]: readonly [number, number],
  [first, second]: readonly [number, number],
  littleEndian: boolean,
): readonly [number, number] {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  let one = first | 0;
  let two = second | 0;
  for (let at = start; at < end; at += 8) {
    one = (one + view.getInt32(at, littleEndian) + two) | 0;
    two = (two + view.getInt32(at + 4, littleEndian) + one) | 0;
  }
  return [one >>> 0, two >>> 0];
}
