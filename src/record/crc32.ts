/** The reflected polynomial that zlib, gzip and PNG use. */
const POLYNOMIAL = 0xedb8_8320;

/** Eight tables of 256: table k holds a byte's effect after k further bytes of zero. */
const tables: Int32Array = buildTables();

function buildTables(): Int32Array {
  const built = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
    built[byte] = remainder;
  }
  for (let index = 256; index < built.length; index++) {
    const before = built[index - 256] ?? 0;
    built[index] = (before >>> 8) ^ (built[before & 0xff] ?? 0);
  }
  return built;
}

/** CRC-32 as zlib computes it, 0 to 2^32 - 1; `seed` is the checksum of the bytes before these. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (const byte of bytes) crc = (crc >>> 8) ^ (tables[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}
