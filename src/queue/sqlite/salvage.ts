import { isDioramaError } from "../../base/index.ts";
import type { QueuedOp } from "../write-queue.ts";
import { decodeQueuedOp, type OpOfRecord } from "./op-record.ts";
import { type DisplacedPage, findDisplaced } from "./salvage-displaced.ts";
import { findPageBytes, mainPageBytes, type PageImage, PageImages } from "./salvage-images.ts";
import { logPageBytes, readLog } from "./salvage-log.ts";
import { type FoundRecord, RecordReader } from "./salvage-records.ts";
import { LossReport, type QueueLoss } from "./salvage-report.ts";

/** An op that was saved, and the queue that it belongs to. */
export interface SalvagedOp {
  readonly queue: string;
  readonly queued: QueuedOp;
}

export interface Salvage {
  /** By queue and sequence. */
  readonly ops: readonly SalvagedOp[];
  readonly losses: readonly QueueLoss[];
}

/**
 * Reads a queue file and its log however damaged they are: every op whose record proves itself, in its newest
 * state, and what is bad by its place. SQLite's structure is taken as evidence, never as a condition.
 *
 * An op that was removed doesn't rise again from a page whose newer content is sound. It may from one whose newer
 * content is damaged: then nothing tells what was removed from it since.
 */
export function salvageQueue(mainBytes: Uint8Array, logBytes?: Uint8Array): Salvage {
  const main = asBuffer(mainBytes);
  const log = asBuffer(logBytes ?? new Uint8Array());
  const pageBytes = findPageBytes(main, [mainPageBytes(main), logPageBytes(log)]);
  const view = readLog(log, pageBytes, main);
  const images = new PageImages(main, log, view, pageBytes);
  const reader = new RecordReader(images, main.length + log.length);
  const report = new LossReport(main, images, view);
  const newest = new Map<string, SavedRecord>();
  const work: Work = { images, reader, report, newest, displaced: findDisplaced(images, reader) };
  const rankOf = (queue: string, sequence: number): number | undefined =>
    newest.get(keyOf(queue, sequence))?.rank;
  for (const page of images.pages()) salvagePage(page, work);
  for (const { swapped } of work.displaced.values()) {
    for (const found of swapped) keep(found, undefined, work);
  }
  for (const image of images.unplaced()) {
    for (const found of reader.read(image).good) keep(found, undefined, work);
  }
  for (const transaction of images.brokenTransactions()) salvageMoved(transaction, work);
  salvageUnseen(work);
  salvageOlder(report.missing(rankOf), work);
  const ops = [...newest.values()]
    .map(({ op: { queue, queued } }) => ({ queue, queued }))
    .sort((a, b) => compareText(a.queue, b.queue) || a.queued.sequence - b.queued.sequence);
  const queues = new Set(ops.map(({ queue }) => queue));
  // A damaged record may name a queue that never was, whose losses nobody would ask for.
  const losses = report
    .finish(reader, rankOf)
    .map((loss) =>
      loss.queue !== undefined && !queues.has(loss.queue) ? { ...loss, queue: undefined } : loss,
    );
  return { ops, losses };
}

/**
 * The first thing that is wrong with a queue's log: undefined where SQLite reads all of it. It takes a log up to
 * its first damaged frame and drops the rest, commits included, without a word.
 */
export function problemOfLog(main: Uint8Array, log: Uint8Array): string | undefined {
  const pageBytes = mainPageBytes(asBuffer(main)) ?? logPageBytes(asBuffer(log)) ?? 4_096;
  const problem = readLog(asBuffer(log), pageBytes, asBuffer(main)).problems[0];
  return problem === undefined ? undefined : `byte ${problem.byte} of its log: ${problem.reason}`;
}

interface SavedRecord {
  readonly op: OpOfRecord;
  readonly rank: number;
  readonly page: number;
}

interface Work {
  readonly images: PageImages;
  readonly reader: RecordReader;
  readonly report: LossReport;
  readonly newest: Map<string, SavedRecord>;
  readonly displaced: ReadonlyMap<number, DisplacedPage>;
}

/** Takes the page's newest image; older ones as long as no newer one is sound, or for those that it has lost. */
function salvagePage(page: number, work: Work): void {
  let wanted: ReadonlySet<number> | undefined;
  for (const [age, image] of work.images.of(page).entries()) {
    const { good, bad, tree } = work.reader.read(image);
    if (age === 0) work.report.page(image, { good, bad, tree });
    const displaced = work.displaced.get(page);
    // With a damaged log nobody knows whether a frame of this page is missing there.
    if (displaced !== undefined && work.images.lastDamaged === 0) {
      return work.report.displaced(image, displaced.others);
    }
    for (const found of good) keep(found, wanted, work);
    const isSound = image.proven || (tree?.sound === true && tree.isLeaf);
    if (!isSound) continue;
    if (bad.length === 0) return;
    wanted ??= new Set(bad.flatMap(({ known }) => known.sequence ?? []));
  }
}

/** Takes ops that left their page in this transaction for one that is lost: no sound page of it holds them. */
function salvageMoved(transaction: readonly PageImage[], work: Work): void {
  const arrived = new Set<string>();
  const before: FoundRecord[] = [];
  // Where a commit is lost it is several in one, and an op may have gone on from where it arrived.
  const last = new Map(transaction.map((image) => [image.page, image]));
  for (const image of last.values()) {
    for (const found of work.reader.read(image).good) arrived.add(nameOf(found, work));
  }
  for (const image of transaction) {
    const older = work.images.before(image);
    if (older !== undefined) before.push(...work.reader.read(older).good);
  }
  for (const found of before) if (!arrived.has(nameOf(found, work))) keep(found, undefined, work);
}

/**
 * Takes ops that the sound part of the log has and nothing behind the damage shows again. They may have been removed
 * there; but they may as well have moved into a page that never reached the disk, as after a power cut.
 */
function salvageUnseen(work: Work): void {
  const { images, reader } = work;
  const seen = new Set<string>();
  const before: FoundRecord[] = [];
  for (const page of images.pages()) {
    const all = images.of(page);
    const later = all.filter(({ rank }) => rank > images.wholeUpTo);
    for (const image of later) {
      if (image.rank <= images.lastDamaged) continue;
      for (const found of reader.read(image).good) seen.add(nameOf(found, work));
    }
    // What a checkpoint brought into the file was whole, damaged as the log may be now.
    const isCertain = later.some(({ isInLog, proven }) => !isInLog && proven);
    const older = later.length > 0 && !isCertain ? all[later.length] : undefined;
    if (older !== undefined) before.push(...reader.read(older).good);
  }
  for (const found of before) if (!seen.has(nameOf(found, work))) keep(found, undefined, work);
}

/** Takes earlier states, wherever they stand, of ops that should be there and can't be read. */
function salvageOlder(sequences: ReadonlySet<number>, work: Work): void {
  if (sequences.size === 0) return;
  for (const page of work.images.pages()) {
    for (const image of work.images.of(page)) {
      for (const found of work.reader.read(image).good) keep(found, sequences, work);
    }
  }
}

function nameOf(found: FoundRecord, { report }: Work): string {
  const op = decoded(found, report);
  return op === undefined ? "" : keyOf(op.queue, op.queued.sequence);
}

function keep(found: FoundRecord, wanted: ReadonlySet<number> | undefined, { newest, report }: Work): void {
  const op = decoded(found, report);
  if (op === undefined || (wanted !== undefined && !wanted.has(op.queued.sequence))) return;
  const { rank, page } = found.image;
  const key = keyOf(op.queue, op.queued.sequence);
  const other = newest.get(key);
  if (other !== undefined && other.rank === rank && other.page !== page)
    report.twice(found.image, other.page);
  // Not what stands furthest behind: damage may have brought an earlier state there.
  const isNewer = other === undefined || op.stamp > other.op.stamp;
  if (isNewer || (op.stamp === other.op.stamp && rank > other.rank)) newest.set(key, { op, rank, page });
}

/** A sound record that can't be read all the same is one of another version. */
function decoded({ bytes, image, start }: FoundRecord, report: LossReport): OpOfRecord | undefined {
  try {
    return decodeQueuedOp(bytes);
  } catch (error) {
    if (!isDioramaError(error)) throw error;
    report.unreadable(image, start, error);
    return undefined;
  }
}

const keyOf = (queue: string, sequence: number): string => `${sequence} ${queue}`;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
