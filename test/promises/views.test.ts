import { expect, test } from "vitest";
import { runViewBattery } from "./view-battery.ts";

const CHANGES = 20_000 * Number(process.env["DIORAMA_RUNS"] ?? 1);
const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test("P9 tables and values equal a recompute after every change", { timeout: 600_000 }, async () => {
  const { changes, comparisons } = await runViewBattery(seed, CHANGES);
  expect(changes).toBeGreaterThanOrEqual(CHANGES);
  expect(comparisons).toBeGreaterThan(CHANGES);
});
