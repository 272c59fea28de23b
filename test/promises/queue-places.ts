import type { LostOp, QueuedOp } from "../../src/queue/index.ts";
import { encodeQueuedOp, knownOfRecord, RECORD_MAGIC } from "../../src/queue/sqlite/op-record.ts";

const PAGE_BYTES = 4_096;
const FRAME_BYTES = PAGE_BYTES + 24;
const LOG_HEAD_BYTES = 32;
const STAMP_AT = 61;
/** So many bytes are put in at most. */
const MAX_SHIFT_BYTES = 64;

/** A queue's files as they were written, and as they are opened. */
export interface SoundFiles {
  readonly main: Buffer;
  readonly log: Buffer;
  readonly damagedMain: Buffer;
  readonly damagedLog: Buffer;
}

/** Where the newest state of an op stood. */
export interface OpPlace {
  readonly file: "queue.db" | "queue.db-wal";
  readonly byte: number;
  readonly page: number;
  /** Every byte of it, and of what leads from one part to the next, is still there. */
  readonly isWhole: boolean;
}

interface Part {
  readonly isInLog: boolean;
  readonly start: number;
  readonly end: number;
}

export function locate(files: SoundFiles, name: string, op: QueuedOp): OpPlace {
  const log = liveLog(files.log);
  // What the log has is newer, and what is behind in it is newest.
  const inLog = lastRecord(log, name, op.sequence);
  const isInLog = inLog !== -1;
  const sound = isInLog ? log : files.main;
  const byte = isInLog ? inLog : lastRecord(sound, name, op.sequence);
  if (byte === -1) throw new Error(`op ${op.sequence} of ${name} is not in the sound files`);
  const record = Buffer.from(encodeQueuedOp(name, op, sound.readDoubleBE(byte + STAMP_AT)));
  if (!record.subarray(0, 80).equals(sound.subarray(byte, byte + 80))) {
    throw new Error("the history is another one");
  }
  const page = isInLog ? log.readUInt32BE(byte - ((byte - LOG_HEAD_BYTES) % FRAME_BYTES)) : pageOf(byte);
  const parts = partsOf(record, { ...files, log }, { isInLog, start: byte });
  const isWhole = parts.every((part) => isSame(files, part)) || isMovedWhole(record, files, parts);
  return { file: isInLog ? "queue.db-wal" : "queue.db", byte, page, isWhole };
}

/** A log's own frames: what an older one in the same file has left stands behind them. */
function liveLog(log: Buffer): Buffer {
  let end = LOG_HEAD_BYTES;
  while (end + FRAME_BYTES <= log.length && log.compare(log, 16, 24, end + 8, end + 16) === 0) {
    end += FRAME_BYTES;
  }
  return log.subarray(0, end);
}

const pageOf = (byte: number): number => Math.floor(byte / PAGE_BYTES) + 1;

function isSame({ main, log, damagedMain, damagedLog }: SoundFiles, { isInLog, start, end }: Part): boolean {
  const [sound, damaged] = isInLog ? [log, damagedLog] : [main, damagedMain];
  return end <= damaged.length && damaged.compare(sound, start, end, start, end) === 0;
}

/** A record in one piece may stand elsewhere now: bytes were put in, or pages have changed places. */
function isMovedWhole(
  record: Buffer,
  { log, damagedMain, damagedLog }: SoundFiles,
  parts: readonly Part[],
): boolean {
  const [part] = parts;
  if (part === undefined || parts.length > 1) return false;
  if (!part.isInLog) return damagedMain.includes(record);
  return damagedLog.subarray(0, liveLog(log).length + MAX_SHIFT_BYTES).includes(record);
}

/** The pieces of a record, with what leads from one to the next. */
function partsOf(
  record: Buffer,
  { main, log }: Pick<SoundFiles, "main" | "log">,
  { isInLog, start }: Omit<Part, "end">,
): Part[] {
  const file = isInLog ? log : main;
  let same = 0;
  while (same < record.length && record[same] === file[start + same]) same++;
  if (same === record.length) return [{ isInLog, start, end: start + same }];
  const parts: Part[] = [{ isInLog, start, end: start + same + 4 }];
  for (let at = same; at < record.length;) {
    const piece = record.subarray(at, Math.min(record.length, at + PAGE_BYTES - 4));
    const inLog = log.lastIndexOf(piece);
    const found = inLog === -1 ? main.indexOf(piece) : inLog;
    if (found === -1) throw new Error("a piece of a record is not in the sound files");
    parts.push({ isInLog: inLog !== -1, start: found - 4, end: found + piece.length });
    at += piece.length;
  }
  return parts;
}

/** Where the last record of an op begins; -1: there is none. */
function lastRecord(file: Buffer, queue: string, sequence: number): number {
  let at = file.length;
  do {
    at = at === 0 ? -1 : file.lastIndexOf(RECORD_MAGIC, at - 1);
    const known = at === -1 ? undefined : knownOfRecord(file.subarray(at, at + 200));
    if (known?.queue === queue && known.sequence === sequence) return at;
  } while (at !== -1);
  return -1;
}

/** Whether a loss names this op, or the place where it stood. */
export function isTold({ position, reason, sequence }: LostOp, wanted: number, place: OpPlace): boolean {
  if (sequence === wanted) return true;
  // Of two pages that are the same, nobody knows which was there first.
  if (reason.startsWith(`it holds what page ${place.page} holds`)) return true;
  const [, file, rest = ""] = /^(queue\.db(?:-wal)?), (.*)$/.exec(position) ?? [];
  if (file !== place.file) return false;
  const [, first, last = first] = /^pages? (\d+)(?: to (\d+))?/.exec(rest) ?? [];
  if (first !== undefined) return Number(first) <= place.page && place.page <= Number(last);
  const [, byte] = /^byte (\d+)/.exec(rest) ?? [];
  return byte !== undefined && Number(byte) <= place.byte;
}

/** The known limit: nothing tells such a log from one that was never longer. */
export function isCutAtEdge({ log, damagedLog }: SoundFiles): boolean {
  const { length } = damagedLog;
  if (length >= liveLog(log).length || !damagedLog.equals(log.subarray(0, length))) return false;
  return length === 0 || (length >= LOG_HEAD_BYTES && (length - LOG_HEAD_BYTES) % FRAME_BYTES <= 24);
}

/** The other one: frames that have changed places are put in order only as far as their checksums tell. */
export function isDisplaced(what: string): boolean {
  return what.includes("queue.db-wal: pages swapped");
}
