import { DioramaError } from "../base/index.ts";
import type { StoredRow } from "../cache/index.ts";
import { createRowEncoder, decodeRow, encodeRow, isList, type Row, type Value } from "../record/index.ts";
import type { CachedRows } from "./cache.ts";
import { parsedText } from "./drops.ts";
import { fromEntryId } from "./entry-id.ts";

/** An entry of a FileCache on its way into its table. */
export interface PackedEntry {
  readonly fetchedAt: number;
  /** Ids, total and rows, encoded. */
  readonly packed: Uint8Array<ArrayBuffer>;
}

/** What an entry says of itself without being unpacked. */
export interface EntryHead {
  readonly subKey: string | undefined;
  /** See `Drops`. */
  readonly generation: number;
}

/** For all: it is taken empty whenever a call ends. */
const rowEncoder = createRowEncoder();

/** `invalid` for rows that can't be stored. */
export function packEntry({ rows, fetchedAt, total }: CachedRows): PackedEntry {
  if (!Number.isFinite(fetchedAt)) {
    throw new DioramaError(
      "invalid",
      `fetchedAt is ${String(fetchedAt)}; it must be milliseconds since 1970`,
    );
  }
  const ids: string[] = [];
  const ends: number[] = [];
  try {
    for (const [id, row] of rows) {
      ids.push(id);
      ends.push(rowEncoder.append(row).end);
    }
  } catch (error) {
    rowEncoder.take();
    throw error;
  }
  // Rows one behind the other, each with all the depth that a row may have.
  const entry = { ids, ends, bytes: rowEncoder.take() };
  return { fetchedAt, packed: encodeRow(total === undefined ? entry : { ...entry, total }) };
}

/** The row that stands for the entry in its table. */
export function toStored(
  id: string,
  subKey: string | undefined,
  { fetchedAt, packed }: PackedEntry,
  generation: number,
): StoredRow {
  const row: Row =
    fromEntryId(id) === "hashed"
      ? // As JSON: half a surrogate pair is no text that a row could hold.
        { generation, packed, subKey: JSON.stringify(subKey) }
      : { generation, packed };
  return { id, row, fetchedAt };
}

/** `corrupt` where the row is none of `toStored`. */
export function headOf({ id, row }: StoredRow): EntryHead {
  const { generation } = row;
  if (typeof generation !== "number") throw notAnEntry();
  const known = fromEntryId(id);
  if (known !== "hashed") return { subKey: known.subKey, generation };
  const subKey = typeof row["subKey"] === "string" ? parsedText(row["subKey"]) : undefined;
  if (subKey === undefined) throw notAnEntry();
  return { subKey, generation };
}

/** The entry's rows; `corrupt` where the row is none of `toStored`. */
export function unpackEntry({ row, fetchedAt }: StoredRow): CachedRows {
  const { packed } = row;
  if (!(packed instanceof Uint8Array)) throw notAnEntry();
  const { ids, ends, bytes, total } = decodeRow(packed);
  if (!isListOf(ids, isText) || !isListOf(ends, isNumber) || !(bytes instanceof Uint8Array)) {
    throw notAnEntry();
  }
  const rows = new Map<string, Row>();
  let start = 0;
  for (const [index, id] of ids.entries()) {
    const end = ends[index] ?? start;
    if (end <= start || end > bytes.length) throw notAnEntry();
    rows.set(id, decodeRow(bytes, start, end));
    start = end;
  }
  if (rows.size !== ends.length || start !== bytes.length) throw notAnEntry();
  return typeof total === "number" ? { rows, fetchedAt, total } : { rows, fetchedAt };
}

function isListOf<T extends Value>(
  value: Value | undefined,
  isItem: (item: Value) => item is T,
): value is readonly T[] {
  return value !== undefined && isList(value) && value.every(isItem);
}

function isText(value: Value): value is string {
  return typeof value === "string";
}

function isNumber(value: Value): value is number {
  return typeof value === "number";
}

function notAnEntry(): DioramaError {
  return new DioramaError("corrupt", "a stored row is no entry of this version");
}
