/**
 * The subset of CBOR (RFC 8949) that rows are stored in. One value has one form, so equal bytes are equal
 * values: definite lengths, shortest heads, safe integers as integers and every other number as float64,
 * bigints always under tag 2 or 3, dates as tag 1 with whole seconds of 32 bits or else a float64 of seconds.
 */
export const MAJOR_UNSIGNED = 0;
export const MAJOR_NEGATIVE = 1;
export const MAJOR_BYTES = 2;
export const MAJOR_TEXT = 3;
export const MAJOR_ARRAY = 4;
export const MAJOR_MAP = 5;
export const MAJOR_TAG = 6;

export const BYTE_FALSE = 0xf4;
export const BYTE_TRUE = 0xf5;
export const BYTE_NULL = 0xf6;
export const BYTE_FLOAT64 = 0xfb;
export const BYTE_TAG_DATE = 0xc1;
export const BYTE_TAG_POSITIVE_BIGINT = 0xc2;
export const BYTE_TAG_NEGATIVE_BIGINT = 0xc3;

/** The one form of NaN. */
export const NAN_HIGH_WORD = 0x7ff80000;

/** Seconds from 1970 that a date is written with as an integer; any other as a float. */
export function isShortTime(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= -0x8000_0000 && seconds < 0x1_0000_0000;
}
