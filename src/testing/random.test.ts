import { describe, expect, test } from "vitest";
import { generateProducts } from "./products.ts";
import { createRandom, deriveSeed } from "./random.ts";

describe("random", () => {
  test("T4 the same seed gives the same choices, on every machine", () => {
    const random = createRandom(42);
    const first = Array.from({ length: 5 }, () => random.integer(0, 999));
    const again = createRandom(42);
    expect(Array.from({ length: 5 }, () => again.integer(0, 999))).toEqual(first);
    // Written down: another machine, or a later version, must come to the same.
    expect(first).toEqual([72, 980, 642, 478, 132]);
    expect(createRandom(43).next()).not.toBe(createRandom(42).next());
  });

  test("T4 choices are even and stay in their range", () => {
    const random = createRandom(7);
    const counts = new Map<number, number>();
    for (let draw = 0; draw < 60_000; draw++) {
      const side = random.integer(1, 6);
      counts.set(side, (counts.get(side) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(400);
    expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
    expect([random.pick([undefined]), random.pick([null]), random.pick([false])]).toEqual([
      undefined,
      null,
      false,
    ]);
    expect(() => random.pick([])).toThrow();
    const list = Array.from({ length: 50 }, (_, index) => index);
    const shuffled = random.shuffle(list);
    expect(shuffled).not.toEqual(list);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(list);
  });

  test("T4 seeds derived from different parts are independent", () => {
    const seeds = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      for (const call of ["get", "read"]) {
        for (let number = 0; number < 50; number++) seeds.add(deriveSeed(seed, call, number));
      }
    }
    expect(seeds.size).toBe(2_000);
    expect(deriveSeed(1, "a", "b")).not.toBe(deriveSeed(1, "ab"));
    expect(deriveSeed(1, 12, 3)).not.toBe(deriveSeed(1, 1, 23));
  });
});

describe("products", () => {
  test("T5 they are the same for a seed, as many as asked for", () => {
    const products = [...generateProducts(2_000, 5)];
    expect(products).toHaveLength(2_000);
    expect([...generateProducts(2_000, 5)]).toEqual(products);
    expect([...generateProducts(1, 6)]).not.toEqual(products.slice(0, 1));
    expect(new Set(products.map(({ id }) => id)).size).toBe(2_000);
    expect(new Set(products.map(({ category }) => category)).size).toBe(50);
    const lengths = products.map(({ description }) => description.length);
    const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    expect(Math.round(average / 10)).toBe(6);
    for (const { price, stock, calories, updatedAt } of products) {
      expect(Math.round(price * 100) / 100).toBe(price);
      expect(Number.isInteger(stock) && Number.isInteger(calories)).toBe(true);
      expect(updatedAt.getTime()).toBeGreaterThan(0);
    }
  });
});
