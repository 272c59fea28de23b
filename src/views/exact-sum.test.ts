import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as arbitrary from "../../test/properties/arbitrary-values.ts";
import { nearestDouble, toUnits } from "../../test/properties/exact-numbers.ts";
import { runs } from "../../test/properties/runs.ts";
import { roundQuotient } from "./exact-quotient.ts";
import { ExactSum } from "./exact-sum.ts";

const finite: fc.Arbitrary<number> = fc.oneof(
  arbitrary.number.filter(Number.isFinite),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  // One bit, or nearly, anywhere.
  fc
    .tuple(fc.integer({ min: -1074, max: 1023 }), fc.constantFrom(1, -1))
    .map(([power, sign]) => sign * 2 ** power),
  fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100),
  fc.constantFrom(
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
    2 ** -1022,
    2 ** 970,
    0.5,
  ),
);

/** Numbers that come, and places in what is there at which one leaves. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ comes: finite }) },
    { weight: 1, arbitrary: fc.record({ negated: fc.nat(50) }) },
    { weight: 2, arbitrary: fc.record({ leaves: fc.nat(50) }) },
  ),
  { maxLength: 40, size: "max" },
);

const divisors = fc.oneof(
  fc.integer({ min: 1, max: 1_000 }),
  fc.integer({ min: 1, max: 2 ** 31 }),
  fc.integer({ min: 2 ** 20, max: 2 ** 27 }),
  fc.constantFrom(1, 2, 2 ** 20, 2 ** 21 - 1, 2 ** 21),
);

const sumOf = (numbers: readonly number[]): ExactSum => {
  const sum = new ExactSum();
  for (const number of numbers) sum.add(number, 1);
  return sum;
};

describe("exact sums of doubles", () => {
  test("I11 I13 sum and quotient are the nearest doubles after every step, whatever came and left", () => {
    fc.assert(
      fc.property(steps, divisors, (all, divisor) => {
        const sum = new ExactSum();
        const present: number[] = [];
        for (const step of all) {
          const at =
            "comes" in step
              ? 0
              : ("leaves" in step ? step.leaves : step.negated) % Math.max(1, present.length);
          if ("leaves" in step) {
            for (const number of present.splice(at, 1)) sum.add(number, -1);
          } else {
            const comes = "comes" in step ? step.comes : -(present[at] ?? 0);
            present.push(comes);
            sum.add(comes, 1);
          }
          const units = present.map(toUnits).reduce((one, other) => one + other, 0n);
          expect(sum.value).toBe(nearestDouble(units));
          expect(sum.dividedBy(divisor)).toBe(nearestDouble(units, BigInt(divisor)));
          expect(sum.scaled).toBe(units);
        }
      }),
      runs(1_500),
    );
  });

  test("I11 I12 any fraction is rounded to the nearest double, ties to even", () => {
    const whole = fc.oneof(
      fc.bigInt({ min: 1n, max: 2n ** 70n }),
      fc.bigInt({ min: 1n, max: 2n ** 3_200n }),
      fc
        .tuple(fc.bigInt({ min: 1n, max: 2n ** 56n }), fc.nat(2_100))
        .map(([bits, power]) => bits << BigInt(power)),
    );
    fc.assert(
      fc.property(whole, whole, fc.boolean(), (numerator, denominator, isNegative) => {
        const signed = isNegative ? -numerator : numerator;
        expect(roundQuotient(signed, denominator << 1074n)).toBe(nearestDouble(signed, denominator));
      }),
      runs(2_000),
    );
  });

  test("I11 a sum doesn't know the order, nor what has gone", () => {
    expect(sumOf([0.1, 0.2, 0.3]).value).toBe(0.6);
    expect(sumOf([0.3, 0.2, 0.1]).value).toBe(0.6);
    expect(sumOf([1e300, 1, -1e300, 1e-300]).value).toBe(1);
    const sum = sumOf([1e308, 0.1]);
    sum.add(1e308, -1);
    expect(sum.value).toBe(0.1);
  });

  test("I11 only what is beyond all doubles in the end is infinite", () => {
    const { MAX_VALUE } = Number;
    expect(sumOf([MAX_VALUE, MAX_VALUE, -MAX_VALUE]).value).toBe(MAX_VALUE);
    expect(sumOf([MAX_VALUE, MAX_VALUE]).value).toBe(Infinity);
    expect(sumOf([-MAX_VALUE, -MAX_VALUE]).value).toBe(-Infinity);
    // Half of the last bit is a tie, which goes to the even neighbour, 2^1024.
    expect(sumOf([MAX_VALUE, 2 ** 970]).value).toBe(Infinity);
    expect(sumOf([MAX_VALUE, 2 ** 970, -Number.MIN_VALUE]).value).toBe(MAX_VALUE);
    expect(sumOf([MAX_VALUE, MAX_VALUE]).dividedBy(2)).toBe(MAX_VALUE);
  });

  // A mantissa and half of its last bit on top is a tie: up for odd ones, down for even ones, or as the crumb says.
  const mantissas = [2 ** 52, 2 ** 52 + 1, 2 ** 53 - 2, 2 ** 53 - 1];
  const crumbs = [
    0,
    ...[56, 61, 66, 71, 76, 81, 86, 100, 130, 160, 400].flatMap((at) => [2 ** -at, -(2 ** -at)]),
  ];

  test.each([1, 3, 7, 1_000_001])(
    "I11 I13 what decides a tie may be far below: divided by %d, at every place of a limb",
    (divisor) => {
      // Divisor times the mantissa is no double: as often as it says, from its binary digits.
      const places = Array.from({ length: 21 }, (_, at) => 2 ** at).filter((bit) => (divisor & bit) !== 0);
      for (let power = -16; power < 16; power++) {
        for (const mantissa of mantissas) {
          const tie = [...places.map((bit) => mantissa * bit), divisor / 2];
          for (const crumb of crumbs) {
            const parts = [...tie, crumb].map((part) => part * 2 ** power);
            const units = parts.map(toUnits).reduce((one, other) => one + other);
            expect(sumOf(parts).dividedBy(divisor)).toBe(nearestDouble(units, BigInt(divisor)));
          }
        }
      }
    },
  );

  test("I11 a sum that is zero is 0, and never -0", () => {
    expect(sumOf([]).value).toBe(0);
    expect(sumOf([-0, -0]).value).toBe(0);
    expect(sumOf([0.1, -0.1]).value).toBe(0);
    expect(sumOf([0.1, -0.1]).dividedBy(3)).toBe(0);
    expect(sumOf([-Number.MIN_VALUE]).dividedBy(2)).toBe(0);
  });

  test("I11 carries that were put off are done in time, over millions of updates", () => {
    const sum = new ExactSum();
    // All bits set, so that every limb grows as fast as it can.
    const number = 2 - 2 ** -52;
    const times = 2 ** 21 + 2 ** 20;
    for (let time = 0; time < times; time++) sum.add(-number, 1);
    expect(sum.scaled).toBe(-toUnits(number) * BigInt(times));
    for (let time = 0; time < times - 1; time++) sum.add(-number, -1);
    expect(sum.value).toBe(-number);
  });

  test("I11 whole numbers beyond 2^53 add up exactly", () => {
    const { MAX_SAFE_INTEGER } = Number;
    const sum = sumOf([MAX_SAFE_INTEGER, MAX_SAFE_INTEGER, 3]);
    expect(sum.scaled).toBe(toUnits(2n ** 54n + 1n));
    sum.add(MAX_SAFE_INTEGER, -1);
    sum.add(3, -1);
    expect(sum.value).toBe(MAX_SAFE_INTEGER);
  });
});
