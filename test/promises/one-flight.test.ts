import { expect, test } from "vitest";
import { runOneFlight } from "./one-flight-battery.ts";

const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test("P14 ten thousand concurrent misses make one call, and a failed flight does not stick", async () => {
  expect(await runOneFlight(seed)).toEqual({ misses: 40_000, calls: 4 });
});
