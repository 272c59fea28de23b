import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf, must } from "../../base/index.ts";
import { Damage, damageOf, rollBack } from "../../sqlite/index.ts";
import type { LostOp } from "../write-queue.ts";
import { badRecords, type BadRecord, inspectFile } from "./inspect-file.ts";
import { LossBook } from "./loss-book.ts";
import { knownOfRecord } from "./op-record.ts";
import { FILE_MODE, flushFile, kindOf, QueueFiles } from "./queue-files.ts";
import { keyOf, migrate, type QueueFormat } from "./queue-schema.ts";
import { draftEmpty, draftSalvaged } from "./rebuild-file.ts";
import { StoredOps } from "./stored-ops.ts";

const PAGE_CACHE_KIB = 16_384;
/** Under load the write-ahead log is taken into the file when it has so many pages; at rest it is empty. */
const LOG_PAGES = 256;
/** It is cut back to this then. */
const MAX_KEPT_LOG_BYTES = 1_048_576;

export interface QueueFileSettings {
  readonly folder: string;
  readonly maxSizeBytes: number | undefined;
  readonly format: QueueFormat;
  /** A rare change of state, for the log. */
  readonly onNotice: (text: string) => void;
}

interface OpenFile {
  readonly database: DatabaseSync;
  readonly ops: StoredOps;
  readonly losses: LossBook;
}

/** The one SQLite file of all queues of a folder: opened, migrated or salvaged when it is first needed. */
export class QueueFile {
  readonly path: string;
  readonly #files: QueueFiles;
  readonly #settings: QueueFileSettings;
  #open: OpenFile | undefined;

  constructor(settings: QueueFileSettings) {
    this.#settings = settings;
    this.#files = new QueueFiles(settings.folder);
    this.path = this.#files.path;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  get database(): DatabaseSync {
    return this.#parts.database;
  }

  get ops(): StoredOps {
    return this.#parts.ops;
  }

  get losses(): LossBook {
    return this.#parts.losses;
  }

  open(): void {
    if (this.#open !== undefined) return;
    this.#takeReady();
    this.#files.removeDraft();
    try {
      this.#openOnce();
    } catch (error) {
      this.#quietClose();
      const damage = damageOf(error);
      if (damage === undefined) throw error;
      this.rebuild(damage.message);
    }
  }

  /** Sets the file aside and makes a new one of what can be read of it. */
  rebuild(reason: string): void {
    draftSalvaged(this.#files, reason);
    this.#quietClose();
    this.#takeReady();
    this.#openOnce();
  }

  /** Takes an op out that can't be read: its bytes are kept apart. */
  giveUp(queue: string, sequence: number, reason: string): void {
    const { database, ops, losses } = this.#parts;
    const bytes = ops.recordOf(queue, sequence);
    const number = ops.numberOf(queue);
    if (bytes === undefined || number === undefined) return;
    this.#takeOut(database, losses, [{ number, queue, sequence, bytes, reason }]);
  }

  close(): void {
    this.#quietClose();
  }

  get #parts(): OpenFile {
    return must(this.#open, "the queue file is opened before it is used");
  }

  #takeReady(): void {
    const aside = this.#files.takeReady();
    if (aside === undefined) return;
    this.#settings.onNotice(
      `${this.path} was damaged; it was set aside as ${aside}, and what could be read of it was kept`,
    );
  }

  #openOnce(): void {
    const { format } = this.#settings;
    if (kindOf(this.path) === "missing" && kindOf(`${this.path}-wal`) === "missing") {
      draftEmpty(this.#files);
      this.#files.takeReady();
    }
    const kind = kindOf(this.path);
    if (kind === "missing") throw new Damage("it is gone, and its log is there", true);
    if (kind === "other") throw new Damage("it is no file", true);
    if (kind === "empty") throw new Damage("it is empty", true);
    const found = inspectFile(this.path, format);
    const database = new DatabaseSync(this.path, { timeout: 0 });
    try {
      this.#prepare(database);
      if (found.format < format.number) migrate(database, found.format, format);
      const bad = found.format < format.number ? badRecords(database) : found.bad;
      const losses = new LossBook(database);
      if (bad.length > 0) this.#takeOut(database, losses, bad);
      this.#open = { database, ops: new StoredOps(database), losses };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #prepare(database: DatabaseSync): void {
    // Alone with the file: no shared memory that another process could cut off under us, and fewer locks.
    database.exec(
      `PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;
       PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;
       PRAGMA cache_size=-${PAGE_CACHE_KIB}; PRAGMA journal_size_limit=${MAX_KEPT_LOG_BYTES};
       PRAGMA wal_autocheckpoint=${LOG_PAGES}`,
    );
    const { maxSizeBytes } = this.#settings;
    if (maxSizeBytes === undefined) return;
    const pageBytes = Number(database.prepare("PRAGMA page_size").get()?.["page_size"]);
    database.exec(`PRAGMA max_page_count=${Math.max(1, Math.floor(maxSizeBytes / pageBytes))}`);
  }

  /** Rows that hold no sound record: their bytes are kept apart before they leave. */
  #takeOut(database: DatabaseSync, losses: LossBook, bad: readonly BadRecord[]): void {
    const apart = this.#keepApart(bad);
    database.exec("BEGIN IMMEDIATE");
    try {
      const remove = database.prepare("DELETE FROM ops WHERE key = ?");
      for (const record of bad) {
        remove.run(keyOf(record.number, record.sequence));
        losses.note(record.queue, toLoss(record, this.path, apart));
      }
      database.exec("COMMIT");
    } catch (error) {
      rollBack(database);
      throw error;
    }
    this.#settings.onNotice(`${bad.length} ops of ${this.path} were damaged and are kept apart in ${apart}`);
  }

  /** Writes damaged records where nothing touches them any more, a line each; answers where. */
  #keepApart(bad: readonly BadRecord[]): string {
    const target = this.#files.freeName("lost");
    const lines = bad.map(({ queue, sequence, reason, bytes }) => ({
      queue,
      sequence,
      reason,
      base64: Buffer.from(bytes).toString("base64"),
    }));
    writeFileSync(target, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), {
      mode: FILE_MODE,
      flag: "wx",
    });
    flushFile(target);
    return target;
  }

  #quietClose(): void {
    const open = this.#open;
    this.#open = undefined;
    try {
      open?.database.close();
    } catch (error) {
      this.#settings.onNotice(`closing ${this.path}: ${messageOf(error)}`);
    }
  }
}

function toLoss({ sequence, bytes, reason }: BadRecord, path: string, apart: string): LostOp {
  const { opId, id } = knownOfRecord(bytes);
  return {
    position: `sequence ${sequence} in ${path}`,
    reason: `${reason}; its bytes are kept in ${apart}`,
    sequence,
    opId,
    id,
  };
}
