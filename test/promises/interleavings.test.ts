import { expect, test } from "vitest";
import { runInterleavings } from "./interleavings-battery.ts";

const COUNT = Math.ceil(1_000 * Number(process.env["DIORAMA_RUNS"] ?? 1));
const seed = Number(process.env["DIORAMA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test(
  "P11 whatever overtakes whatever, nothing older replaces what came later, and nothing calls back after close",
  { timeout: 600_000 },
  async () => {
    const { interleavings, turns, closes } = await runInterleavings(seed, COUNT);
    expect(interleavings).toBe(COUNT);
    expect(turns).toBeGreaterThan(5 * COUNT);
    expect(closes).toBeGreaterThan(COUNT / 4);
  },
);

// Failed once: a change told without its row, read while a write of the row was confirmed, was forgotten.
test("P11 D29 the first 66 interleavings of seed 385770528", async () => {
  expect((await runInterleavings(385_770_528, 66)).interleavings).toBe(66);
});
