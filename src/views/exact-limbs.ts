import { roundQuotient } from "./exact-quotient.ts";

/** One limb's worth: 32 bits. The rest of a double's 53 is room for carries that are put off. */
const LIMB = 2 ** 32;
/** So many updates, each of less than a limb's worth, stay below 2^53 in every limb. */
const MOST_UPDATES = 2 ** 20;
/** The least bit of any double is 2^-1074: limbs are counted from there. */
const LEAST_BIT = 1074n;
/** Divisors below this leave remainders that fit into a double together with one more limb. */
const MOST_SHORT_DIVISOR = 2 ** 21;
/** Quotients whose first limb stands here or above are no subnormal numbers. */
const FIRST_NORMAL_PLACE = 5;

/** 2^(32·i − 1074): what limb i counts. */
const units: readonly number[] = unitsOfLimbs();

/** One double's bits, whatever the machine's byte order. */
const bits = new DataView(new ArrayBuffer(8));

/** Zero limbs below the lowest, so that four can always be read. */
const BELOW = 4;
/** Where one value's limbs, without sign and with every carry done, are laid out for rounding. */
const digits = new Float64Array(80);

/**
 * A sum of finite doubles as one long integer, counted in 2^-1074: nothing is ever rounded, so the order in which
 * numbers come and go is nothing to it. Only the limbs that were needed are kept. After Neal, "Fast exact
 * summation using small and large superaccumulators" (2015).
 */
export class ExactLimbs {
  /** Lowest first, each of any sign and, between carries, of more than 32 bits. */
  #limbs: number[] = [];
  /** The place of the first of them. */
  #base = 0;
  #updates = 0;

  /** Adds a finite number, or takes it away. */
  add(value: number, sign: 1 | -1): void {
    bits.setFloat64(0, value);
    const head = bits.getInt32(0);
    const low = bits.getUint32(4);
    const exponent = (head >>> 20) & 0x7ff;
    const high = exponent === 0 ? head & 0xfffff : (head & 0xfffff) | 0x100000;
    const position = exponent === 0 ? 0 : exponent - 1;
    const shift = position & 31;
    if (++this.#updates >= MOST_UPDATES) this.#carry();
    const at = this.#reach(position >>> 5);
    const limbs = this.#limbs;
    const factor = head < 0 ? -sign : sign;
    limbs[at] = (limbs[at] ?? 0) + factor * ((low << shift) >>> 0);
    limbs[at + 1] =
      (limbs[at + 1] ?? 0) + factor * (((high << shift) | ((low >>> 1) >>> (31 - shift))) >>> 0);
    limbs[at + 2] = (limbs[at + 2] ?? 0) + factor * ((high >>> 1) >>> (31 - shift));
  }

  /** The nearest double, ties to even; beyond all doubles, an infinity. Never -0. */
  rounded(): number {
    const top = this.#layOut();
    if (top < BELOW) return 0;
    return this.#signed(roundDigits(top, this.#base + top - BELOW, false));
  }

  /** The nearest double to the sum divided by a positive whole number. */
  dividedBy(divisor: number): number {
    const top = this.#layOut();
    if (top < BELOW) return 0;
    const place = this.#base + top - BELOW;
    if (divisor >= MOST_SHORT_DIVISOR || place < FIRST_NORMAL_PLACE)
      return roundQuotient(this.scaled(), BigInt(divisor) << LEAST_BIT);
    const isInexact = divideDigits(top, divisor) !== 0;
    return this.#signed(roundDigits(top, place, isInexact));
  }

  /** The sum times 2^1074. */
  scaled(): bigint {
    let sum = 0n;
    for (let at = this.#limbs.length - 1; at >= 0; at--) sum = (sum << 32n) + BigInt(this.#limbs[at] ?? 0);
    return sum << BigInt(32 * this.#base);
  }

  /** Where the limb of that place is kept; it and the two above are there then. */
  #reach(place: number): number {
    const limbs = this.#limbs;
    if (limbs.length === 0) this.#base = place;
    for (; this.#base > place; this.#base--) limbs.unshift(0);
    const at = place - this.#base;
    while (limbs.length < at + 3) limbs.push(0);
    return at;
  }

  /** Leaves less than 32 bits in every limb but the last, all positive: the last has the sum's sign. */
  #carry(): void {
    const limbs = this.#limbs;
    let carry = 0;
    for (let at = 0; at < limbs.length; at++) {
      const limb = (limbs[at] ?? 0) + carry;
      const isLast = at === limbs.length - 1;
      if (isLast && limb > -LIMB && limb < LIMB) {
        limbs[at] = limb;
        break;
      }
      carry = Math.floor(limb / LIMB);
      limbs[at] = limb - carry * LIMB;
      if (isLast) limbs.push(0);
    }
    this.#updates = 0;
  }

  /** Fills `digits` with the sum without its sign; returns where the first one stands, below BELOW for zero. */
  #layOut(): number {
    this.#carry();
    const limbs = this.#limbs;
    const isNegative = this.#isNegative();
    digits.fill(0, 0, BELOW);
    let borrow = 0;
    let top = 0;
    for (let at = 0; at < limbs.length; at++) {
      let digit = limbs[at] ?? 0;
      if (isNegative) {
        digit = borrow - digit;
        borrow = digit < 0 ? -1 : 0;
        if (borrow !== 0) digit += LIMB;
      }
      digits[BELOW + at] = digit;
      if (digit !== 0) top = BELOW + at;
    }
    return top;
  }

  #isNegative(): boolean {
    return (this.#limbs.at(-1) ?? 0) < 0;
  }

  #signed(magnitude: number): number {
    return this.#isNegative() ? -magnitude : magnitude;
  }
}

/**
 * The nearest double to `digits` from `top` down, the first of which stands at that place; where a short division
 * has left zero of it, the second has bits enough. `hasMore`: something follows the last digit.
 */
function roundDigits(top: number, place: number, hasMore: boolean): number {
  const first = digits[top] ?? 0;
  if (place === 0) return first * Number.MIN_VALUE;
  const second = digits[top - 1] ?? 0;
  const third = digits[top - 2] ?? 0;
  const fourth = digits[top - 3] ?? 0;
  let more = hasMore;
  for (let at = top - 4; at >= 0 && !more; at--) more = digits[at] !== 0;
  // Both summands are exact, so the one addition rounds, rightly: what is cut off them lives on in the last bit,
  // which is far below the one that decides.
  const sum =
    first < 2 ** 21
      ? first * LIMB + second + (third + topBits(fourth, more) / 2 ** 21) / LIMB
      : first * LIMB + (second + topBits(third, more || fourth !== 0) / 2 ** 21);
  return sum * (units[place - 1] ?? Infinity);
}

/** The upper 21 of 32 bits, the last of them set where anything below or behind it is. */
function topBits(digit: number, hasMore: boolean): number {
  return (digit >>> 11) | Number(hasMore || (digit & 0x7ff) !== 0);
}

/** Divides the five highest digits in place; returns the remainder. */
function divideDigits(top: number, divisor: number): number {
  let remainder = 0;
  for (let at = top; at >= top - 4; at--) {
    const dividend = remainder * LIMB + (digits[at] ?? 0);
    const quotient = Math.floor(dividend / divisor);
    digits[at] = quotient;
    remainder = dividend - quotient * divisor;
  }
  return remainder;
}

function unitsOfLimbs(): number[] {
  const all: number[] = [];
  for (let unit = Number.MIN_VALUE; Number.isFinite(unit); unit *= LIMB) all.push(unit);
  return all;
}
