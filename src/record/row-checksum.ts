import { crc32, crc32Step } from "./crc32.ts";

/** Computes CRC-32 as zlib does; `seed` is the checksum of the bytes before these. */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

const utf8 = new TextEncoder();

/** The table that was asked for last, with the checksum of its name: rows come table by table. */
let lastTable = "";
let lastTableCrc = frameCrc("", 0);

/**
 * The checksum of a stored row over table, id and bytes, 0 to 2^32 - 1. Each name goes in behind its length,
 * so that no other table, id and bytes run together to the same input. `crc` may be a faster one.
 */
export function rowChecksum(table: string, id: string, bytes: Uint8Array, crc: Crc32 = crc32): number {
  if (table !== lastTable) {
    lastTableCrc = frameCrc(table, 0);
    lastTable = table;
  }
  return crc(bytes, frameCrc(id, lastTableCrc));
}

/** Over the count of UTF-8 bytes, in four bytes, and these bytes. */
function frameCrc(text: string, seed: number): number {
  const length = text.length;
  let remainder = lengthStep(~seed, length);
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return encodedFrameCrc(text, seed);
    remainder = crc32Step(remainder, unit);
  }
  return ~remainder >>> 0;
}

function encodedFrameCrc(text: string, seed: number): number {
  const encoded = utf8.encode(text);
  return crc32(encoded, ~lengthStep(~seed, encoded.length) >>> 0);
}

function lengthStep(remainder: number, length: number): number {
  let stepped = remainder;
  for (let shift = 24; shift >= 0; shift -= 8) stepped = crc32Step(stepped, (length >>> shift) & 0xff);
  return stepped;
}
