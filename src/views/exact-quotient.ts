/** Enough bits of a quotient to round it: a double's 53, one that decides, and some. */
const QUOTIENT_BITS = 66;
const MANTISSA_BITS = 53;
const LOWEST_EXPONENT = -1074;

/** The nearest double to a fraction of whole numbers, ties to even; the denominator is positive. Never -0. */
export function roundQuotient(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -roundQuotient(-numerator, denominator) + 0;
  if (numerator === 0n) return 0;
  const shift = QUOTIENT_BITS - bitLength(numerator) + bitLength(denominator);
  const dividend = shift > 0 ? numerator << BigInt(shift) : numerator;
  const divisor = shift > 0 ? denominator : denominator << BigInt(-shift);
  const quotient = dividend / divisor;
  const isInexact = quotient * divisor !== dividend;
  const length = bitLength(quotient);
  // Subnormal numbers have fewer bits; below half of the least one nothing is left.
  const kept = Math.min(MANTISSA_BITS, length - shift - LOWEST_EXPONENT);
  if (kept < 0) return 0;
  const dropped = length - kept;
  return Number(roundOff(quotient, dropped, isInexact)) * powerOfTwo(dropped - shift);
}

/** Without its last bits, rounded to the nearest, ties to even. */
function roundOff(whole: bigint, dropped: number, isInexact: boolean): bigint {
  const kept = whole >> BigInt(dropped);
  const rest = whole - (kept << BigInt(dropped));
  const half = 1n << BigInt(dropped - 1);
  const goesUp = rest > half || (rest === half && (isInexact || (kept & 1n) === 1n));
  return goesUp ? kept + 1n : kept;
}

function bitLength(positive: bigint): number {
  const text = positive.toString(16);
  return 4 * (text.length - 1) + (32 - Math.clz32(Number.parseInt(text.charAt(0), 16)));
}

/** Exact on every engine, which `**` need not be. */
function powerOfTwo(exponent: number): number {
  let power = 1;
  for (let left = exponent; left > 0 && Number.isFinite(power); left--) power *= 2;
  for (let left = exponent; left < 0 && power > 0; left++) power /= 2;
  return power;
}
