import type { Row, Value } from "../record/index.ts";

/** So many rows stand for all of them. */
const SAMPLE_ROWS = 200;

// What an engine with words of 8 bytes takes, about.
const WORD = 8;
const OBJECT = 3 * WORD;
/** Of a Map, with its share of the hash table. */
const ENTRY = 5 * WORD;

/**
 * What rows in memory take, about: the mean of the first 200 times their number, so that nothing has to be counted
 * with each change. Rows that differ much in size, or share their cells, make it worse.
 */
export function estimateRowsBytes(rows: Iterable<readonly [string, Row]>, count: number): number {
  let bytes = 0;
  let seen = 0;
  for (const [id, row] of rows) {
    bytes += ENTRY + sizeOf(id) + sizeOf(row);
    seen += 1;
    if (seen === SAMPLE_ROWS) break;
  }
  return seen === 0 ? 0 : Math.round((bytes / seen) * count);
}

/** Beyond the word that refers to it. */
function sizeOf(value: Value): number {
  switch (typeof value) {
    case "string":
      return OBJECT + value.length;
    case "bigint":
      return OBJECT;
    case "number":
      return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 0 : 2 * WORD;
    case "object":
      return value === null ? 0 : sizeOfObject(value);
    default:
      return 0;
  }
}

function sizeOfObject(value: Exclude<Value & object, null>): number {
  if (value instanceof Date) return 10 * WORD;
  if (value instanceof Uint8Array) return 12 * WORD + value.byteLength;
  let bytes = OBJECT;
  for (const cell of Object.values(value)) bytes += WORD + sizeOf(cell);
  return bytes;
}
