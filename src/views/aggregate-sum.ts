import type { Value } from "../record/index.ts";
import type { CellAccumulator } from "./aggregate-contract.ts";
import { Misfits } from "./aggregate-misfits.ts";
import { roundQuotient } from "./exact-quotient.ts";
import { ExactSum } from "./exact-sum.ts";

const SCALE = 1074n;

/**
 * Sum or average of a column of numbers and bigints. The exact sum is what counts, however it came about:
 * a bigint where any cell is one and all are whole, else the nearest number. NaN and infinities are kept apart,
 * so that the rest is still there when they have gone.
 */
export class NumberSum implements CellAccumulator {
  readonly #isAverage: boolean;
  readonly #misfits: Misfits;
  readonly #finite = new ExactSum();
  #count = 0;
  /** Finite numbers that aren't whole. */
  #fractions = 0;
  #bigints = 0;
  #bigintSum = 0n;
  #nans = 0;
  #positiveInfinities = 0;
  #negativeInfinities = 0;

  constructor(column: string, kind: "sum" | "avg") {
    this.#isAverage = kind === "avg";
    this.#misfits = new Misfits(column, "can't be added up");
  }

  add(cell: Value | undefined, id: string): void {
    if (typeof cell === "number") this.#update(cell, 1);
    else if (typeof cell === "bigint") this.#updateBigint(cell, 1);
    else if (cell !== undefined && cell !== null) this.#misfits.add(cell, id);
  }

  remove(cell: Value | undefined, id: string): void {
    if (typeof cell === "number") this.#update(cell, -1);
    else if (typeof cell === "bigint") this.#updateBigint(-cell, -1);
    else if (cell !== undefined && cell !== null) this.#misfits.remove(id);
  }

  get result(): number | bigint | undefined {
    this.#misfits.check();
    if (this.#isAverage && this.#count === 0) return undefined;
    const extreme = this.#extreme();
    if (extreme !== undefined) return extreme;
    if (this.#bigints > 0) return this.#mixedResult();
    return this.#isAverage ? this.#finite.dividedBy(this.#count) : this.#finite.value;
  }

  #update(cell: number, sign: 1 | -1): void {
    this.#count += sign;
    if (Number.isFinite(cell)) {
      this.#finite.add(cell, sign);
      if (!Number.isInteger(cell)) this.#fractions += sign;
    } else if (cell > 0) this.#positiveInfinities += sign;
    else if (cell < 0) this.#negativeInfinities += sign;
    else this.#nans += sign;
  }

  #updateBigint(difference: bigint, sign: 1 | -1): void {
    this.#count += sign;
    this.#bigints += sign;
    this.#bigintSum += difference;
  }

  /** What NaN and infinities make of any sum. */
  #extreme(): number | undefined {
    if (this.#nans > 0 || (this.#positiveInfinities > 0 && this.#negativeInfinities > 0)) return Number.NaN;
    if (this.#positiveInfinities > 0) return Infinity;
    return this.#negativeInfinities > 0 ? -Infinity : undefined;
  }

  #mixedResult(): number | bigint {
    if (!this.#isAverage) {
      if (this.#bigints === this.#count) return this.#bigintSum;
      if (this.#fractions === 0) return this.#bigintSum + (this.#finite.scaled >> SCALE);
    }
    const scaled = (this.#bigintSum << SCALE) + this.#finite.scaled;
    const divisor = this.#isAverage ? BigInt(this.#count) : 1n;
    return roundQuotient(scaled, divisor << SCALE);
  }
}
