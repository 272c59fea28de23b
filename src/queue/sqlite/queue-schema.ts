import type { DatabaseSync } from "node:sqlite";

/** Marks the file as ours: "DioQ". */
export const APPLICATION_ID = 0x44_69_6f_51;
const PAGE_BYTES = 4_096;
/** An op's key is its queue's number above these bits and its sequence in them. */
export const SEQUENCE_BITS = 44;
export const MAX_SEQUENCE: number = 2 ** SEQUENCE_BITS - 1;
/** A format stands in each of the four bytes of `user_version`: a flipped bit doesn't look like a newer format. */
const FORMAT_REPEATED = 0x01_01_01_01;
const MAX_FORMAT = 0x7f;

/**
 * The key of a row of ops that holds none and is never removed: an empty page in the place of the only one of that
 * table is then no empty table.
 */
export const GUARD_KEY = 0n;
/** Where the table of ops begins, in every file of ours: the first page, one of references, the table of queues. */
export const OPS_ROOT_PAGE = 4;

/** A format of the file, and how older ones are brought to it. */
export interface QueueFormat {
  readonly number: number;
  /** By the format that a step starts from; each ends one above it. A step runs in the transaction of all. */
  readonly steps: ReadonlyMap<number, (database: DatabaseSync) => void>;
}

export const currentFormat: QueueFormat = { number: 1, steps: new Map() };

export function toUserVersion(format: number): number {
  return format * FORMAT_REPEATED;
}

/** Undefined: no format was ever written so. */
export function formatOf(userVersion: number): number | undefined {
  const format = userVersion / FORMAT_REPEATED;
  return Number.isInteger(format) && format >= 1 && format <= MAX_FORMAT ? format : undefined;
}

export function keyOf(queueNumber: number, sequence: number): bigint {
  return (BigInt(queueNumber) << BigInt(SEQUENCE_BITS)) | BigInt(sequence);
}

/** The two halves of a key, as SQL. */
export const KEY_PARTS: string = `key >> ${SEQUENCE_BITS} AS number, key & ${MAX_SEQUENCE} AS sequence`;

/** As SQLite keeps them: a flipped bit in one of these names is no damage to its structure. */
const TABLES: readonly string[] = [
  "CREATE TABLE queues (number INTEGER PRIMARY KEY, name TEXT NOT NULL)",
  "CREATE TABLE ops (key INTEGER PRIMARY KEY, record BLOB NOT NULL)",
  "CREATE TABLE losses (number INTEGER PRIMARY KEY, queue TEXT, loss TEXT NOT NULL)",
];

/** Whether a file of the current format has the tables that were made, each as it was. */
export function hasTables(database: DatabaseSync): boolean {
  const found = database.prepare("SELECT sql FROM sqlite_master ORDER BY rowid").all();
  return JSON.stringify(found.map(({ sql }) => sql)) === JSON.stringify(TABLES);
}

/** Makes the tables in a new file. */
export function createTables(database: DatabaseSync): void {
  database.exec(
    `PRAGMA page_size=${PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL;
     PRAGMA application_id=${APPLICATION_ID}; PRAGMA user_version=${toUserVersion(currentFormat.number)};
     ${TABLES.join("; ")};
     INSERT INTO ops (key, record) VALUES (${GUARD_KEY}, 'guard')`,
  );
}

/** Brings an older file to the format, all steps or none. */
export function migrate(database: DatabaseSync, from: number, format: QueueFormat): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    for (let at = from; at < format.number; at++) {
      const step = format.steps.get(at);
      if (step === undefined) throw new Error(`there is no way from format ${at} to ${at + 1}`);
      step(database);
    }
    database.exec(`PRAGMA user_version=${toUserVersion(format.number)}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}
