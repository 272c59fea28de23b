/** Doubles as whole numbers of 2^-1074, the least of them, and back: slow, and as plain as rounding can be said. */

const view = new DataView(new ArrayBuffer(8));
const INFINITY_BITS = 0x7ff0_0000_0000_0000n;

function toBits(value: number): bigint {
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function fromBits(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** A positive double's bits in units of 2^-1074; of an infinity, the 2^1024 where it begins. */
function unitsOf(bits: bigint): bigint {
  const exponent = bits >> 52n;
  const mantissa = bits & ((1n << 52n) - 1n);
  return exponent === 0n ? mantissa : (mantissa | (1n << 52n)) << (exponent - 1n);
}

/** A finite double, or a bigint, exactly, times 2^1074. */
export function toUnits(value: number | bigint): bigint {
  if (typeof value === "bigint") return value << 1074n;
  return value < 0 ? -unitsOf(toBits(-value)) : unitsOf(toBits(Math.abs(value)));
}

/** The double nearest to a fraction of whole numbers times 2^-1074, ties to even. Never -0. */
export function nearestDouble(numerator: bigint, denominator = 1n): number {
  if (numerator < 0n) return 0 - nearestDouble(-numerator, denominator);
  // Positive doubles stand in the order of their bits: the greatest that is not above …
  let low = 0n;
  let high = INFINITY_BITS;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (unitsOf(middle) * denominator <= numerator) low = middle;
    else high = middle - 1n;
  }
  if (low === INFINITY_BITS) return Infinity;
  // … and the next: one of both it is.
  const below = numerator - unitsOf(low) * denominator;
  const above = unitsOf(low + 1n) * denominator - numerator;
  const goesUp = above < below || (above === below && (low & 1n) === 1n);
  return fromBits(goesUp ? low + 1n : low);
}
