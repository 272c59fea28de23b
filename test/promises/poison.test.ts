import { expect, test } from "vitest";
import { poisonBattery } from "./poison-battery.ts";
import { seedsOf } from "./seeds.ts";

test("P3 P4 order per id, and nothing dropped silently, whatever fails", { timeout: 600_000 }, async () => {
  for (const seed of seedsOf(2)) {
    const counts = await poisonBattery.run(seed);
    const met = ["writes", "retried", "letters", "confirmed", "merged"].filter((name) => counts[name]);
    expect([met.length, counts["seeds"], counts["lost"]]).toEqual([5, 50, 0]);
  }
});
