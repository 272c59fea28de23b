import { crc32 } from "./crc32.ts";

/** Computes CRC-32 as zlib does; `seed` is the checksum of the bytes before these. */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number;

const utf8 = new TextEncoder();

/**
 * The checksum of a stored row over table, id and bytes, 0 to 2^32 - 1. Each name goes in behind its length,
 * so that no other table, id and bytes run together to the same input.
 */
export function rowChecksum(table: string, id: string, bytes: Uint8Array, crc: Crc32 = crc32): number {
  return crc(bytes, crc(frame(id), crc(frame(table))));
}

function frame(text: string): Uint8Array {
  const encoded = utf8.encode(text);
  const framed = new Uint8Array(4 + encoded.length);
  new DataView(framed.buffer).setUint32(0, encoded.length);
  framed.set(encoded, 4);
  return framed;
}
