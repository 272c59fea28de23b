import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { Row } from "../record/index.ts";
import { estimateRowsBytes } from "./rows-size.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapAfter(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const word = (n: number): string => `${n} ${"x".repeat(n % 30)}`.slice(0);

const makers: Readonly<Record<string, (n: number) => Row>> = {
  narrow: (n) => ({ n, price: n / 7 }),
  texts: (n) => ({ id: `row ${n}`, name: word(n), note: word(n * 3), at: new Date(n) }),
  nested: (n) => ({ n, tags: [word(n), word(n + 1)], place: { x: n / 3, y: n / 5 }, big: BigInt(n) }),
};

test.for(Object.keys(makers))("D37 what %s rows take is told within a factor of two", (name) => {
  const make = makers[name] ?? (() => ({}));
  const rows = new Map<string, Row>();
  const before = heapAfter();
  for (let n = 0; n < 20_000; n++) rows.set(`key ${n}`, make(n));
  const taken = heapAfter() - before;
  const estimate = estimateRowsBytes(rows, rows.size);
  expect(estimate / taken).toBeGreaterThan(0.5);
  expect(estimate / taken).toBeLessThan(2);
  expect(rows.size).toBe(20_000);
});

test("D37 no rows take nothing, and a look is as cheap for many as for few", () => {
  expect(estimateRowsBytes([], 0)).toBe(0);
  let seen = 0;
  function* many(): Generator<readonly [string, Row]> {
    for (;;) yield [`key ${seen++}`, { n: 1 }];
  }
  expect(estimateRowsBytes(many(), 1_000_000)).toBeGreaterThan(1_000_000);
  expect(seen).toBeLessThan(1_000);
});
