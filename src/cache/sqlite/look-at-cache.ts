import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { messageOf } from "../../base/index.ts";
import { decodeRow } from "../../record/index.ts";
import { Damage, damageOf } from "../../sqlite/index.ts";
import { blankMeta, type TableMeta } from "../cache-backend.ts";
import { COUNT_TABLES, formatProblem, FORMAT_WITHOUT_EDITIONS, kindOf } from "./cache-file.ts";
import { decodeMeta } from "./meta-codec.ts";
import { KeyWriter } from "./row-packet.ts";
import { tableSeed } from "./stored-table.ts";
import { type RegistryEntry, TableRegistry } from "./table-registry.ts";

/** A table as the file's list has it. */
export interface LookedTable {
  readonly name: string;
  readonly rowCount: number;
  readonly meta: TableMeta;
}

/** Something in a cache file that is not what was written. */
export interface CacheDamage {
  /** The table, and the row where it is one. */
  readonly position: string;
  readonly reason: string;
}

const SLICE_ROWS = 512;
/** Of one table, or of the structure, no more than this is told one by one. */
const MOST_TOLD = 20;
const MAGIC = "SQLite format 3\u0000";
const COMPANIONS = ["-wal", "-shm"] as const;

/** Looks through a cache file without changing a byte of it; whoever opens it holds the folder. */
export class CacheLook {
  /** What the list says, as far as it can be read. */
  readonly tables: readonly LookedTable[];
  /** What is wrong with the file as a whole or with an entry of the list. */
  readonly damage: readonly CacheDamage[];
  readonly #database: DatabaseSync | undefined;
  readonly #path: string;
  /** What stood beside it before: what SQLite puts there to look at it goes again. */
  readonly #had: ReadonlySet<string>;
  readonly #entries = new Map<string, RegistryEntry>();

  /** A file that is no cache, or can't be opened, has no tables and says why. A missing one is simply empty. */
  constructor(path: string) {
    this.#path = path;
    this.#had = new Set(COMPANIONS.filter((suffix) => kindOf(path + suffix) !== "missing"));
    const damage: CacheDamage[] = [];
    const tables: LookedTable[] = [];
    this.tables = tables;
    this.damage = damage;
    try {
      if (kindOf(path) === "missing") return;
      checkHead(path);
      this.#database = openToLook(path);
      this.#readList(this.#database, tables, damage);
    } catch (error) {
      damage.push({ position: "the file", reason: reasonOf(error) });
      if (this.#database === undefined) this.#clearUp();
    }
  }

  /** What SQLite finds wrong with the file's structure. Reads all of it in one go. */
  structureDamage(): readonly CacheDamage[] {
    if (this.#database === undefined) return [];
    try {
      const found = this.#database.prepare(`PRAGMA quick_check(${MOST_TOLD})`).all();
      const told = found.map(({ quick_check: text }) => String(text)).filter((text) => text !== "ok");
      return told.map((reason) => ({ position: "the file's structure", reason }));
    } catch (error) {
      return [{ position: "the file's structure", reason: reasonOf(error) }];
    }
  }

  /** Reads every row of a table: how many so far after each slice, and what is damaged. */
  *check(table: LookedTable): Generator<number | CacheDamage, void, undefined> {
    const entry = this.#entries.get(table.name);
    if (entry === undefined || this.#database === undefined) return;
    const rows = new RowCheck(this.#database, table.name, entry);
    try {
      for (let more = true; more;) {
        more = rows.nextSlice();
        yield* rows.takeFound();
        yield rows.count;
      }
      rows.end();
      yield* rows.takeFound();
    } catch (error) {
      yield {
        position: `table ${JSON.stringify(table.name)}, behind its row ${rows.count}`,
        reason: reasonOf(error),
      };
    }
  }

  close(): void {
    if (this.#database === undefined) return;
    this.#database.close();
    this.#clearUp();
  }

  #clearUp(): void {
    for (const suffix of COMPANIONS) if (!this.#had.has(suffix)) rmSync(this.#path + suffix, { force: true });
  }

  #readList(database: DatabaseSync, tables: LookedTable[], damage: CacheDamage[]): void {
    const registry = new TableRegistry(database);
    for (const name of registry.names()) {
      try {
        const entry = registry.find(name);
        if (entry === undefined) throw new Damage("it is in the list and can't be found by its name", false);
        const meta = entry.meta === undefined ? blankMeta : decodeMeta(entry.meta);
        this.#entries.set(name, entry);
        tables.push({ name, rowCount: entry.tally.rowCount, meta });
      } catch (error) {
        damage.push({ position: `table ${JSON.stringify(name)}`, reason: reasonOf(error) });
      }
    }
  }
}

/** Reads the rows of one table as the store does, and goes on behind a damaged one. */
class RowCheck {
  /** Rows read. */
  count = 0;
  readonly #name: string;
  readonly #entry: RegistryEntry;
  readonly #seed: number;
  readonly #scan: StatementSync;
  readonly #indexed: StatementSync;
  readonly #keys = new KeyWriter();
  #last = 0;
  #checksum = 0;
  #damaged = 0;
  #found: CacheDamage[] = [];

  constructor(database: DatabaseSync, name: string, entry: RegistryEntry) {
    const { number } = entry;
    this.#name = name;
    this.#entry = entry;
    this.#seed = tableSeed(name);
    this.#scan = database.prepare(
      `SELECT n, id, fetched_at, bytes, crc FROM rows_${number} WHERE n > ? ORDER BY n LIMIT ${SLICE_ROWS}`,
    );
    this.#indexed = database.prepare(
      `SELECT count(*) AS count FROM rows_${number} AS r WHERE r.n > ? AND r.n <= ? AND EXISTS (
         SELECT 1 FROM rows_${number} AS i INDEXED BY ids_${number} WHERE i.id = r.id AND i.n = r.n)`,
    );
  }

  takeFound(): readonly CacheDamage[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** False at the end. */
  nextSlice(): boolean {
    const from = this.#last;
    const rows = this.#scan.all(from);
    for (const row of rows) this.#check(row);
    this.#keys.take(new Uint8Array());
    if (rows.length === 0) return false;
    const found = this.#indexed.get(from, this.#last)?.["count"];
    if (found !== rows.length)
      this.#tell("its index of ids", "it doesn't fit the rows that it should lead to");
    return true;
  }

  end(): void {
    const { rowCount, checksum } = this.#entry.tally;
    if (this.count !== rowCount)
      this.#tell("its rows", `there are ${this.count}, and ${rowCount} were stored`);
    else if (this.#damaged === 0 && this.#checksum !== checksum)
      this.#tell("its rows", "they are not the ones that were stored");
    if (this.#damaged > MOST_TOLD)
      this.#found.push({ position: this.#place("its rows"), reason: `${this.#damaged} are damaged in all` });
  }

  #check(row: Readonly<Record<string, unknown>>): void {
    const { n, id, fetched_at: fetchedAt, bytes, crc } = row;
    if (typeof n !== "number" || n <= this.#last) throw new Damage("rows are out of order", true);
    this.#last = n;
    this.count += 1;
    if (typeof id !== "string" || typeof fetchedAt !== "number" || !(bytes instanceof Uint8Array)) {
      this.#tellRow(n, id, "it has values of another type");
      return;
    }
    this.#keys.append(id, fetchedAt, 0);
    const sum = crc32(bytes, crc32(this.#keys.last, this.#seed));
    if (sum !== crc) {
      this.#tellRow(n, id, "its checksum does not fit");
      return;
    }
    this.#checksum = (this.#checksum + sum) >>> 0;
    try {
      decodeRow(bytes);
    } catch (error) {
      this.#tellRow(n, id, messageOf(error));
    }
  }

  #tellRow(place: number, id: unknown, reason: string): void {
    this.#damaged += 1;
    if (this.#damaged > MOST_TOLD) return;
    const named = typeof id === "string" ? `, id ${JSON.stringify(id)}` : "";
    this.#tell(`row ${place}${named}`, reason);
  }

  #tell(what: string, reason: string): void {
    this.#found.push({ position: this.#place(what), reason });
  }

  #place(what: string): string {
    return `table ${JSON.stringify(this.#name)}, ${what}`;
  }
}

/** Read only, so that closing it leaves the log where it is. */
function openToLook(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    database.exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY");
    const problem = formatProblem(database);
    if (problem !== undefined) throw new Damage(problem, true);
    const { listed, made } = database.prepare(COUNT_TABLES).get() ?? {};
    if (listed !== made) throw new Damage("its list does not name the tables that it has", true);
    // An older file has no editions, and is not brought to ours by being looked at.
    if (database.prepare("PRAGMA user_version").get()?.["user_version"] === FORMAT_WITHOUT_EDITIONS)
      database.exec("CREATE TEMP VIEW tables AS SELECT *, 0 AS edition FROM main.tables");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** From the bytes: SQLite would take an empty file, or one that is shorter than a page, for an empty database. */
function checkHead(path: string): void {
  const kind = kindOf(path);
  if (kind !== "file") throw new Damage(kind === "empty" ? "it is empty" : "it is no file", true);
  const head = Buffer.alloc(MAGIC.length);
  const file = openSync(path, "r");
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  if (head.toString("latin1") !== MAGIC) throw new Damage("it is no database", true);
}

const reasonOf = (error: unknown): string => messageOf(damageOf(error) ?? error);
