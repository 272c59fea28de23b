import type { Value } from "../record/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { Misfits } from "./aggregate-misfits.ts";
import { formatDecimal, parseDecimal } from "./decimal-text.ts";

/** Digits that an average has at least, where it doesn't end before. */
const AVERAGE_DIGITS = 16;

/** The cells with equally many digits behind the point. */
interface ScaleSum {
  count: number;
  /** What they add up to in units of the last digit: here while that is exact in a double … */
  safe: number;
  /** … and everything beyond. */
  wide: bigint;
}

/**
 * Sum or average of a column of decimal text, in exact decimal arithmetic. A sum has as many digits behind the
 * point as the longest cell there is; an average at least as many, and more, up to 16 digits in all, where the
 * quotient needs them, ties to even.
 */
export class DecimalSum implements CellAccumulator {
  readonly #isAverage: boolean;
  readonly #misfits: Misfits;
  readonly #scales = new Map<number, ScaleSum>();
  #count = 0;

  constructor(column: string, kind: "sum" | "avg") {
    this.#isAverage = kind === "avg";
    this.#misfits = new Misfits(column, "is no decimal number that could be added up");
  }

  add(cell: Value | undefined, id: string): void {
    if (cell === undefined || cell === null) return;
    if (!this.#update(cell, 1)) this.#misfits.add(cell, id);
  }

  remove(cell: Value | undefined, id: string): void {
    if (cell === undefined || cell === null) return;
    if (!this.#update(cell, -1)) this.#misfits.remove(id);
  }

  get result(): string | undefined {
    this.#misfits.check();
    if (this.#isAverage) return this.#count === 0 ? undefined : this.#average();
    const [only] = this.#scales;
    if (only === undefined) return "0";
    const [scale, { safe, wide }] = only;
    if (this.#scales.size === 1 && wide === 0n) return formatDecimal(safe, scale);
    const longest = this.#longest();
    return formatDecimal(this.#total(longest), longest);
  }

  #update(cell: Value, sign: 1 | -1): boolean {
    const decimal = typeof cell === "string" ? parseDecimal(cell) : undefined;
    if (decimal === undefined) return false;
    const { coefficient, scale } = decimal;
    let sum = this.#scales.get(scale);
    if (sum === undefined) {
      sum = { count: 0, safe: 0, wide: 0n };
      this.#scales.set(scale, sum);
    }
    this.#count += sign;
    sum.count += sign;
    if (sum.count === 0) this.#scales.delete(scale);
    else addTo(sum, coefficient, sign);
    return true;
  }

  #longest(): number {
    let longest = 0;
    for (const scale of this.#scales.keys()) longest = Math.max(longest, scale);
    return longest;
  }

  /** The whole sum in units of 10^-scale. */
  #total(scale: number): bigint {
    let total = 0n;
    for (const [own, { safe, wide }] of this.#scales)
      total += (wide + BigInt(safe)) * 10n ** BigInt(scale - own);
    return total;
  }

  #average(): string {
    const longest = this.#longest();
    const total = this.#total(longest);
    const count = BigInt(this.#count);
    const scale = Math.max(longest, AVERAGE_DIGITS - (quotientDigits(total, count) - longest));
    const average = divideToEven(total * 10n ** BigInt(scale - longest), count);
    return withoutZeros(average, scale, longest);
  }
}

function addTo(sum: ScaleSum, coefficient: number | bigint, sign: 1 | -1): void {
  if (typeof coefficient === "bigint") {
    sum.wide += sign === 1 ? coefficient : -coefficient;
    return;
  }
  const safe = sum.safe + sign * coefficient;
  if (Number.isSafeInteger(safe)) sum.safe = safe;
  else {
    sum.wide += BigInt(sum.safe) + BigInt(sign * coefficient);
    sum.safe = 0;
  }
}

/** How many digits the whole part of a quotient has; none or less where it is below one. */
function quotientDigits(dividend: bigint, divisor: bigint): number {
  const difference = digitCount(dividend) - digitCount(divisor);
  const size = dividend < 0n ? -dividend : dividend;
  const isLonger =
    difference < 0
      ? size * 10n ** BigInt(-difference) >= divisor
      : size >= divisor * 10n ** BigInt(difference);
  return isLonger ? difference + 1 : difference;
}

function digitCount(whole: bigint): number {
  return String(whole < 0n ? -whole : whole).length;
}

function divideToEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const rest = dividend - quotient * divisor;
  const twice = 2n * (rest < 0n ? -rest : rest);
  const goesOn = twice > divisor || (twice === divisor && (quotient & 1n) === 1n);
  if (!goesOn) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

/** Without the zeros at the end that say nothing, down to the least scale. */
function withoutZeros(coefficient: bigint, scale: number, least: number): string {
  const text = formatDecimal(coefficient, scale);
  if (scale === least) return text;
  let end = text.length;
  const shortest = end - (scale - least);
  while (end > shortest && text.charAt(end - 1) === "0") end--;
  return text.charAt(end - 1) === "." ? text.slice(0, end - 1) : text.slice(0, end);
}
