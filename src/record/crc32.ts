/** The reflected polynomial that zlib, gzip and PNG use. */
const POLYNOMIAL = 0xedb8_8320;

/** Eight tables of 256: table k has each byte's effect after k further bytes of zero. */
const tables: Int32Array = buildTables();

/**
 * CRC-32 as zlib computes it, 0 to 2^32 - 1; `seed` is the checksum of the bytes before these. Takes eight
 * bytes at a time (the method of Kounavis and Berry, 2008).
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const whole = bytes.length & ~7;
  let crc = ~seed;
  let index = 0;
  for (; index < whole; index += 8) {
    crc ^=
      at(bytes, index) |
      (at(bytes, index + 1) << 8) |
      (at(bytes, index + 2) << 16) |
      (at(bytes, index + 3) << 24);
    crc =
      at(tables, 0x700 + (crc & 0xff)) ^
      at(tables, 0x600 + ((crc >>> 8) & 0xff)) ^
      at(tables, 0x500 + ((crc >>> 16) & 0xff)) ^
      at(tables, 0x400 + (crc >>> 24)) ^
      at(tables, 0x300 + at(bytes, index + 4)) ^
      at(tables, 0x200 + at(bytes, index + 5)) ^
      at(tables, 0x100 + at(bytes, index + 6)) ^
      at(tables, at(bytes, index + 7));
  }
  for (; index < bytes.length; index++) crc = crc32Step(crc, at(bytes, index));
  return ~crc >>> 0;
}

/** One byte more in a running remainder, which is a checksum's complement. */
export function crc32Step(remainder: number, byte: number): number {
  return (remainder >>> 8) ^ at(tables, (remainder ^ byte) & 0xff);
}

function buildTables(): Int32Array {
  const built = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
    built[byte] = remainder;
  }
  for (let index = 256; index < built.length; index++) {
    const before = at(built, index - 256);
    built[index] = (before >>> 8) ^ at(built, before & 0xff);
  }
  return built;
}

function at(list: Uint8Array | Int32Array, index: number): number {
  return list[index] ?? 0;
}
