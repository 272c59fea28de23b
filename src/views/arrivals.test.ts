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
  arrivals.admit([{ id: "a", before: {}, after: {} }]);
  arrivals.dismiss([{ id: "a", before: {}, after: {} }, leaves("b")]);
  expect(arrivals.numberOf("a")).toBe(0);
  expect(arrivals.sizeBytes).toBe(bytes / 2);
});
