import { Lens, memory } from "vantage-diorama";
import { createFaultySource } from "vantage-diorama/testing";
import { expect, test } from "vitest";

const MISSES = 10_000;

test("P14 ten thousand concurrent misses make one call, and a failed flight does not stick", async () => {
  const rows = Array.from({ length: 100 }, (_, n) => ({ id: `r${n}`, n }));
  const source = createFaultySource(
    memory("rows", { id: "id", rows, capabilities: { canMatch: false, canFilter: false } }).source,
    {
      latencyMs: [5, 5],
    },
  );
  const lens = await Lens.builder().build();
  const dio = await lens.makeDio(source);
  const many = <T>(work: () => Promise<T>): Promise<PromiseSettledResult<T>[]> =>
    Promise.allSettled(Array.from({ length: MISSES }, work));

  source.failNext("get", new Error("down"));
  const failed = await many(() => dio.vista().get("r1"));
  expect(new Set(failed.map((result) => result.status))).toEqual(new Set(["rejected"]));
  expect(source.calls("get")).toBe(1);
  const found = await many(() => dio.vista().get("r1"));
  expect(found.every((result) => result.status === "fulfilled" && result.value?.n === 1)).toBe(true);
  expect(source.calls("get")).toBe(2);

  source.failNext("read", new Error("down"));
  const refused = await many(() => dio.vista().where("n", "<", 50).count());
  expect(refused.every((result) => result.status === "rejected")).toBe(true);
  expect(source.calls("read")).toBe(1);
  const counted = await many(() => dio.vista().where("n", "<", 50).count());
  expect(counted.every((result) => result.status === "fulfilled" && result.value === 50)).toBe(true);
  expect(source.calls("read")).toBe(2);
  await lens.close();
});
