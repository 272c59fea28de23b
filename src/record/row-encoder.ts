import { CborWriter } from "./cbor-writer.ts";
import type { Row, Value } from "./value.ts";

/** Where one row's bytes are in the buffer. */
export interface EncodedRange {
  readonly start: number;
  readonly end: number;
}

/** Encodes rows one behind the other into one growing buffer. */
export interface RowEncoder {
  /** How many bytes wait to be taken. */
  readonly sizeBytes: number;
  /** Appends a row; the range is valid in what the next `take` returns. */
  append(row: Row): EncodedRange;
  /** The bytes appended since the last `take`, in an ArrayBuffer of their own that may be transferred. */
  take(): Uint8Array<ArrayBuffer>;
}

/** A row encoder with a buffer of its own. */
export function createRowEncoder(): RowEncoder {
  const writer = new CborWriter();
  return {
    get sizeBytes() {
      return writer.position;
    },
    append(row) {
      const start = writer.position;
      writer.writeWhole(row);
      return { start, end: writer.position };
    },
    take: () => writer.take(),
  };
}

/** One for all: it is empty again whenever a call ends. */
const writer = new CborWriter();

/** The row as CBOR, in an ArrayBuffer of its own. */
export function encodeRow(row: Row): Uint8Array<ArrayBuffer> {
  return encodeValue(row);
}

/** The value as CBOR, in an ArrayBuffer of its own. */
export function encodeValue(value: Value): Uint8Array<ArrayBuffer> {
  writer.writeWhole(value);
  return writer.take();
}
