import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf, must, systemClock } from "../../base/index.ts";
import { Damage, damageOf } from "../../sqlite/index.ts";

/** Marks the file as ours ("DioC") and its format; any other is set aside. */
const APPLICATION_ID = 0x44_69_6f_43;
const FORMAT = 2;
/** Had no editions; a file of it is brought to ours when it is opened. */
export const FORMAT_WITHOUT_EDITIONS = 1;
/** Larger pages make bulk inserts and scans cheaper; most rows are a few hundred bytes. */
const PAGE_BYTES = 8_192;
const PAGE_CACHE_KIB = 65_536;
/** The write-ahead log is cut back to this after a checkpoint. */
const MAX_KEPT_LOG_BYTES = 64 * 1_048_576;
const MAX_KEPT_DAMAGED = 3;
const FILE_MODE = 0o600;

export const COUNT_TABLES = `SELECT (SELECT count(*) FROM tables) AS listed,
  (SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name GLOB 'rows_*') AS made`;

export interface CacheFileSettings {
  readonly folder: string;
  /** Of the file, less its `.db`. Default: "cache". */
  readonly name?: string | undefined;
  readonly maxSizeBytes: number | undefined;
  /** A rare change of state, for the log. */
  readonly onNotice: (text: string) => void;
}

/** The cache's one SQLite file: opened when first needed, set aside and made anew when it is damaged. */
export class CacheFile {
  readonly path: string;
  /** What the names of files begin with that were set aside. */
  readonly #damagedPrefix: string;
  readonly #settings: CacheFileSettings;
  #database: DatabaseSync | undefined;
  /** Why the last content was given up, in one line. */
  lost: string | undefined;

  constructor(settings: CacheFileSettings) {
    this.#settings = settings;
    const file = `${settings.name ?? "cache"}.db`;
    this.path = join(settings.folder, file);
    this.#damagedPrefix = `${file}.damaged-`;
  }

  get database(): DatabaseSync {
    return must(this.#database, "the cache file is opened before it is used");
  }

  get isOpen(): boolean {
    return this.#database !== undefined;
  }

  open(): void {
    if (this.#database !== undefined) return;
    try {
      this.#openOnce();
    } catch (error) {
      this.#quietClose();
      const damage = damageOf(error);
      if (damage === undefined) throw error;
      this.setAside(damage.message);
    }
  }

  /** Whether its structure holds: then what is damaged is one row or entry, and the rest can stay. Reads all of it. */
  isSound(): boolean {
    try {
      return this.database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"] === "ok";
    } catch (error) {
      if (damageOf(error) === undefined) throw error;
      return false;
    }
  }

  /** Moves the file away and starts an empty one. */
  setAside(reason: string): void {
    this.#quietClose();
    const time = new Date(systemClock.now()).toISOString().replaceAll(/[-:.]/g, "");
    let target = join(this.#settings.folder, this.#damagedPrefix + time);
    for (let copy = 2; kindOf(target) !== "missing"; copy++) {
      target = join(this.#settings.folder, `${this.#damagedPrefix}${time}-${copy}`);
    }
    for (const suffix of ["", "-wal", "-shm", "-journal"]) {
      if (kindOf(this.path + suffix) !== "missing") renameSync(this.path + suffix, target + suffix);
    }
    this.lost = `${this.path} could not be used (${reason}) and was set aside as ${target}`;
    this.#settings.onNotice(this.lost);
    this.#removeOldDamaged();
    this.#openOnce();
  }

  close(): void {
    if (this.#database === undefined) return;
    try {
      this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      // What is committed stays in the log, and is found there at the next opening.
      this.#settings.onNotice(`${this.path} keeps its log: ${messageOf(error)}`);
    }
    this.#quietClose();
  }

  #openOnce(): void {
    const kind = kindOf(this.path);
    if (kind === "other") throw new Damage("it is no file", true);
    if (kind === "missing") closeSync(openSync(this.path, "wx", FILE_MODE));
    else if (kind === "empty") this.lost = `${this.path} was empty`;
    // The folder is ours, so a file that we may not use is one that another can take the place of.
    if (!mayUse(this.path)) throw new Damage("this process may not read and write it", true);
    const database = new DatabaseSync(this.path, { timeout: 0 });
    this.#database = database;
    // Alone with the file: no shared memory that another process could cut off under us, and fewer locks.
    database.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON`);
    if (kind === "file") this.#checkFormat(database);
    else database.exec(`PRAGMA page_size=${PAGE_BYTES}`);
    database.exec(
      `PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-${PAGE_CACHE_KIB};
       PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=${MAX_KEPT_LOG_BYTES}`,
    );
    if (kind !== "file") this.#create(database);
    this.#limitSize(database);
  }

  #checkFormat(database: DatabaseSync): void {
    const problem = formatProblem(database);
    if (problem !== undefined) throw new Damage(problem, true);
    // A table that the list has lost would look like one that never was.
    const { listed, made } = database.prepare(COUNT_TABLES).get() ?? {};
    if (listed !== made) throw new Damage("its list does not name the tables that it has", true);
    if (pragmaNumber(database, "user_version") === FORMAT) return;
    database.exec(
      `BEGIN IMMEDIATE;
       ALTER TABLE tables ADD COLUMN edition INTEGER NOT NULL DEFAULT 0;
       PRAGMA user_version=${FORMAT};
       COMMIT`,
    );
  }

  #create(database: DatabaseSync): void {
    database.exec(
      `BEGIN IMMEDIATE;
       PRAGMA application_id=${APPLICATION_ID};
       PRAGMA user_version=${FORMAT};
       CREATE TABLE tables (
         number INTEGER PRIMARY KEY, name TEXT NOT NULL, meta BLOB,
         row_count INTEGER NOT NULL, checksum INTEGER NOT NULL, edition INTEGER NOT NULL,
         crc INTEGER NOT NULL
       );
       COMMIT`,
    );
  }

  #limitSize(database: DatabaseSync): void {
    const { maxSizeBytes } = this.#settings;
    if (maxSizeBytes === undefined) return;
    const pages = Math.max(1, Math.floor(maxSizeBytes / pragmaNumber(database, "page_size")));
    database.exec(`PRAGMA max_page_count=${pages}`);
  }

  #removeOldDamaged(): void {
    const sets = readdirSync(this.#settings.folder)
      .filter((name) => name.startsWith(this.#damagedPrefix) && !/-(wal|shm|journal)$/.test(name))
      .toSorted();
    for (const name of sets.slice(0, -MAX_KEPT_DAMAGED)) {
      for (const suffix of ["", "-wal", "-shm", "-journal"]) {
        rmSync(join(this.#settings.folder, name + suffix), { recursive: true, force: true });
      }
    }
  }

  #quietClose(): void {
    const database = this.#database;
    this.#database = undefined;
    try {
      database?.close();
    } catch (error) {
      this.#settings.onNotice(`closing ${this.path}: ${messageOf(error)}`);
    }
  }
}

/** Why the file is not one of ours that this version reads; undefined: it is. */
export function formatProblem(database: DatabaseSync): string | undefined {
  if (pragmaNumber(database, "application_id") !== APPLICATION_ID) return "it is no cache of this library";
  const format = pragmaNumber(database, "user_version");
  if (format === FORMAT || format === FORMAT_WITHOUT_EDITIONS) return undefined;
  return `its format is ${format}, this version writes ${FORMAT}`;
}

export function kindOf(path: string): "missing" | "empty" | "file" | "other" {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "missing";
  if (!found.isFile()) return "other";
  return found.size === 0 ? "empty" : "file";
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function pragmaNumber(database: DatabaseSync, name: string): number {
  const value = database.prepare(`PRAGMA ${name}`).get()?.[name];
  if (typeof value !== "number") throw new Damage(`its ${name} can't be read`, true);
  return value;
}
