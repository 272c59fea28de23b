import { accessSync, closeSync, constants, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DioramaError } from "../../base/index.ts";
import { Damage } from "../../sqlite/index.ts";
import { isProven, knownOfRecord, recordLength } from "./op-record.ts";
import { kindOf } from "./queue-files.ts";
import {
  APPLICATION_ID,
  currentFormat,
  formatOf,
  GUARD_KEY,
  hasTables,
  KEY_PARTS,
  keyOf,
  type QueueFormat,
} from "./queue-schema.ts";
import { problemOfLog } from "./salvage.ts";
import { fromStoredName } from "./stored-ops.ts";

/** A row whose record is not what was written. */
export interface BadRecord {
  readonly number: number;
  readonly queue: string;
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly reason: string;
}

export interface Inspection {
  /** Of the file as it stands; it may be an older one. */
  readonly format: number;
  /** Only of a file of the current format. */
  readonly bad: readonly BadRecord[];
}

const MAGIC = "SQLite format 3\u0000";
const HEADER_BYTES = 100;
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;
const SLICE_OPS = 64;

/**
 * Looks through a queue file without changing a byte of it. Damage where its structure is not what was written,
 * `unsupported` for a newer format, `invalid` where it may not be used.
 */
export function inspectFile(path: string, current: QueueFormat): Inspection {
  checkAccess(path);
  checkHeader(path, current);
  const hasLog = kindOf(`${path}-wal`) === "file";
  if (hasLog) checkLog(path);
  const database = openToLook(path);
  try {
    const format = readFormat(database, path, current);
    const check = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
    if (check !== "ok") throw new Damage(`its structure is damaged (${String(check)})`, true);
    if (current === currentFormat && format === current.number && !hasTables(database)) {
      throw new Damage("its tables are not those that were made", true);
    }
    return { format, bad: format === current.number ? badRecords(database) : [] };
  } finally {
    database.close();
    rmSync(`${path}-shm`, { force: true });
    if (!hasLog) rmSync(`${path}-wal`, { force: true });
  }
}

/** The rows whose record is not proven or stands in another's place, the file's structure being sound. */
export function badRecords(database: DatabaseSync): BadRecord[] {
  const names = new Map<unknown, string>();
  for (const { number, name } of database.prepare("SELECT number, name FROM queues").all()) {
    names.set(number, fromStoredName(name));
  }
  const bad: BadRecord[] = [];
  for (const { number, sequence, record } of storedRecords(database)) {
    const queue = names.get(number);
    const reason = problemOf(record);
    if (reason !== undefined) {
      bad.push({ number, queue: queue ?? "", sequence, bytes: record.slice(), reason });
      continue;
    }
    // A sound record says whose it is: then it is the list that is wrong, and may hide others.
    const known = knownOfRecord(record);
    if (known.queue !== queue || known.sequence !== sequence) {
      throw new Damage(`the op at sequence ${sequence} of queue ${number} belongs elsewhere`, true);
    }
  }
  return bad;
}

interface StoredRecord {
  readonly number: number;
  readonly sequence: number;
  readonly record: Uint8Array;
}

/** In slices: the oldest Node of ours may drop a statement whose rows are still being read one by one. */
function* storedRecords(database: DatabaseSync): Generator<StoredRecord> {
  const slice = database.prepare(
    `SELECT ${KEY_PARTS}, record FROM ops WHERE key > ? ORDER BY key LIMIT ${SLICE_OPS}`,
  );
  const first = database.prepare("SELECT min(key) AS key FROM ops").get()?.["key"];
  if (first !== Number(GUARD_KEY)) throw new Damage("the first row of the list of ops is not there", true);
  let after = GUARD_KEY;
  for (let rows = slice.all(after); rows.length > 0; rows = slice.all(after)) {
    for (const { number, sequence, record } of rows) {
      if (typeof number !== "number" || typeof sequence !== "number" || !(record instanceof Uint8Array)) {
        throw new Damage("the list of ops has values of another type", true);
      }
      after = keyOf(number, sequence);
      yield { number, sequence, record };
    }
  }
}

function problemOf(record: Uint8Array): string | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (recordLength(bytes, 0) !== bytes.length) return "it is no whole record";
  return isProven(bytes) ? undefined : "its checksum is wrong";
}

function checkAccess(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new DioramaError(
      "invalid",
      `this process may not read and write the queue file ${path}, and it may hold writes that were not sent: give this process the right to, or move the file away`,
      { cause: error, place: { file: path } },
    );
  }
}

/** From the bytes: opening another program's file, or a newer one, could already change it. */
function checkHeader(path: string, current: QueueFormat): void {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, "r");
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) throw new Damage("it is no database", true);
  if (header.readUInt32BE(APPLICATION_ID_AT) !== APPLICATION_ID) {
    throw new Damage("it is no queue of this library", true);
  }
  checkFormat(header.readUInt32BE(USER_VERSION_AT), path, current);
}

/** SQLite would take a log up to its first damaged frame, and drop what was committed behind it without a word. */
function checkLog(path: string): void {
  const problem = problemOfLog(readFileSync(path), readFileSync(`${path}-wal`));
  if (problem !== undefined) throw new Damage(problem, true);
}

/** Read only, so that closing it leaves the log where it is; what it needs beside the file is removed again. */
function openToLook(path: string): DatabaseSync {
  rmSync(`${path}-shm`, { force: true });
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  database.exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON");
  return database;
}

function readFormat(database: DatabaseSync, path: string, current: QueueFormat): number {
  if (database.prepare("PRAGMA application_id").get()?.["application_id"] !== APPLICATION_ID) {
    throw new Damage("it is no queue of this library", true);
  }
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  return checkFormat(typeof version === "number" ? version : 0, path, current);
}

function checkFormat(userVersion: number, path: string, current: QueueFormat): number {
  const format = formatOf(userVersion);
  if (format === undefined) throw new Damage("its format can't be read", true);
  if (format <= current.number) return format;
  throw new DioramaError(
    "unsupported",
    `the queue file ${path} has format ${format}, and this version knows ${current.number}; it was left as it is: use the version that wrote it, or a newer one`,
    { place: { file: path } },
  );
}
