import { describe, expect, test } from "vitest";
import { DecimalSum } from "./decimal-sum.ts";
import { formatDecimal, parseDecimal } from "./decimal-text.ts";

function of(kind: "sum" | "avg", cells: readonly string[]): DecimalSum {
  const sum = new DecimalSum("price", kind);
  for (const [at, cell] of cells.entries()) sum.add(cell, `r${at}`);
  return sum;
}

describe("decimal text", () => {
  test("I14 is read exactly, whatever its length, and nothing else is", () => {
    expect(parseDecimal("12.30")).toEqual({ coefficient: 1230, scale: 2 });
    expect(parseDecimal("-0.05")).toEqual({ coefficient: -5, scale: 2 });
    expect(parseDecimal("-0")).toEqual({ coefficient: 0, scale: 0 });
    expect(parseDecimal("1234567890123456.7")).toEqual({ coefficient: 12345678901234567n, scale: 1 });
    for (const text of ["", "-", "+1", "1.", ".5", "1e3", "0x1", " 1", "1 ", "1_0", "1,5", "١", "NaN", "--1"])
      expect(parseDecimal(text)).toBe(undefined);
  });

  test("I14 is written with as many digits behind the point as are asked for", () => {
    expect(formatDecimal(-5, 2)).toBe("-0.05");
    expect(formatDecimal(0, 3)).toBe("0.000");
    expect(formatDecimal(-120n, 0)).toBe("-120");
    expect(formatDecimal(10n ** 30n, 30)).toBe(`1.${"0".repeat(30)}`);
  });
});

describe("sums of decimal text", () => {
  test("I14 are exact, and as long as the longest cell that is there", () => {
    expect(of("sum", []).result).toBe("0");
    expect(of("sum", ["0.10", "0.20"]).result).toBe("0.30");
    const sum = of("sum", ["12.30", "1", "-0.0005", "99999999999999999999.5"]);
    expect(sum.result).toBe("100000000000000000012.7995");
    sum.remove("-0.0005", "r2");
    expect(sum.result).toBe("100000000000000000012.80");
    sum.remove("12.30", "r0");
    expect(sum.result).toBe("100000000000000000000.5");
    sum.remove("99999999999999999999.5", "r3");
    expect(sum.result).toBe("1");
  });

  test("I14 don't lose a unit where many small ones pass 2^53", () => {
    const nines = "9".repeat(15);
    const cells = Array.from({ length: 20 }, () => nines);
    const sum = of("sum", cells);
    expect(sum.result).toBe(String(BigInt(nines) * 20n));
    for (const at of cells.slice(1).keys()) sum.remove(nines, `r${at}`);
    expect(sum.result).toBe(nines);
  });

  test("I14 a sum of nothing but zeros has no sign", () => {
    expect(of("sum", ["-0.00", "-0"]).result).toBe("0.00");
    expect(of("avg", ["-0.1", "0.1"]).result).toBe("0.0");
  });
});

describe("averages of decimal text", () => {
  test("I14 end where the quotient ends, but not before the cells do", () => {
    expect(of("avg", []).result).toBe(undefined);
    expect(of("avg", ["1.00", "2.00"]).result).toBe("1.50");
    expect(of("avg", ["1", "2"]).result).toBe("1.5");
    expect(of("avg", ["1", "3"]).result).toBe("2");
  });

  test("I14 else have sixteen digits that count, or as many as the cells, ties to even", () => {
    expect(of("avg", ["1", "1", "0"]).result).toBe("0.6666666666666667");
    expect(of("avg", ["-1", "0", "0"]).result).toBe("-0.3333333333333333");
    expect(of("avg", ["1000", "0", "0"]).result).toBe("333.3333333333333");
    expect(of("avg", ["0.000000000000000000001", "0", "0"]).result).toBe(
      `0.${"0".repeat(21)}${"3".repeat(16)}`,
    );
    expect(of("avg", ["1000000000000000.1", "1000000000000000.2"]).result).toBe("1000000000000000.2");
    expect(of("avg", ["1000000000000000.3", "1000000000000000.2"]).result).toBe("1000000000000000.2");
  });
});
