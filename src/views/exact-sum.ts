import { ExactLimbs } from "./exact-limbs.ts";

/**
 * The sum of finite numbers without any rounding, whatever comes and goes in whatever order; rounded once, when it
 * is read. A sum that is zero is 0, never -0.
 */
export class ExactSum {
  /** Whole numbers, as long as what they add up to is exact in a double: nearly always all there is. */
  #whole = 0;
  /** Everything else. */
  #limbs: ExactLimbs | undefined;

  /** Adds a finite number, or takes it away. */
  add(value: number, sign: 1 | -1): void {
    const whole = this.#whole + sign * value;
    if (Number.isSafeInteger(value) && Number.isSafeInteger(whole)) this.#whole = whole;
    else this.#addWide(value, sign);
  }

  /** The nearest double, ties to even; an infinity only where the exact sum is beyond all doubles. */
  get value(): number {
    if (this.#limbs === undefined) return this.#whole;
    return this.#gathered(this.#limbs).rounded();
  }

  /** The nearest double to the exact sum divided by a positive whole number. */
  dividedBy(divisor: number): number {
    if (this.#limbs === undefined) return this.#whole / divisor;
    return this.#gathered(this.#limbs).dividedBy(divisor);
  }

  /** The exact sum times 2^1074. */
  get scaled(): bigint {
    const whole = BigInt(this.#whole) << 1074n;
    return this.#limbs === undefined ? whole : this.#limbs.scaled() + whole;
  }

  #addWide(value: number, sign: 1 | -1): void {
    this.#limbs ??= new ExactLimbs();
    this.#limbs.add(value, sign);
  }

  #gathered(limbs: ExactLimbs): ExactLimbs {
    if (this.#whole !== 0) limbs.add(this.#whole, 1);
    this.#whole = 0;
    return limbs;
  }
}
