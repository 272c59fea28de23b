import { expect, test } from "vitest";
import { Arrivals } from "./arrivals.ts";
import type { RowChange } from "./row-change.ts";

const comes = (id: string): RowChange => ({ id, before: undefined, after: {} });
const leaves = (id: string): RowChange => ({ id, before: {}, after: undefined });

test("I20 a row that leaves and comes again gets a new number, also while those of the start are being noted", () => {
  const ids = Array.from({ length: 25_000 }, (_, at) => `r${at}`);
  const arrivals = new Arrivals(ids);
  expect(arrivals.step()).toBe(true);
  for (const id of ["r5", "r24000"]) {
    arrivals.dismiss([leaves(id)]);
    arrivals.admit([comes(id)]);
  }
  arrivals.dismiss([leaves("r23000")]);
  arrivals.admit([comes("new")]);
  const numbers = ["r4", "r24001", "r5", "r24000", "new", "r23000"].map((id) => arrivals.numberOf(id));
  expect(numbers).toEqual([4, 24_001, 25_000, 25_001, 25_002, -1]);
  expect(arrivals.step()).toBe(false);
});

test("I20 a row that is gone takes no room, one that changes keeps its number", () => {
  const arrivals = new Arrivals(["a", "b"]);
  arrivals.step();
  const bytes = arrivals.sizeBytes;
  const startBytes = 16;
  arrivals.admit([{ id: "a", before: {}, after: {} }]);
  arrivals.dismiss([{ id: "a", before: {}, after: {} }, leaves("b")]);
  expect(arrivals.numberOf("a")).toBe(0);
  expect(arrivals.sizeBytes - startBytes).toBe((bytes - startBytes) / 2);
});

test.each([0, 1, 9])("I20 asked for in the rows' own order, each has its number (%i steps)", (steps) => {
  const ids = Array.from({ length: 25_000 }, (_, at) => `r${at}`);
  const rows = new Set(ids);
  const arrivals = new Arrivals(ids);
  for (let step = 0; step < steps; step++) arrivals.step();
  const put = (id: string): void => {
    rows.add(id);
    arrivals.admit([comes(id)]);
  };
  const drop = (id: string): void => {
    rows.delete(id);
    arrivals.dismiss([leaves(id)]);
  };
  put("new");
  for (const id of ["r0", "r5", "r6", "r24999", "new"]) drop(id);
  for (const id of ["r24999", "other", "r5", "new"]) put(id);
  drop("other");
  drop("r24999");
  put("r24999");
  const numberOf = arrivals.inOrder();
  const numbers = [...rows].map((id) => numberOf(id));
  expect(numbers).toEqual([...rows].map((id) => arrivals.numberOf(id)));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(new Set(numbers).size).toBe(rows.size);
});

test("I20 a row that was put to the end without leaving keeps its number", () => {
  const numberOf = new Arrivals(["a", "b", "c"]).inOrder();
  expect(["b", "c", "a"].map((id) => numberOf(id))).toEqual([1, 2, 0]);
});
