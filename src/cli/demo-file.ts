import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DioramaError, messageOf, type ErrorCode } from "../base/index.ts";
import type { Row } from "../record/index.ts";
import { damageOf, toCallError } from "../sqlite/index.ts";
import type { Schema } from "../vista/index.ts";
import { ABOUT, createTableSql, insertSql, toCells } from "./demo-sql.ts";

/** In the header of the file, for `file` and for us: "DIOR". */
const APPLICATION_ID = 0x44_49_4f_52;
/** Of the tables; a file of another one is made anew. */
const FORMAT = 1;
const FILE_MODE = 0o600;
const HEADER_BYTES = 72;
const APPLICATION_ID_AT = 68;
/** Another process that writes is waited for. */
const BUSY_MS = 5_000;

const MAKE_IT = "`diorama live local seed` makes one";

/** What stands at the path, told by the file's own header. */
type Found = "nothing" | "demo" | "other";

/** Opens a demo master that is there. */
export function openDemoFile(path: string): DatabaseSync {
  const found = look(path);
  if (found === "nothing") throw failure("notFound", path, `there is no demo master here; ${MAKE_IT}`);
  if (found === "other") {
    throw failure("invalid", path, `this is no demo master; name one that is, or ${MAKE_IT} elsewhere`);
  }
  return guarded(path, () => {
    const database = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      const about = database.prepare(`SELECT format FROM ${ABOUT}`).get();
      if (about?.["format"] === FORMAT) return database;
      throw failure("invalid", path, `another version of diorama made it; ${MAKE_IT} in its place`);
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * Makes a demo master, in the place of one that is there, damaged or not; what is none is left alone. Readers see
 * the old file or the new one, whole.
 */
export function createDemoFile(path: string, schema: Schema, rows: Iterable<Row>): number {
  if (look(path) === "other") {
    throw failure(
      "invalid",
      path,
      "this is no demo master and stays as it is; name another file with --master",
    );
  }
  const fresh = `${path}.${randomUUID()}.new`;
  try {
    claim(fresh, path);
    const count = guarded(path, () => fill(fresh, schema, rows));
    // What another process left of the old file would be taken for a part of the new one.
    for (const suffix of ["-journal", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    renameSync(fresh, path);
    return count;
  } finally {
    for (const name of [fresh, `${fresh}-journal`]) rmSync(name, { force: true });
  }
}

/** Runs what reads or writes the file: what SQLite says of it, in our words. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DioramaError) throw error;
    if (damageOf(error) !== undefined) {
      throw failure(
        "corrupt",
        path,
        `the demo master is damaged (${messageOf(error)}); ${MAKE_IT} in its place`,
      );
    }
    throw toCallError(error, path);
  }
}

function fill(path: string, schema: Schema, rows: Iterable<Row>): number {
  const database = new DatabaseSync(path);
  try {
    // Nobody sees the file until it is whole, so it needs neither a log nor flushing.
    database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA application_id = ${APPLICATION_ID}; BEGIN; ${createTableSql(schema)};
      CREATE TABLE ${ABOUT} (format INTEGER NOT NULL, edition TEXT NOT NULL, changes INTEGER NOT NULL) STRICT`);
    database.prepare(`INSERT INTO ${ABOUT} VALUES (?, ?, 0)`).run(FORMAT, randomUUID());
    const insert = database.prepare(insertSql(schema));
    let count = 0;
    for (const row of rows) {
      insert.run(...toCells(schema, row, { file: path }));
      count++;
    }
    database.exec("COMMIT");
    return count;
  } finally {
    database.close();
  }
}

/** An empty file of our own, which nobody else may read. */
function claim(fresh: string, path: string): void {
  try {
    closeSync(openSync(fresh, "wx", FILE_MODE));
  } catch (error) {
    throw failure("invalid", path, `the demo master can't be made here (${messageOf(error)})`, error);
  }
}

function look(path: string): Found {
  if (!existsSync(path)) return "nothing";
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw failure("unavailable", path, `it can't be read (${messageOf(error)})`, error);
  }
  try {
    if (!fstatSync(file).isFile()) return "other";
    const header = Buffer.alloc(HEADER_BYTES);
    const length = readSync(file, header, 0, HEADER_BYTES, 0);
    return length === HEADER_BYTES && header.readInt32BE(APPLICATION_ID_AT) === APPLICATION_ID
      ? "demo"
      : "other";
  } finally {
    closeSync(file);
  }
}

function failure(code: ErrorCode, path: string, what: string, cause?: unknown): DioramaError {
  return new DioramaError(code, `${path}: ${what}`, { place: { file: path }, cause });
}
