import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { createByteSink } from "./byte-sink.ts";
import { KeyWriter, packedRows, type RowPacket } from "./row-packet.ts";
import { Damage } from "../../sqlite/index.ts";

/** A packet on its way out ends with the row that reaches this size. */
const MAX_PACKET_BYTES = 4 * 1_048_576;

/** Where a scan stands: what it has read so far, as though the table had been so from the start. */
interface Scan {
  /** The last place there was when it began: what is put later is not run after. */
  readonly last: number;
  cursor: number;
  count: number;
  checksum: number;
}

/** A row that the open transaction put or took, for the scans that don't come to it any more. */
interface Shift {
  readonly place: number;
  readonly count: number;
  readonly checksum: number;
}

/** How many rows, and the sum of their checksums modulo 2^32. */
export interface Tally {
  readonly rowCount: number;
  readonly checksum: number;
}

/** The rows of one cache table in the file: `rows_<number>`, in order of first insertion. */
export class StoredTable {
  readonly name: string;
  /** The SQL table's number; another one once the table was made anew. */
  readonly number: number;
  readonly #seed: number;
  readonly #statements: Statements;
  readonly #scans = new Map<number, Scan>();
  #lastScan = 0;
  #committed: Tally;
  #current: Tally;
  #shifts: Shift[] = [];
  #isCleared = false;

  constructor(database: DatabaseSync, name: string, number: number, tally: Tally) {
    this.name = name;
    this.number = number;
    this.#seed = tableSeed(name);
    this.#statements = prepare(database, number);
    this.#committed = tally;
    this.#current = tally;
  }

  /** With the changes of the open transaction. */
  get tally(): Tally {
    return this.#current;
  }

  committed(): void {
    this.#committed = this.#current;
    for (const scan of this.#scans.values()) shiftScan(scan, this.#shifts, this.#isCleared);
    this.#shifts = [];
    this.#isCleared = false;
  }

  rolledBack(): void {
    this.#current = this.#committed;
    this.#shifts = [];
    this.#isCleared = false;
  }

  clear(): void {
    this.#statements.clear.run();
    this.#current = { rowCount: 0, checksum: 0 };
    this.#shifts = [];
    this.#isCleared = true;
  }

  delete(ids: readonly string[]): void {
    for (const id of ids) {
      const gone = this.#statements.remove.get(id);
      if (gone !== undefined) this.#shift(numberOf(gone["n"]), -1, -numberOf(gone["crc"]));
    }
  }

  put(packet: RowPacket): void {
    for (const { id, fetchedAt, key, bytes } of packedRows(packet)) {
      const crc = crc32(bytes, crc32(key, this.#seed));
      const added = this.#statements.insert.run(id, fetchedAt, bytes, crc);
      if (added.changes !== 0) {
        this.#shift(Number(added.lastInsertRowid), 1, crc);
        continue;
      }
      const old = this.#statements.find.get(id);
      if (old === undefined) throw new Damage("a row is in the index and not in the table", false);
      const place = numberOf(old["n"]);
      this.#statements.update.run(fetchedAt, bytes, crc, place);
      this.#shift(place, 0, crc - numberOf(old["crc"]));
    }
  }

  get(ids: readonly string[]): RowPacket {
    const keys = new KeyWriter();
    const rows = createByteSink();
    for (const id of ids) {
      const found = this.#statements.get.get(id);
      if (found !== undefined) this.#read(found, keys, rows);
    }
    return keys.take(rows.take());
  }

  startScan(): number {
    const last = this.#statements.last.get()?.["n"] ?? 0;
    this.#scans.set(++this.#lastScan, { last: numberOf(last), cursor: 0, count: 0, checksum: 0 });
    return this.#lastScan;
  }

  endScan(scan: number): void {
    this.#scans.delete(scan);
  }

  /** The next rows; none at the end, where count and checksums were found to be right. */
  nextScan(scanNumber: number, limit: number): RowPacket {
    const keys = new KeyWriter();
    const rows = createByteSink();
    const scan = this.#scans.get(scanNumber);
    // The worker or the file was exchanged since: what was read before is not of this content.
    if (scan === undefined) throw new Damage("the scan began on an earlier content", false);
    const from = scan.cursor;
    for (const found of this.#statements.scan.iterate(from, scan.last, limit)) {
      const place = numberOf(found["n"]);
      if (place <= scan.cursor) throw new Damage("rows are out of order", true);
      const crc = this.#read(found, keys, rows);
      scan.cursor = place;
      scan.count += 1;
      scan.checksum = (scan.checksum + crc) >>> 0;
      if (rows.sizeBytes >= MAX_PACKET_BYTES) break;
    }
    if (keys.count === 0) this.#verify(scan);
    else this.#verifyIndex(from, scan.cursor, keys.count);
    return keys.take(rows.take());
  }

  #verify(scan: Scan): void {
    const { rowCount, checksum } = this.#committed;
    if (scan.count === rowCount && scan.checksum === checksum) return;
    throw new Damage(
      `${scan.count} rows were read of ${rowCount} that were stored, or not the same ones`,
      false,
    );
  }

  /** What is read by id later is found through the index: each of these rows has its one entry there. */
  #verifyIndex(from: number, to: number, count: number): void {
    const found = numberOf(this.#statements.indexed.get(from, to)?.["count"]);
    if (found !== count) throw new Damage("the index of ids does not fit the rows", false);
  }

  /** Adds a stored row to what goes out, once its checksum was found to be right. */
  #read(
    found: Readonly<Record<string, unknown>>,
    keys: KeyWriter,
    rows: ReturnType<typeof createByteSink>,
  ): number {
    const { id, fetched_at: fetchedAt, bytes, crc } = found;
    if (typeof id !== "string" || typeof fetchedAt !== "number" || !(bytes instanceof Uint8Array)) {
      throw new Damage("a row has values of another type", false);
    }
    keys.append(id, fetchedAt, rows.sizeBytes + bytes.length);
    if (crc32(bytes, crc32(keys.last, this.#seed)) !== crc)
      throw new Damage("a row's checksum does not fit", false);
    rows.append(bytes);
    return crc;
  }

  #shift(place: number, count: number, checksum: number): void {
    const { rowCount, checksum: sum } = this.#current;
    this.#current = { rowCount: rowCount + count, checksum: (sum + checksum) >>> 0 };
    if (this.#scans.size > 0) this.#shifts.push({ place, count, checksum });
  }
}

/** CRC-32 of the table's name behind its length: what every row's checksum goes on from. */
export function tableSeed(name: string): number {
  const encoded = new TextEncoder().encode(name);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, encoded.length);
  return crc32(encoded, crc32(length));
}

function shiftScan(scan: Scan, shifts: readonly Shift[], isCleared: boolean): void {
  if (isCleared) {
    scan.count = 0;
    scan.checksum = 0;
  }
  for (const shift of shifts) {
    if (shift.place > scan.cursor && shift.place <= scan.last) continue;
    scan.count += shift.count;
    scan.checksum = (scan.checksum + shift.checksum) >>> 0;
  }
}

interface Statements {
  readonly clear: StatementSync;
  readonly remove: StatementSync;
  readonly insert: StatementSync;
  readonly find: StatementSync;
  readonly update: StatementSync;
  readonly get: StatementSync;
  readonly last: StatementSync;
  readonly scan: StatementSync;
  readonly indexed: StatementSync;
}

function prepare(database: DatabaseSync, number: number): Statements {
  const rows = `rows_${number}`;
  return {
    clear: database.prepare(`DELETE FROM ${rows}`),
    remove: database.prepare(`DELETE FROM ${rows} WHERE id = ? RETURNING n, crc`),
    insert: database.prepare(
      `INSERT INTO ${rows} (id, fetched_at, bytes, crc) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ),
    find: database.prepare(`SELECT n, crc FROM ${rows} WHERE id = ?`),
    update: database.prepare(`UPDATE ${rows} SET fetched_at = ?, bytes = ?, crc = ? WHERE n = ?`),
    get: database.prepare(`SELECT id, fetched_at, bytes, crc FROM ${rows} WHERE id = ?`),
    last: database.prepare(`SELECT max(n) AS n FROM ${rows}`),
    scan: database.prepare(
      `SELECT n, id, fetched_at, bytes, crc FROM ${rows} WHERE n > ? AND n <= ? ORDER BY n LIMIT ?`,
    ),
    indexed: database.prepare(
      `SELECT count(*) AS count FROM ${rows} AS r WHERE r.n > ? AND r.n <= ? AND EXISTS (
         SELECT 1 FROM ${rows} AS i INDEXED BY ids_${number} WHERE i.id = r.id AND i.n = r.n)`,
    ),
  };
}

export function createRowsTable(database: DatabaseSync, number: number): void {
  database.exec(
    `DROP TABLE IF EXISTS rows_${number};
     CREATE TABLE rows_${number} (
       n INTEGER PRIMARY KEY, id TEXT NOT NULL, fetched_at REAL NOT NULL,
       bytes BLOB NOT NULL, crc INTEGER NOT NULL
     );
     CREATE UNIQUE INDEX ids_${number} ON rows_${number} (id)`,
  );
}

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  throw new Damage("a number is stored as something else", false);
}
