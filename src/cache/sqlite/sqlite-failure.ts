import { DioramaError, isDioramaError, messageOf } from "../../base/index.ts";

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

// Result codes of SQLite; the low byte of an extended code is its primary one.
const PRIMARY_MASK = 0xff;
const FULL = 13;
const IO_ERROR = 10;
/** The primary codes that say nothing about the file: permission, busy, locked, memory, read-only, interrupt, open, size. */
const OUTAGES: ReadonlySet<number> = new Set([3, 4, 5, 6, 7, 8, 9, 14, 18]);
/** Input and output errors that come from reading: the general one, read, short read, checksum, file system. */
const FAILED_READS: ReadonlySet<number> = new Set([10, 266, 522, 8202, 8458]);

/** What kind of failure it is; undefined when it did not come from SQLite. */
export function classifySqlite(error: unknown): SqliteFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  // A number beyond 2^53 in a column that never holds one.
  if ("code" in error && error.code === "ERR_OUT_OF_RANGE") return "damage";
  if (!("errcode" in error) || typeof error.errcode !== "number") return undefined;
  const primary = error.errcode & PRIMARY_MASK;
  if (primary === FULL) return "full";
  if (primary === IO_ERROR) return FAILED_READS.has(error.errcode) ? "damage" : "outage";
  return OUTAGES.has(primary) ? "outage" : "damage";
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
  return new DioramaError("unavailable", `${file}: ${message}`, { cause: error, place: { file } });
}
