import { CborReader } from "./cbor-reader.ts";
import type { Row, Value } from "./value.ts";

/** One for all: nothing that it calls can come back to it. */
const reader = new CborReader();

/** The row that `encodeRow` wrote into these bytes from `start` to `end`; `corrupt` for anything else. */
export function decodeRow(bytes: Uint8Array, start = 0, end: number = bytes.length): Row {
  try {
    reader.open(bytes, start, end);
    const row = reader.readMap();
    reader.checkEnd();
    return row;
  } finally {
    reader.release();
  }
}

/** The value that `encodeValue` wrote into these bytes; `corrupt` for anything else. */
export function decodeValue(bytes: Uint8Array, start = 0, end: number = bytes.length): Value {
  try {
    reader.open(bytes, start, end);
    const value = reader.read(0);
    reader.checkEnd();
    return value;
  } finally {
    reader.release();
  }
}
