import { randomInt } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { Damage } from "../../sqlite/index.ts";
import { createRowsTable, type Tally } from "./stored-table.ts";

/** What the file knows of one table as a whole. */
export interface RegistryEntry {
  readonly number: number;
  readonly tally: Tally;
  /** Of the rows: drawn anew by every transaction that may have changed one. 0: not drawn yet. */
  readonly edition: number;
  /** Encoded; absent for a table that nothing was written to. */
  readonly meta: Uint8Array<ArrayBuffer> | undefined;
}

/** The range of `randomInt`. */
const MAX_EDITION = 2 ** 48 - 1;

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
    const { meta, crc } = row;
    const [number, rowCount, checksum, edition] = numbersOf(row);
    const bytes = meta instanceof Uint8Array ? meta : undefined;
    const entry = { number, tally: { rowCount, checksum }, edition, meta: bytes };
    if (entryCrc(name, entry) !== crc) {
      throw new Damage("the checksum of the table's own entry does not fit", false);
    }
    return entry;
  }

  /** Makes the table, empty; in place of one of that name. */
  create(name: string): RegistryEntry {
    this.drop(name);
    const last = this.#database.prepare("SELECT max(number) AS number FROM tables").get()?.["number"];
    const number = (typeof last === "number" ? last : 0) + 1;
    const entry: RegistryEntry = {
      number,
      tally: { rowCount: 0, checksum: 0 },
      edition: drawEdition(),
      meta: undefined,
    };
    createRowsTable(this.#database, number);
    this.#database
      .prepare(
        "INSERT INTO tables (number, name, meta, row_count, checksum, edition, crc) VALUES (?, ?, NULL, 0, 0, ?, ?)",
      )
      .run(number, toStoredName(name), entry.edition, entryCrc(name, entry));
    return entry;
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
    const { number, tally, edition, meta } = entry;
    this.#database
      .prepare(
        "UPDATE tables SET meta = ?, row_count = ?, checksum = ?, edition = ?, crc = ? WHERE number = ?",
      )
      .run(meta ?? null, tally.rowCount, tally.checksum, edition, entryCrc(name, entry), number);
  }
}

/**
 * A number that no content of a table has had. Drawn and not counted: a copy of the file that is put back goes on
 * from where it stood with other changes, and must not come to the numbers of the changes that it doesn't have.
 */
export function drawEdition(): number {
  return randomInt(1, MAX_EDITION);
}

function numbersOf(row: Readonly<Record<string, unknown>>): [number, number, number, number] {
  const { number, row_count: rowCount, checksum, edition } = row;
  if (
    typeof number !== "number" ||
    typeof rowCount !== "number" ||
    typeof checksum !== "number" ||
    typeof edition !== "number"
  ) {
    throw new Damage("the table list has values of another type", false);
  }
  return [number, rowCount, checksum, edition];
}

/** An entry without an edition is one of format 1, in which there were none. */
function entryCrc(name: string, { number, tally, edition, meta }: RegistryEntry): number {
  const edited = edition === 0 ? "" : `:${edition}`;
  const head = utf8.encode(
    `${number}:${tally.rowCount}:${tally.checksum}${edited}:${meta === undefined ? 0 : 1}:${name}`,
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
