import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Damage } from "../../sqlite/index.ts";
import type { PostedBatch } from "./posting.ts";
import type { RecordPacket } from "./protocol.ts";
import { KEY_PARTS, keyOf, MAX_SEQUENCE, SEQUENCE_BITS } from "./queue-schema.ts";

/** A packet on its way out ends with the record that reaches this size. */
const MAX_PACKET_BYTES = 1_048_576;

/** The ops and the list of queues in an open file. */
export class StoredOps {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #read: StatementSync;
  readonly #numbers = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#put = database.prepare(
      "INSERT INTO ops (key, record) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record",
    );
    this.#remove = database.prepare("DELETE FROM ops WHERE key = ?");
    this.#read = database.prepare(
      `SELECT ${KEY_PARTS}, record FROM ops WHERE key > ? AND key <= ? ORDER BY key`,
    );
    this.reload();
  }

  /** Looks the list of queues up anew: a transaction that may have added to it was undone. */
  reload(): void {
    this.#numbers.clear();
    for (const { number, name } of this.#database.prepare("SELECT number, name FROM queues").all()) {
      if (typeof number !== "number") throw new Damage("the list of queues has values of another type", true);
      this.#numbers.set(fromStoredName(name), number);
    }
  }

  numberOf(queue: string): number | undefined {
    return this.#numbers.get(queue);
  }

  recordOf(queue: string, sequence: number): Uint8Array | undefined {
    const number = this.#numbers.get(queue);
    if (number === undefined) return undefined;
    const key = keyOf(number, sequence);
    const record = this.#database.prepare("SELECT record FROM ops WHERE key = ?").get(key)?.["record"];
    return record instanceof Uint8Array ? record : undefined;
  }

  /** Removes, then puts; in the open transaction. */
  apply({ queue, removes, puts }: PostedBatch): void {
    const known = this.#numbers.get(queue);
    if (known === undefined && puts.length === 0) return;
    const number = known ?? this.#add(queue);
    for (const sequence of removes) this.#remove.run(keyOf(number, sequence));
    for (const { sequence, record } of puts) this.#put.run(keyOf(number, sequence), record);
  }

  /** The records behind a sequence, as many as fit. */
  read(queue: string, after: number): RecordPacket {
    const number = this.#numbers.get(queue);
    const records: Uint8Array[] = [];
    const sequences: number[] = [];
    const ends: number[] = [];
    let size = 0;
    const found =
      number === undefined ? [] : this.#read.iterate(keyOf(number, after), keyOf(number, MAX_SEQUENCE));
    for (const { sequence, record } of found) {
      if (typeof sequence !== "number" || !(record instanceof Uint8Array)) {
        throw new Damage("the list of ops has values of another type", true);
      }
      records.push(record);
      sequences.push(sequence);
      size += record.length;
      ends.push(size);
      if (size >= MAX_PACKET_BYTES) break;
    }
    const bytes = new Uint8Array(size);
    for (const [index, record] of records.entries()) bytes.set(record, (ends[index] ?? 0) - record.length);
    return { sequences: Float64Array.from(sequences), ends: Float64Array.from(ends), bytes };
  }

  /** Takes queues off the list that have no op any more. */
  forgetEmpty(): void {
    const { changes } = this.#database
      .prepare(
        `DELETE FROM queues WHERE NOT EXISTS (
           SELECT 1 FROM ops WHERE key > number << ${SEQUENCE_BITS} AND key < (number + 1) << ${SEQUENCE_BITS})`,
      )
      .run();
    if (changes !== 0) this.reload();
  }

  #add(queue: string): number {
    const number = Math.max(0, ...this.#numbers.values()) + 1;
    this.#database
      .prepare("INSERT INTO queues (number, name) VALUES (?, ?)")
      .run(number, toStoredName(queue));
    this.#numbers.set(queue, number);
    return number;
  }
}

/** JSON carries every text through UTF-8, halves of surrogate pairs included. */
export function toStoredName(name: string): string {
  return JSON.stringify(name);
}

export function fromStoredName(stored: unknown): string {
  try {
    const name: unknown = typeof stored === "string" ? JSON.parse(stored) : undefined;
    if (typeof name === "string") return name;
  } catch (error) {
    throw new Damage("the name of a queue can't be read", true, error);
  }
  throw new Damage("the name of a queue can't be read", true);
}
