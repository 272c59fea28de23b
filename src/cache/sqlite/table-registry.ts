import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { Damage } from "./sqlite-failure.ts";
import { createRowsTable, type Tally } from "./stored-table.ts";

/** What the file knows of one table as a whole. */
export interface RegistryEntry {
  readonly number: number;
  readonly tally: Tally;
  /** Encoded; absent for a table that nothing was written to. */
  readonly meta: Uint8Array<ArrayBuffer> | undefined;
}

const utf8 = new TextEncoder();

/**
 * The list of tables in the file. Names are data there, so that any text is one. It is short, and has no index
 * that could be damaged and hide an entry.
 */
export class TableRegistry {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  names(): string[] {
    const found = this.#database.prepare("SELECT name FROM tables ORDER BY number").all();
    return found.map((row) => fromStoredName(row["name"]));
  }

  /** The entry, verified; Damage where it is not as it was written. */
  find(name: string): RegistryEntry | undefined {
    const row = this.#database.prepare("SELECT * FROM tables WHERE name = ?").get(toStoredName(name));
    if (row === undefined) return undefined;
    const { number, meta, row_count: rowCount, checksum, crc } = row;
    if (typeof number !== "number" || typeof rowCount !== "number" || typeof checksum !== "number") {
      throw new Damage("the table list has values of another type", false);
    }
    const bytes = meta instanceof Uint8Array ? meta : undefined;
    if (entryCrc(name, { rowCount, checksum }, number, bytes) !== crc) {
      throw new Damage("the checksum of the table's own entry does not fit", false);
    }
    return { number, tally: { rowCount, checksum }, meta: bytes };
  }

  /** Makes the table, empty; in place of one of that name. */
  create(name: string): RegistryEntry {
    this.drop(name);
    const last = this.#database.prepare("SELECT max(number) AS number FROM tables").get()?.["number"];
    const number = (typeof last === "number" ? last : 0) + 1;
    const tally = { rowCount: 0, checksum: 0 };
    createRowsTable(this.#database, number);
    this.#database
      .prepare(
        "INSERT INTO tables (number, name, meta, row_count, checksum, crc) VALUES (?, ?, NULL, 0, 0, ?)",
      )
      .run(number, toStoredName(name), entryCrc(name, tally, number, undefined));
    return { number, tally, meta: undefined };
  }

  drop(name: string): void {
    const row = this.#database
      .prepare("DELETE FROM tables WHERE name = ? RETURNING number")
      .get(toStoredName(name));
    if (row === undefined) return;
    const number = row["number"];
    if (typeof number !== "number") throw new Damage("the table list has values of another type", true);
    this.#database.exec(`DROP TABLE IF EXISTS rows_${number}`);
  }

  write(name: string, entry: RegistryEntry): void {
    const { number, tally, meta } = entry;
    this.#database
      .prepare("UPDATE tables SET meta = ?, row_count = ?, checksum = ?, crc = ? WHERE number = ?")
      .run(meta ?? null, tally.rowCount, tally.checksum, entryCrc(name, tally, number, meta), number);
  }
}

function entryCrc(name: string, tally: Tally, number: number, meta: Uint8Array | undefined): number {
  const head = utf8.encode(
    `${number}:${tally.rowCount}:${tally.checksum}:${meta === undefined ? 0 : 1}:${name}`,
  );
  return crc32(meta ?? new Uint8Array(), crc32(head));
}

/** JSON carries every text through UTF-8, halves of surrogate pairs included. */
function toStoredName(name: string): string {
  return JSON.stringify(name);
}

function fromStoredName(stored: unknown): string {
  try {
    const name: unknown = typeof stored === "string" ? JSON.parse(stored) : undefined;
    if (typeof name === "string") return name;
  } catch (error) {
    throw new Damage("a table's name can't be read", true, error);
  }
  throw new Damage("a table's name can't be read", true);
}
