import { expect, test } from "vitest";
import { OrderIndex } from "./order-index.ts";

test("I3 a batch of rows that all come behind the others tells the rank of the first of them", () => {
  const index = new OrderIndex([{ column: "n", direction: "asc", nulls: "last" }]);
  const batch = (from: number): number =>
    index.applyBatch(
      Array.from({ length: 200 }, (_, at) => ({
        id: `r${from + at}`,
        before: undefined,
        after: { n: from + at },
      })),
    );
  expect(batch(0)).toBe(0);
  expect(batch(200)).toBe(200);
});
