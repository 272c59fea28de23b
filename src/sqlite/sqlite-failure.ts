import type { DatabaseSync } from "node:sqlite";
import { DioramaError, isDioramaError, messageOf } from "../base/index.ts";

/** How SQLite failed: no room, damage of the file, or an outage that may pass. */
export type SqliteFailure = "full" | "damage" | "outage";

/** Thrown where what was read can't be what was written. */
export class Damage extends Error {
  /** The file as a whole can't be used; else the one table. */
  readonly wholeFile: boolean;

  constructor(message: string, wholeFile: boolean, cause?: unknown) {
    super(message, { cause });
    this.wholeFile = wholeFile;
  }
}

/** SQLite's primary result codes, as far as they are told apart. */
const NO_PERMISSION = 3;
const ABORTED = 4;
const BUSY = 5;
const LOCKED = 6;
const NO_MEMORY = 7;
const READ_ONLY = 8;
const INTERRUPTED = 9;
const IO_ERROR = 10;
const FULL = 13;
const CANNOT_OPEN = 14;
const TOO_BIG = 18;
const NO_DATABASE = 26;
/** The low byte of an extended code is its primary one. */
const PRIMARY_MASK = 0xff;
/** What says nothing about the state of the file. */
const OUTAGES: ReadonlySet<number> = new Set([
  NO_PERMISSION,
  ABORTED,
  BUSY,
  LOCKED,
  NO_MEMORY,
  READ_ONLY,
  INTERRUPTED,
  CANNOT_OPEN,
  TOO_BIG,
]);
/** Input and output errors that come from reading: the general one, read, short read, checksum, file system. */
const FAILED_READS: ReadonlySet<number> = new Set([10, 266, 522, 8202, 8458]);

/** What kind of failure it is; undefined when it did not come from SQLite. */
export function classifySqlite(error: unknown): SqliteFailure | undefined {
  // A number beyond 2^53 in a column that never holds one.
  if (error instanceof Error && "code" in error && error.code === "ERR_OUT_OF_RANGE") return "damage";
  const code = extendedCode(error);
  const primary = primaryCode(error);
  if (code === undefined || primary === undefined) return undefined;
  if (primary === FULL) return "full";
  if (primary === IO_ERROR) return FAILED_READS.has(code) ? "damage" : "outage";
  return OUTAGES.has(primary) ? "outage" : "damage";
}

function primaryCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & PRIMARY_MASK;
}

/** Another connection holds the file. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

/** The file holds something else. */
export function isNoDatabase(error: unknown): boolean {
  return primaryCode(error) === NO_DATABASE;
}

/** The system doesn't let this process read or write the file. */
export function isForbidden(error: unknown): boolean {
  const code = primaryCode(error);
  return code === CANNOT_OPEN || code === READ_ONLY || code === NO_PERMISSION;
}

function extendedCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

/** The error as Damage where it is some; everything else unchanged. */
export function damageOf(error: unknown): Damage | undefined {
  if (error instanceof Damage) return error;
  if (classifySqlite(error) === "damage") return new Damage(messageOf(error), true, error);
  return undefined;
}

/** What is no damage, as the error that the caller sees. */
export function toCallError(error: unknown, file: string): DioramaError {
  if (isDioramaError(error)) return error;
  const message = messageOf(error);
  if (classifySqlite(error) === "full") {
    return new DioramaError(
      "full",
      `${file} can't grow (${message}): nothing of the batch was kept; make room or raise maxSizeBytes, then try again`,
      { cause: error, place: { file } },
    );
  }
  if (primaryCode(error) === TOO_BIG) {
    return new DioramaError("invalid", `${file} can't hold so large a row (${message})`, {
      cause: error,
      place: { file },
    });
  }
  return new DioramaError("unavailable", `${file}: ${message}`, { cause: error, place: { file } });
}

/** Undoes the open transaction, if SQLite has not done so itself after a failure. */
export function rollBack(database: DatabaseSync): void {
  try {
    database.exec("ROLLBACK");
  } catch (error) {
    if (!messageOf(error).includes("no transaction is active")) throw error;
  }
}
