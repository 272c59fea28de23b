/** The bytes of a bigint that isn't negative, most significant first, none for zero. */
export function bigintToBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const hex = value.toString(16);
  const bytes = new Uint8Array((hex.length + 1) >> 1);
  // An odd count of digits leaves half a byte in front.
  let digit = hex.length & 1;
  if (digit === 1) bytes[0] = Number.parseInt(hex.slice(0, 1), 16);
  for (let index = digit; index < bytes.length; index++, digit += 2) {
    bytes[index] = Number.parseInt(hex.slice(digit, digit + 2), 16);
  }
  return bytes;
}

/** The inverse of `bigintToBytes`. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (const byte of bytes) hex += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
  return BigInt(hex);
}
