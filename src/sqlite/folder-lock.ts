import { closeSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, DioramaError, type ErrorCode, messageOf } from "../base/index.ts";
import { classifySqlite, isBusy, isForbidden, isNoDatabase } from "./sqlite-failure.ts";

/** The names of a lock's files in its folder: locks of other names don't know of each other. */
export interface LockNames {
  /** The lock itself. It stays empty: only the lock on it counts, and the system frees that with its process. */
  readonly lock: string;
  /** Who holds it, for messages. */
  readonly holder: string;
}

const WHOLE_FOLDER: LockNames = { lock: "lock.db", holder: "holder.json" };
const FILE_MODE = 0o600;
/** The system's codes for what this process may not write, ever. */
const FORBIDDEN: ReadonlySet<unknown> = new Set(["EACCES", "EPERM", "EROFS"]);

/** Who holds a folder. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/** An exclusive hold of a folder by this process, until `release` or the end of the process. */
export class FolderLock {
  readonly #folder: string;
  readonly #names: LockNames;
  readonly #database: DatabaseSync;
  #isHeld = true;

  private constructor(folder: string, names: LockNames, database: DatabaseSync) {
    this.#folder = folder;
    this.#names = names;
    this.#database = database;
  }

  /** `inUse`, at once and naming the holder, where another one holds the folder (this process included). */
  static take(folder: string, clock: Clock, names: LockNames = WHOLE_FOLDER): FolderLock {
    const path = join(folder, names.lock);
    let database: DatabaseSync;
    try {
      database = lock(path);
    } catch (error) {
      if (!isNoDatabase(error)) throw refusal(folder, names, error);
      // Nobody holds it, or it would have been busy; and nothing of ours is in it. The file itself stays: another
      // process may be about to lock it.
      try {
        truncateSync(path);
        database = lock(path);
      } catch (secondError) {
        throw refusal(folder, names, secondError);
      }
    }
    const held = new FolderLock(folder, names, database);
    held.#nameHolder(clock);
    return held;
  }

  /** Idempotent. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    rmSync(join(this.#folder, this.#names.holder), { force: true });
    this.#database.close();
  }

  #nameHolder(clock: Clock): void {
    const holder: Holder = { pid: process.pid, host: hostname(), since: new Date(clock.now()).toISOString() };
    const path = join(this.#folder, this.#names.holder);
    try {
      rmSync(`${path}.new`, { force: true });
      writeFileSync(`${path}.new`, JSON.stringify(holder), { mode: FILE_MODE, flag: "wx" });
      renameSync(`${path}.new`, path);
    } catch (error) {
      this.#database.close();
      throw refusal(this.#folder, this.#names, error);
    }
  }
}

function lock(path: string): DatabaseSync {
  createEmpty(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Never opens a file that is there: closing it again would free a lock that this process holds on it
 * (POSIX frees all of a process's locks on a file when any of its handles is closed).
 */
function createEmpty(path: string): void {
  try {
    closeSync(openSync(path, "wx", FILE_MODE));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

function refusal(folder: string, names: LockNames, error: unknown): DioramaError {
  if (!isBusy(error)) {
    const code = codeOf(error);
    const advice = code === "invalid" ? "; name a folder that this process may write" : "";
    return new DioramaError(
      code,
      `the cache folder ${folder} can't be locked: ${messageOf(error)}${advice}`,
      {
        cause: error,
        place: { file: folder },
      },
    );
  }
  return new DioramaError(
    "inUse",
    `the cache folder ${folder} is in use by ${describeHolder(holderOf(folder, names))}; close that one, or give this one a folder of its own`,
    { cause: error, place: { file: folder } },
  );
}

function codeOf(error: unknown): ErrorCode {
  const systemCode = error instanceof Error && "code" in error ? error.code : undefined;
  if (systemCode === "ENOSPC" || classifySqlite(error) === "full") return "full";
  return isForbidden(error) || FORBIDDEN.has(systemCode) ? "invalid" : "unavailable";
}

/** Who holds the folder, as far as its side file tells: that one is held is what taking the lock tells. */
export function holderOf(folder: string, names: LockNames = WHOLE_FOLDER): Holder | undefined {
  return readHolder(join(folder, names.holder));
}

function describeHolder(holder: Holder | undefined): string {
  if (holder === undefined) return "another process";
  const where = holder.pid === process.pid && holder.host === hostname() ? "this process, " : "process ";
  return `${where}${holder.pid} on ${holder.host} since ${holder.since}`;
}

function readHolder(path: string): Holder | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof read !== "object" || read === null) return undefined;
    if (!("pid" in read && "host" in read && "since" in read)) return undefined;
    const { pid, host, since } = read;
    if (typeof pid !== "number" || typeof host !== "string" || typeof since !== "string") return undefined;
    return { pid, host, since };
  } catch {
    // It only names the holder; the lock is what counts.
    return undefined;
  }
}
