import { type Clock, messageOf, systemClock, toDioramaError } from "../../base/index.ts";
import { damageOf, type Failure, rollBack, toCallError } from "../../sqlite/index.ts";
import type { LostOp } from "../write-queue.ts";
import { Compaction } from "./compaction.ts";
import { type PostedBatch, postedBatches, type Posting } from "./posting.ts";
import type { RecordPacket } from "./protocol.ts";
import { QueueFile } from "./queue-file.ts";
import { currentFormat, type QueueFormat } from "./queue-schema.ts";

/** What is kept relaxed goes to the disk with the first group that comes this much later. */
const MAX_RELAXED_MS = 500;

/** What is kept relaxed is flushed when nothing came for so long. */
const FLUSH_MS = 250;
/**
 * Nothing came for so long: the file is at rest. Not sooner, since a log that was emptied has to grow again, and
 * flushing a file that grows takes longer.
 */
const REST_MS = 1_000;
/** Work at rest that failed, as on a full disk, is tried again after so long. */
const TROUBLE_MS = 5_000;

/**
 * The moments of the worker's life, for those who want to end it there. received: batches are there, nothing is
 * done. appended: they are in the open transaction. committed: and it is kept, nobody knows. answered: their
 * callers are told. The file is rewritten between compacting and compacted, the log emptied between
 * checkpointing and checkpointed.
 */
export type QueueStep =
  | "received"
  | "appended"
  | "committed"
  | "answered"
  | "compacting"
  | "compacted"
  | "checkpointing"
  | "checkpointed";

export interface QueueStoreSettings {
  readonly folder: string;
  readonly maxSizeBytes: number | undefined;
  readonly onNotice: (text: string) => void;
  readonly onStep?: ((step: QueueStep) => void) | undefined;
  readonly format?: QueueFormat | undefined;
  readonly clock?: Clock | undefined;
}

/** The failure of each batch of a posting, or null; undefined where all are kept. */
export type Outcome = readonly (Failure | null)[] | undefined;

/** Everything that happens in the worker: groups of batches in one transaction, damage contained, rest used. */
export class QueueStore {
  readonly #file: QueueFile;
  readonly #clock: Clock;
  readonly #notice: (text: string) => void;
  readonly #step: (step: QueueStep) => void;
  #compaction: Compaction | undefined;
  /** What the connection is set to. */
  #flushes = true;
  /** Since when something is kept that the disk may not have. */
  #relaxedSince: number | undefined;
  #isLogEmpty = false;
  #lastTrouble = "";

  constructor(settings: QueueStoreSettings) {
    const { format = currentFormat, onStep, clock = systemClock, onNotice } = settings;
    this.#file = new QueueFile({ ...settings, format });
    this.#clock = clock;
    this.#notice = onNotice;
    this.#step = onStep ?? ((): void => undefined);
  }

  openFile(): void {
    this.#guard(() => undefined);
  }

  lost(queue: string): readonly LostOp[] {
    return this.#guard(() => this.#file.losses.of(queue));
  }

  lostTold(queue: string): void {
    this.#guard(() => this.#file.losses.told(queue));
    this.#changed();
  }

  read(queue: string, after: number): RecordPacket {
    return this.#guard(() => this.#file.ops.read(queue, after));
  }

  giveUp(queue: string, sequence: number, reason: string): void {
    this.#guard(() => this.#file.giveUp(queue, sequence, reason));
    this.#changed();
  }

  /** Keeps all batches in one transaction; where that fails, each alone, so that none fails for another. */
  apply(postings: readonly Posting[]): readonly Outcome[] {
    this.#step("received");
    const lists = postings.map(postedBatches);
    const all = lists.flat();
    try {
      this.#guard(() => this.#write(all));
      return lists.map(() => undefined);
    } catch (error) {
      const isHopeless = !this.#file.isOpen || (all.length === 1 && damageOf(error) === undefined);
      if (isHopeless) return lists.map((batches) => batches.map(() => this.#failureOf(error)));
      return lists.map((batches) => batches.map((batch) => this.#writeAlone(batch)));
    }
  }

  /** Tells that the callers of the last group were answered. */
  answered(): void {
    this.#step("answered");
  }

  /**
   * One piece of what is done when nothing came for a while; after how many milliseconds to come again, if there is
   * a reason to.
   */
  tidy(idleMs: number = Number.POSITIVE_INFINITY): number | undefined {
    if (!this.#file.isOpen) return undefined;
    const compaction = this.#compaction;
    const isDue = compaction?.isDue === true;
    if (!isDue && this.#isLogEmpty) return undefined;
    const waitMs = (this.#relaxedSince === undefined ? REST_MS : FLUSH_MS) - idleMs;
    if (waitMs > 0) return waitMs;
    try {
      if (this.#relaxedSince !== undefined) this.#flush();
      else if (isDue) this.#compact(compaction);
      else this.#emptyLog();
      this.#lastTrouble = "";
      return 0;
    } catch (error) {
      this.#tellTrouble(error);
      return TROUBLE_MS;
    }
  }

  close(): void {
    if (!this.#file.isOpen) return;
    try {
      this.#compaction?.finish();
      this.#emptyLog();
    } catch (error) {
      // What is committed stays in the log, and is found there at the next opening.
      this.#notice(`${this.#file.path} keeps its log: ${messageOf(error)}`);
    }
    this.#file.close();
  }

  #write(batches: readonly PostedBatch[]): void {
    const full = batches.filter(({ removes, puts }) => removes.length + puts.length > 0);
    if (full.length === 0) return;
    const now = this.#clock.monotonic();
    const isLate = this.#relaxedSince !== undefined && now - this.#relaxedSince >= MAX_RELAXED_MS;
    const flushes = isLate || full.some(({ mustFlush }) => mustFlush);
    this.#setFlushes(flushes);
    const { database, ops } = this.#file;
    database.exec("BEGIN IMMEDIATE");
    for (const batch of full) ops.apply(batch);
    this.#step("appended");
    database.exec("COMMIT");
    this.#relaxedSince = flushes ? undefined : (this.#relaxedSince ?? now);
    this.#changed();
    this.#relieve();
    this.#step("committed");
  }

  /** What was committed is kept, also where this fails, as on a full disk. */
  #relieve(): void {
    try {
      if (this.#compaction?.isPressing === true) this.#compaction.giveBack();
    } catch (error) {
      this.#tellTrouble(error);
    }
  }

  #tellTrouble(error: unknown): void {
    const trouble = `${this.#file.path} can't be tidied now: ${messageOf(error)}`;
    if (trouble !== this.#lastTrouble) this.#notice(trouble);
    this.#lastTrouble = trouble;
  }

  #writeAlone(batch: PostedBatch): Failure | null {
    try {
      this.#guard(() => this.#write([batch]));
      return null;
    } catch (error) {
      return this.#failureOf(error);
    }
  }

  #failureOf(error: unknown): Failure {
    const { code, message, place } = toCallError(error, this.#file.path);
    return { code, message, place };
  }

  /** A transaction at FULL is on the disk when it is committed; at NORMAL, the system has it. */
  #setFlushes(flushes: boolean): void {
    if (flushes === this.#flushes) return;
    this.#file.database.exec(`PRAGMA synchronous=${flushes ? "FULL" : "NORMAL"}`);
    this.#flushes = flushes;
  }

  #changed(): void {
    this.#isLogEmpty = false;
    this.#compaction?.changed();
  }

  #compact(compaction: Compaction): void {
    this.#step("compacting");
    this.#isLogEmpty = false;
    if (!compaction.step()) this.#file.ops.forgetEmpty();
    this.#step("compacted");
  }

  /** A checkpoint flushes the log before it takes anything from there. */
  #flush(): void {
    this.#file.database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    this.#relaxedSince = undefined;
  }

  #emptyLog(): void {
    this.#step("checkpointing");
    this.#file.database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#relaxedSince = undefined;
    this.#isLogEmpty = true;
    this.#step("checkpointed");
  }

  /** Runs one call: opens the file where needed, leaves no transaction behind a failure, contains damage. */
  #guard<T>(call: () => T): T {
    try {
      if (!this.#file.isOpen) this.#openFile();
      return call();
    } catch (error) {
      throw this.#contain(error);
    }
  }

  #openFile(): void {
    this.#file.open();
    this.#opened();
  }

  #opened(): void {
    this.#compaction = new Compaction(this.#file.database);
    this.#flushes = true;
    this.#relaxedSince = undefined;
    this.#isLogEmpty = false;
  }

  #contain(error: unknown): unknown {
    if (!this.#file.isOpen) return toCallError(error, this.#file.path);
    try {
      rollBack(this.#file.database);
      this.#file.ops.reload();
    } catch (rollbackError) {
      return this.#rebuild(rollbackError);
    }
    return damageOf(error) === undefined ? toCallError(error, this.#file.path) : this.#rebuild(error);
  }

  /** Answers with the damage, once the file is whole again: the call can be made anew. */
  #rebuild(error: unknown): unknown {
    try {
      this.#file.rebuild(messageOf(error));
      this.#opened();
      return damageOf(error) ?? error;
    } catch (rebuildError) {
      return toDioramaError(rebuildError, "unavailable", `rebuilding ${this.#file.path}`);
    }
  }
}
